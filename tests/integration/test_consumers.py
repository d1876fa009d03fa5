"""What a consumer of alerts finds on the topics: keys, headers, sizes, deletions, and where the rest of an alert is."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.alerts import Alert
from schemas.networks import Lifecycle, NetworkSnapshot
from schemas.service.topic import Topic
from schemas.service.topics import ALERTS, ALERTS_LATEST, NETWORKS
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import LIMIT_S, Service, Watcher
from tests.integration.worlds import World

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

SCRIPT = Path(__file__).parents[2] / "examples" / "read_alerts.py"
LATER_DAYS = 150
"""After so many days without posts, evidence is forgotten (60 days), networks are resolved (30) and deleted (30)."""


def command(service: Service, *options: str) -> tuple[list[str], dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if name != "LOCKSTEP_KAFKA"}
    return [sys.executable, str(SCRIPT), "--config", str(service.config), *options], environment


def read(service: Service, *options: str) -> tuple[list[str], str]:
    """The lines of `examples/read_alerts.py`, and what it said beside them."""
    arguments, environment = command(service, *options)
    done = subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def followed_until_interrupted(service: Service) -> tuple[int, list[str], str]:
    """Status, lines and words of `read_alerts.py --follow` that gets a Ctrl-C once it waits."""
    arguments, environment = command(service, "--follow")
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        return process.returncode, out.splitlines(), said + err
    finally:
        process.kill()
        process.wait()


async def records(service: Service, topic: Topic) -> list[ConsumerRecord]:
    """All records of a topic, in the order of each partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap)
    await consumer.start()
    try:
        parts = [
            TopicPartition(topic.full_name(service.prefix), number) for number in range(topic.partitions)
        ]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(LIMIT_S):
            while any([await consumer.position(part) < end for part, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
        return found
    finally:
        await consumer.stop()


def compacted(messages: list[ConsumerRecord]) -> dict[str, ConsumerRecord]:
    """What compaction leaves: the last message of each key, if it has a value."""
    last = {message.key.decode(): message for message in messages}
    return {key: message for key, message in last.items() if message.value is not None}


def alert_of(message: ConsumerRecord) -> Alert:
    return msgspec.json.decode(message.value, type=Alert)


async def judged(service: Service) -> None:
    async with Watcher(service) as watcher:
        await watcher.until_done()


def posts_much_later(world: World, folder: Path) -> Path:
    """Two posts of ordinary accounts: the world goes on, and its networks are quiet."""
    lines = gzip.open(world.inputs[0]).read().splitlines()
    chosen = [json.loads(lines[0]), json.loads(lines[-1])]
    last = datetime.fromisoformat(chosen[-1]["created_at"])
    path = folder / "later.jsonl"
    with path.open("w") as file:
        for number, post in enumerate(chosen):
            at = last + timedelta(days=LATER_DAYS + number)
            later = {
                "post_id": f"later-{number}",
                "platform": post["platform"],
                "account_id": post["account_id"],
                "created_at": at.isoformat().replace("+00:00", "Z"),
                "text": f"good morning {number}",
            }
            file.write(json.dumps(later) + "\n")
    return path


async def test_given_a_covert_world_then_a_consumer_needs_one_record_a_network_and_its_headers(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    service = service_of()
    lines, said = await asyncio.to_thread(read, service)
    assert (lines, "no worker has said how far it is" in said) == ([], True)

    service.lockstep("publish", *diaspora_press.inputs, *diaspora_press.references, "--end", "--no-progress")
    service.start_worker()
    await judged(service)

    every = await records(service, ALERTS)
    latest = compacted(await records(service, ALERTS_LATEST))
    networks = compacted(await records(service, NETWORKS))
    headers_say_what_alerts_say(every)
    headers_say_what_alerts_say(list(latest.values()))
    newest_of_each_network_that_lives(every, latest)
    alerts_are_short_and_the_rest_is_on_the_topic_of_networks(every, latest, networks)
    await the_example_shows(service, latest)

    later = posts_much_later(diaspora_press, tmp_path)
    service.lockstep("publish", later, "--end", "--no-progress")
    await judged(service)

    messages = await records(service, ALERTS_LATEST)
    assert {alert_of(message).lifecycle for message in messages if message.value} >= {Lifecycle.RESOLVED}
    assert compacted(messages) == {}
    assert set(latest) <= {alert_of(m).network_id for m in await records(service, ALERTS)}
    lines, said = await asyncio.to_thread(read, service)
    assert lines == []
    assert "no network is open" in said
    assert service.stop() == [0], service.logs()


def headers_say_what_alerts_say(messages: list[ConsumerRecord]) -> None:
    assert messages
    for message in messages:
        alert = alert_of(message)
        covert = "not_assessed" if alert.covertness is None else "not_suspected"
        if alert.covertness is not None and alert.covertness >= 0.5:
            covert = "suspected"
        assert message.key.decode() == alert.network_id
        assert dict(message.headers) == {
            "lockstep-severity": alert.severity.value.encode(),
            "lockstep-lifecycle": alert.lifecycle.value.encode(),
            "lockstep-covert": covert.encode(),
            "lockstep-platforms": ",".join(alert.platforms).encode(),
            "lockstep-network-id": alert.network_id.encode(),
            "lockstep-revision": str(alert.revision).encode(),
            "lockstep-schema": b"1",
        }
    assert any(dict(message.headers)["lockstep-covert"] == b"suspected" for message in messages)


def newest_of_each_network_that_lives(every: list[ConsumerRecord], latest: dict[str, ConsumerRecord]) -> None:
    revisions: dict[str, list[Alert]] = defaultdict(list)
    for message in every:
        revisions[message.key.decode()].append(alert_of(message))
    merged = {key for key, alerts in revisions.items() if any(alert.successor_id for alert in alerts)}
    assert latest.keys() == revisions.keys() - merged
    for key, message in latest.items():
        assert alert_of(message) == max(revisions[key], key=lambda alert: alert.revision)
    assert len(every) > len(latest) > 5


def alerts_are_short_and_the_rest_is_on_the_topic_of_networks(
    every: list[ConsumerRecord], latest: dict[str, ConsumerRecord], networks: dict[str, ConsumerRecord]
) -> None:
    assert median(len(message.value) for message in every) <= 8_000
    for key, message in latest.items():
        alert = alert_of(message)
        network = msgspec.json.decode(networks[key].value, type=NetworkSnapshot)
        assert (network.revision, network.member_count) == (alert.revision, alert.member_count)
        assert [member.account_id for member in network.members] == [who.account_id for who in alert.members]
        assert all(signal in network.signals for signal in alert.signals)
        assert len(network.evidence) == len(alert.evidence) + alert.evidence_left_out
        for sample in alert.evidence:
            assert any(
                (full.kind, full.observed) == (sample.kind, sample.observed)
                and full.object.startswith(sample.object)  # an alert says once whose an original is
                and full.account_ids[: len(sample.account_ids)] == sample.account_ids
                for full in network.evidence
            )
    assert any(alert_of(message).evidence_left_out for message in latest.values())


async def the_example_shows(service: Service, latest: dict[str, ConsumerRecord]) -> None:
    lines, said = await asyncio.to_thread(read, service)
    assert ({line.split()[2] for line in lines}, said) == (latest.keys(), "")
    suspected = {k for k, m in latest.items() if dict(m.headers)["lockstep-covert"] == b"suspected"}
    lines, _ = await asyncio.to_thread(read, service, "--covert", "--platform", "x")
    assert {line.split()[2] for line in lines} == suspected
    assert suspected
    lines, said = await asyncio.to_thread(read, service, "--platform", "elsewhere")
    assert (lines, said) == ([], "There are alerts, but none that is wanted.\n")
    status, lines, said = await asyncio.to_thread(followed_until_interrupted, service)
    assert (status, len(lines)) == (0, len(latest))
    assert said.endswith("Stopped.\n")
    assert "Traceback" not in said
