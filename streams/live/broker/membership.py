"""Whether a consumer is still a member of its group. Brokers remove a member of which they hear nothing."""

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError


async def still_member(consumer: AIOKafkaConsumer) -> bool:
    """Ask the group now rather than at the next heartbeat. A consumer that is none any more joins again at once."""
    coordinator = consumer._coordinator
    if coordinator.generation <= 0 or coordinator._rejoin_needed_fut.done():
        return False
    try:
        return bool(await coordinator._do_heartbeat()) and not coordinator._rejoin_needed_fut.done()
    except KafkaError:
        return False
