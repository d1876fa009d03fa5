"""The table of topics: names that Kafka takes, settings that agree, and documents that say the same."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from schemas.alerts import Alert
from schemas.errors import UsageError
from schemas.generate.asyncapi import document
from schemas.generate.json_schema import ASYNCAPI, PUBLISHED, RECORDS
from schemas.service.alert_headers import ALERT_HEADERS
from schemas.service.topic import Cleanup, Encoding, Role
from schemas.service.topics import (
    DEFAULT_PREFIX,
    FRAMES,
    POSTS,
    PROGRESS,
    SNAPSHOTS,
    TOPICS,
    checked_prefix,
    replay_prefix,
)
from streams.live.exchange.alert_headers import alert_headers
from tests.schemas.samples import FULL, MINIMAL

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations"


def test_every_topic_has_a_name_of_its_own_that_kafka_takes() -> None:
    names = [topic.full_name(DEFAULT_PREFIX) for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"lockstep\.[a-z-]+\.v1", name) for name in names)
    # Kafka takes a dot and an underscore for the same in metrics
    assert len({name.replace(".", "_") for name in names}) == len(names)


def test_public_names_stay() -> None:
    assert {topic.name for topic in TOPICS} >= {
        *("posts.v1", "accounts.v1", "follows.v1", "registry.v1", "suppressions.v1", "reviews.v1"),
        *("alerts.v1", "alerts-latest.v1", "networks.v1", "dead-letters.v1"),
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_of_one_piece(topic: Any) -> None:
    assert topic.partitions >= 1
    assert topic.writers
    assert topic.readers
    assert (topic.retention is None) == (topic.cleanup is Cleanup.COMPACT)
    assert (topic.record is None) or topic.encoding is Encoding.JSON
    assert topic.record is None or topic.record in RECORDS.values()
    assert all(isinstance(value, str) for value in topic.config.values())


def test_what_has_one_order_has_one_partition() -> None:
    assert FRAMES.partitions == SNAPSHOTS.partitions == PROGRESS.partitions == 1


def test_kafka_gets_settings_in_its_own_units() -> None:
    assert POSTS.config == {
        "cleanup.policy": "delete",
        "max.message.bytes": "1048576",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(7 * 24 * 3_600 * 1_000),
    }
    assert "retention.ms" not in PROGRESS.config
    assert PROGRESS.config["segment.bytes"] == str(16 << 20)


@pytest.mark.parametrize("prefix", ["lockstep.", "a.", "team-1_x.lockstep.", "a" * 232 + "."])
def test_a_prefix_that_kafka_takes_passes(prefix: str) -> None:
    assert checked_prefix(prefix) == prefix
    assert all(len(topic.full_name(prefix)) <= 249 for topic in TOPICS)


@pytest.mark.parametrize(
    "prefix",
    ["", ".", "lockstep", ".lockstep.", "lock step.", "löckstep.", "a/b.", "a\n.", "a.\n", "a" * 233 + "."],
)
def test_another_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="cannot be the prefix of topics"):
        checked_prefix(prefix)


def test_a_replay_has_topics_of_its_own() -> None:
    prefix = replay_prefix("r1")
    assert prefix == "lockstep-replay.r1."
    assert checked_prefix(prefix) == prefix
    assert checked_prefix(replay_prefix("x" * 64))
    # rights to the live prefix, or to one run, give none to another run
    assert not prefix.startswith(DEFAULT_PREFIX)
    for run_id in ("", "r1.r2", "../x", "a b", "é", "x" * 65, "r1\n"):
        with pytest.raises(UsageError, match="cannot name a run"):
            replay_prefix(run_id)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(target := node.get("$ref"), str):
            yield target
        for part in node.values():
            yield from references(part)
    elif isinstance(node, list):
        for part in node:
            yield from references(part)


def resolve(root: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        root = root[part]
    return root


def test_the_asyncapi_document_names_every_topic_with_a_record_and_what_is_in_it() -> None:
    published = json.loads((PUBLISHED / ASYNCAPI).read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(document()))
    assert published["asyncapi"] == "3.0.0"
    listed = {channel["address"].removeprefix("{prefix}") for channel in published["channels"].values()}
    assert listed == {topic.name for topic in TOPICS}
    for channel in published["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == channel["parameters"].keys()
    actions = {
        (o["action"], o["channel"]["$ref"].rsplit("/", 1)[1]) for o in published["operations"].values()
    }
    assert {("receive", "posts_v1"), ("send", "alerts_v1"), ("send", "dead_letters_v1")} <= actions
    assert ("send", "posts_v1") not in actions


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    root = document()
    targets = set(references(root))
    assert "#/components/schemas/Alert" in targets
    for target in targets:
        assert resolve(root, target)


@pytest.mark.parametrize("topic", [t for t in TOPICS if t.record is not None], ids=lambda topic: topic.name)
def test_what_is_written_obeys_the_payload_of_its_channel(topic: Any) -> None:
    root = document()
    channel = next(c for c in root["channels"].values() if c["address"].endswith("}" + topic.name))
    (message,) = (resolve(root, m["$ref"]) for m in channel["messages"].values())
    validator = Draft202012Validator({**root, "$ref": message["payload"]["$ref"]})
    name = next(name for name, record in RECORDS.items() if record is topic.record)
    for sample in (MINIMAL, FULL):
        validator.validate(json.loads(msgspec.json.encode(sample[name])))
    assert not validator.is_valid({})


@pytest.mark.parametrize("topic", [t for t in TOPICS if t.headers], ids=lambda topic: topic.name)
def test_the_headers_that_are_written_obey_the_headers_of_their_channel(topic: Any) -> None:
    message = document()["components"]["messages"][topic.name.replace("-", "_").replace(".", "_")]
    validator = Draft202012Validator(message["headers"])
    for sample in (MINIMAL, FULL):
        alert = sample["alert"]
        assert isinstance(alert, Alert)
        written = {name: value.decode() for name, value in alert_headers(alert)}
        validator.validate(written)
        assert written.keys() == message["headers"]["properties"].keys()
    assert not validator.is_valid({})


def test_every_topic_of_alerts_has_headers_by_which_consumers_filter() -> None:
    with_headers = {topic.name for topic in TOPICS if topic.headers}
    assert with_headers == {topic.name for topic in TOPICS if topic.record is Alert}


def test_the_asyncapi_document_says_where_brokers_are_and_how_to_prove_who_one_is() -> None:
    root = document()
    assert {server["protocol"] for server in root["servers"].values()} == {"kafka", "kafka-secure"}
    for server in root["servers"].values():
        assert set(re.findall(r"{(\w+)}", server["host"])) == server["variables"].keys()
    secured = root["servers"]["protected"]["security"]
    assert {resolve(root, scheme["$ref"])["type"] for scheme in secured} >= {"scramSha512", "plain"}


def rows(page: str) -> Iterator[list[str]]:
    for line in (OPERATIONS / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_page_about_topics_has_the_table_as_it_is() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows("topics.md") if row[0].endswith(".v1`")}
    assert table == {
        topic.name: [
            topic.key,
            topic.record.__name__
            if topic.record
            else {Encoding.ARROW: "Arrow", Encoding.COLUMNS: "columns"}[topic.encoding],
            str(topic.partitions),
            f"{topic.retention // timedelta(days=1)} d" if topic.retention else "-",
            topic.cleanup.value,
            f"{topic.max_message_bytes >> 20} MiB",
        ]
        for topic in TOPICS
    }


def test_the_page_about_topics_names_every_header_of_alerts() -> None:
    headers = [header.name for header in ALERT_HEADERS]
    named = [row[0].strip("`") for row in rows("topics.md")]
    assert [name for name in named if name in headers] == headers


@pytest.mark.parametrize("role", Role)
def test_the_page_about_security_gives_each_role_what_it_needs_and_no_more(role: Role) -> None:
    (row,) = (row for row in rows("security.md") if row[0] == role.value)
    writes, reads = (set(re.findall(r"`([a-z-]+\.v1)`", cell)) for cell in row[2:4])
    assert writes == {topic.name for topic in TOPICS if role in topic.writers}
    assert reads == {topic.name for topic in TOPICS if role in topic.readers}


def test_the_commands_for_rights_give_a_role_the_topics_of_its_row() -> None:
    page = (OPERATIONS / "security.md").read_text(encoding="utf-8")
    loops = re.findall(
        r"for topic in ([^;]+); do\n +acls --allow-principal User:(\S+) --operation (\w+)", page
    )
    given = {(principal, operation): set(topics.split()) for topics, principal, operation in loops}
    principals = {
        "lockstep-collector": Role.COLLECTOR,
        "lockstep-worker": Role.WORKER,
        "case-tool": Role.CONSUMER,
    }
    assert {principal for principal, _ in given} == set(principals)
    for (principal, operation), names in given.items():
        role = principals[principal]
        assert names == {t.name for t in TOPICS if role in (t.writers if operation == "Write" else t.readers)}
