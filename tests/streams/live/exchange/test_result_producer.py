"""What is written about an alert: on which topics, under which key, with which headers."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert, Severity
from schemas.networks import Lifecycle, NetworkSnapshot
from schemas.service.alert_headers import ALERT_HEADERS
from streams.live.exchange.result_producer import ResultProducer
from tests.streams.outputs.test_brief_alert import raised, shared

pytestmark = pytest.mark.asyncio


@dataclass
class Written:
    topic: str
    key: str
    value: bytes | None
    headers: dict[str, str]


@dataclass
class ProducerInMemory:
    """Takes what is sent to a broker."""

    written: list[Written] = field(default_factory=list)

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes, headers: list[tuple[str, bytes]]
    ) -> "asyncio.Future[None]":
        names = {name: content.decode() for name, content in headers}
        assert len(names) == len(headers)
        self.written.append(Written(topic.removeprefix("lockstep."), key.decode(), value, names))
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def on(self, topic: str) -> list[Written]:
        return [message for message in self.written if message.topic == topic]


async def written(*alerts: Alert, expired: tuple[str, ...] = ()) -> ProducerInMemory:
    producer = ProducerInMemory()
    await ResultProducer(producer, "lockstep.").write_alerts(alerts, expired)
    return producer


def alert(**fields: Any) -> Alert:
    samples = [shared(f"object{number}", *(f"{n}" for n in range(25))) for number in range(12)]
    fields = {"network_id": "net-a", "platforms": ["web", "x"], "revision": 3} | fields
    return msgspec.structs.replace(raised(*samples), **fields)


async def test_given_an_alert_then_its_network_is_the_key_and_both_topics_of_alerts_say_the_same() -> None:
    producer = await written(alert())
    (every,), (latest,) = producer.on("alerts.v1"), producer.on("alerts-latest.v1")
    assert every.key == latest.key == "net-a"
    assert every.value == latest.value
    assert every.headers == latest.headers


async def test_given_an_alert_then_the_headers_say_what_is_in_it() -> None:
    producer = await written(alert(severity=Severity.HIGH, covertness=0.5, lifecycle=Lifecycle.UPDATED))
    (message,) = producer.on("alerts.v1")
    assert message.headers == {
        "lockstep-severity": "high",
        "lockstep-lifecycle": "updated",
        "lockstep-covert": "suspected",
        "lockstep-platforms": "web,x",
        "lockstep-network-id": "net-a",
        "lockstep-revision": "3",
        "lockstep-schema": "1",
    }
    assert list(message.headers) == [header.name for header in ALERT_HEADERS]


@pytest.mark.parametrize(
    ("covertness", "said"), [(None, "not_assessed"), (0.4999, "not_suspected"), (0.5, "suspected")]
)
async def test_the_header_of_covertness_tells_low_from_unknown(covertness: float | None, said: str) -> None:
    producer = await written(alert(covertness=covertness))
    (message,) = producer.on("alerts.v1")
    assert message.headers["lockstep-covert"] == said


async def test_given_many_samples_then_the_alert_has_some_and_the_network_of_its_revision_has_all() -> None:
    full = alert()
    producer = await written(full)
    (message,), (snapshot,) = producer.on("alerts.v1"), producer.on("networks.v1")
    assert message.value is not None
    assert snapshot.value is not None
    short = msgspec.json.decode(message.value, type=Alert)
    network = msgspec.json.decode(snapshot.value, type=NetworkSnapshot)
    assert (network.network_id, network.revision) == (short.network_id, short.revision)
    assert network.evidence == full.evidence
    assert len(short.evidence) + short.evidence_left_out == len(network.evidence)
    assert len(message.value) < 8_000 < len(snapshot.value)


async def test_given_a_merged_network_then_its_last_alert_is_deleted_from_the_latest_and_no_other_is() -> (
    None
):
    closing = alert(lifecycle=Lifecycle.ABSORBED, successor_id="net-b")
    heir = alert(network_id="net-b", lifecycle=Lifecycle.MERGED, predecessor_ids=["net-a"])
    producer = await written(closing, heir)
    assert [(message.key, message.value is None) for message in producer.on("alerts-latest.v1")] == [
        ("net-a", False),
        ("net-a", True),
        ("net-b", False),
    ]
    assert all(message.value is not None for message in producer.on("alerts.v1"))
    (snapshot, _) = producer.on("networks.v1")
    assert snapshot.value is not None
    assert msgspec.json.decode(snapshot.value, type=NetworkSnapshot).successor_ids == ["net-b"]


async def test_given_a_network_closed_long_ago_then_only_its_latest_alert_is_deleted() -> None:
    producer = await written(expired=("net-c",))
    assert [(m.topic, m.key, m.value) for m in producer.written] == [("alerts-latest.v1", "net-c", None)]
