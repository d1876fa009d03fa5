"""A producer whose place another takes after a fault: everything is written, in order, at worst twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    OutOfOrderSequenceNumber,
    TopicAuthorizationFailedError,
)

from streams.live.broker.connection import Connection
from streams.live.broker.in_flight import InFlight
from streams.live.broker.outages import BrokerWatch
from streams.live.exchange import lasting_producer
from streams.live.exchange.lasting_producer import LastingProducer
from streams.settings.kafka_settings import KafkaSettings

pytestmark = pytest.mark.asyncio
CONNECTION = Connection(KafkaSettings(), None, None, None)


class Log:
    """In memory."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, event: str, **more: Any) -> None:
        self.said.append(event)


class Topic:
    """Makes producers. Each message meets the next fault of the list, until none is left."""

    def __init__(self, *faults: Exception | None, refuses: Sequence[Exception] = ()) -> None:
        self.faults = list(faults)
        self.refuses = list(refuses)
        """What the next attempts to connect meet."""
        self.written: list[bytes] = []
        self.producers = 0

    def __call__(self, **_: Any) -> "OneProducer":
        self.producers += 1
        return OneProducer(self)


class OneProducer:
    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.broken: Exception | None = None

    async def start(self) -> None:
        if self.topic.refuses:
            raise self.topic.refuses.pop(0)

    async def stop(self) -> None: ...

    async def send(self, name: str, value: bytes) -> "asyncio.Future[None]":
        fault = self.topic.faults.pop(0) if self.topic.faults else None
        if isinstance(fault, KafkaTimeoutError):
            raise fault
        self.broken = self.broken or fault
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.broken is not None:
            sent.set_exception(self.broken)
        else:
            self.topic.written.append(value)
            sent.set_result(None)
        return sent


async def written(monkeypatch: pytest.MonkeyPatch, topic: Topic, log: Log) -> list[bytes]:
    monkeypatch.setattr(lasting_producer, "AIOKafkaProducer", topic)
    monkeypatch.setattr(lasting_producer, "_AGAIN_S", 0.0)
    producer = LastingProducer(CONNECTION, "test", BrokerWatch(CONNECTION, log), log)
    await producer.start()

    async def write() -> None:
        in_flight = InFlight()
        for value in (b"1", b"2", b"3"):
            await in_flight.add(producer.send("topic", value))
        await in_flight.settled()

    async with asyncio.timeout(30):
        await producer.insist(write)
    return topic.written


async def test_given_no_room_in_a_batch_then_the_message_is_sent_once_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic, log = Topic(None, KafkaTimeoutError(), KafkaTimeoutError()), Log()
    assert await written(monkeypatch, topic, log) == [b"1", b"2", b"3"]
    assert (topic.producers, log.said) == (1, [])


async def test_given_a_producer_that_refuses_all_further_messages_then_another_writes_them_all_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic, log = Topic(None, OutOfOrderSequenceNumber()), Log()
    assert await written(monkeypatch, topic, log) == [b"1", b"1", b"2", b"3"]
    assert (topic.producers, log.said) == (2, ["written again"])


async def test_given_no_right_to_write_then_it_does_not_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    topic, log = Topic(TopicAuthorizationFailedError("topic")), Log()
    with pytest.raises(TopicAuthorizationFailedError):
        await written(monkeypatch, topic, log)
    assert topic.producers == 1


async def test_given_brokers_that_go_away_before_it_connects_then_it_waits_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lasting_producer, "_AGAIN_S", 0.0)
    topic = Topic(refuses=[KafkaConnectionError(), KafkaConnectionError()])
    assert await written(monkeypatch, topic, Log()) == [b"1", b"2", b"3"]
    assert topic.producers == 3


async def test_given_a_fault_that_does_not_pass_when_it_connects_then_it_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = Topic(refuses=[TopicAuthorizationFailedError()])
    with pytest.raises(TopicAuthorizationFailedError):
        await written(monkeypatch, topic, Log())
