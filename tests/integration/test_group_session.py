"""A worker that could never join its group says so, and the check leaves nothing behind."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.live.broker.broker_check import BrokerError
from streams.live.broker.connection import Connection
from streams.live.broker.group_session import require_session_timeout
from streams.settings.kafka_settings import KafkaSettings

pytestmark = pytest.mark.asyncio


async def test_given_a_session_timeout_that_brokers_do_not_accept_then_it_is_reported(
    kafka: str, topic_prefix: str
) -> None:
    connection = Connection(KafkaSettings(bootstrap_servers=kafka), None, None, None)
    group = f"{topic_prefix}ingest"
    await require_session_timeout(connection, group, 3.0)
    for seconds in (0.5, 1_801.0):
        with pytest.raises(BrokerError, match=rf"session_timeout_s = {seconds:g}\.") as said:
            await require_session_timeout(connection, group, seconds)
        assert "group.min.session.timeout.ms" in str(said.value)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        assert group not in {name for name, *_ in await admin.list_consumer_groups()}
    finally:
        await admin.close()


async def test_given_no_broker_then_that_is_reported() -> None:
    connection = Connection(KafkaSettings(bootstrap_servers="127.0.0.1:1"), None, None, None)
    with pytest.raises(BrokerError, match=r"asking about session timeouts: 127\.0\.0\.1:1"):
        await require_session_timeout(connection, "lockstep.ingest", 3.0)
