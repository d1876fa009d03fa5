"""A broker in memory, and a dump to publish."""

from pathlib import Path

import pytest

from streams.live.broker.outages import BrokerWatch
from streams.live.exchange import lasting_producer
from streams.live.publishing import publish
from tests.streams.live.publishing.broker_in_memory import STEP, Broker, Workers
from tests.streams.small_world import small_world, write_jsonl


async def waits(watch: BrokerWatch) -> None:
    """The broker in memory can always be reached."""


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(lasting_producer, "AIOKafkaProducer", made)
    monkeypatch.setattr(BrokerWatch, "run", waits)
    monkeypatch.setattr(publish, "AIOKafkaConsumer", Workers(made))
    return made


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of two steps and a half."""
    rows = small_world(objects=0, others=STEP // 4)[: STEP * 5 // 2]
    assert len(rows) == STEP * 5 // 2
    return write_jsonl(tmp_path_factory.mktemp("dump") / "posts.jsonl", rows)
