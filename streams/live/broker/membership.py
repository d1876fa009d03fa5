"""Whether a consumer is still a member of its group. Brokers remove a member of which they hear nothing."""

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import BrokerNotAvailableError, KafkaError
from aiokafka.protocol.group import LeaveGroupRequest

_HEARTBEAT_S = 0.5
"""Seconds between two heartbeats at most. A member learns only by them that another one has left, so this is half of
what a handover waits for. Chosen, not measured: brokers are made for thousands of members with one every 3 s."""
_LEAVING_S = 5.0
"""Seconds for leaving as a former member. Chosen, not measured: otherwise the group waits for it for a session."""
_LOOK_EVERY_S = 0.05
"""Seconds between two looks for an assignment. Chosen, not measured."""


def heartbeat_s(session_timeout_s: float) -> float:
    """Seconds between two heartbeats of a member that may be silent for `session_timeout_s`."""
    return min(_HEARTBEAT_S, session_timeout_s / 4)


async def still_member(consumer: AIOKafkaConsumer) -> bool:
    """Ask the group now rather than at the next heartbeat. A consumer that is none any more joins again at once."""
    coordinator = consumer._coordinator
    subscription = coordinator._subscription.subscription
    if subscription is None or subscription.assignment is None:
        return False
    if coordinator.generation <= 0 or coordinator._rejoin_needed_fut.done():
        return False
    try:
        return bool(await coordinator._do_heartbeat()) and not coordinator._rejoin_needed_fut.done()
    except KafkaError:
        return False


def member_id(consumer: AIOKafkaConsumer) -> str:
    """The id of a consumer in its group; empty: it is in none."""
    found: str = consumer._coordinator.member_id if consumer._coordinator is not None else ""
    return found


async def leave_as(consumer: AIOKafkaConsumer, former: str) -> None:
    """Leave the group as the member that a consumer of this process was before an outage.

    Args:
        consumer: started and not subscribed.
        former: id of that member; empty: there is none.

    Raises:
        BrokerNotAvailableError: the cluster has no broker yet.
    """
    if not former:
        return
    coordinator = consumer._coordinator
    if consumer._client.get_random_node() is None:
        raise BrokerNotAvailableError
    try:
        async with asyncio.timeout(_LEAVING_S):
            await coordinator.ensure_coordinator_known()
            await coordinator._send_req(LeaveGroupRequest(coordinator.group_id, former))
    except (KafkaError, TimeoutError):
        pass  # then the group notices it by itself


async def until_assigned(consumer: AIOKafkaConsumer) -> None:
    """Wait until the group has given a consumer its share.

    Raises:
        aiokafka.errors.KafkaError: the group has a fault, such as no right to be in it.
    """
    coordinator = consumer._coordinator
    while coordinator._subscription.subscription.assignment is None:
        coordinator.check_errors()
        await asyncio.sleep(_LOOK_EVERY_S)


async def leave_for_good(consumer: AIOKafkaConsumer) -> None:
    """Leave the group without closing the consumer, which can do nothing more afterwards."""
    coordinator = consumer._coordinator
    for task in (coordinator._coordination_task, coordinator._heartbeat_task):
        if task is not None:
            task.cancel()  # it would join again
    await coordinator._maybe_leave_group()
