"""Snapshots on a real topic: the newest whole one is found from the end, however much was overwritten before it."""

import pytest
from aiokafka import AIOKafkaProducer

from streams.live.broker.connection import Connection, producer_arguments
from streams.live.broker.topic_admin import create_topics
from streams.live.state.snapshots import Snapshots, manifest, messages_of
from streams.settings.kafka_settings import KafkaSettings

pytestmark = pytest.mark.asyncio


async def test_given_many_snapshots_and_one_cut_off_then_the_newest_whole_one_is_found(
    kafka: str, topic_prefix: str
) -> None:
    connection = Connection(
        KafkaSettings(bootstrap_servers=kafka, topic_prefix=topic_prefix), None, None, None
    )
    await create_topics(connection, topic_prefix)
    async with AIOKafkaProducer(**producer_arguments(connection, "test")) as producer:
        snapshots = Snapshots(connection, producer)
        assert await snapshots.newest(1_000) is None
        for offset in range(1, 6):
            chunks = [b"%d/%d" % (offset, number) for number in range(40 * offset)]
            await snapshots.write(manifest(offset, chunks, "settings", "1", "now"), chunks)
        for before, offset in ((1_000, 5), (5, 4)):
            found = await snapshots.newest(before)
            assert found is not None
            assert (found.manifest.frame_offset, len(found.chunks)) == (offset, 40 * offset)
        # both slots have been written anew since the first three
        assert await snapshots.newest(4) is None
        # a worker that died in the middle of the slot of 4
        chunks = [b"torn"] * 70
        for key, chunk in list(messages_of(manifest(6, chunks, "settings", "1", "now"), chunks, 1))[:-1]:
            await producer.send_and_wait(f"{topic_prefix}snapshots.v1", chunk, key=key.encode())
        found = await snapshots.newest(1_000)
        assert found is not None and found.manifest.frame_offset == 5
        chunks = [b"whole"]
        await snapshots.write(manifest(7, chunks, "settings", "1", "now"), chunks)
        found = await snapshots.newest(1_000)
        assert found is not None and found.chunks == chunks
        found = await snapshots.newest(7)
        assert found is not None and found.manifest.frame_offset == 5
