"""`lockstep topics` on a real broker: it makes what is absent, changes nothing, and finds what differs."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from schemas.service.topic import Topic
from schemas.service.topics import ALERTS, FRAMES, NETWORKS, POSTS, REGISTRY, TOPICS
from streams.command.program import app

NAMES = [topic.name for topic in TOPICS]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings for topics of this test alone."""
    monkeypatch.delenv("LOCKSTEP_KAFKA", raising=False)
    path = tmp_path / "lockstep.toml"
    path.write_text(f'[kafka]\nbootstrap_servers = "{kafka}"\ntopic_prefix = "{topic_prefix}"\n')
    return path


@pytest.fixture
def topics(config: Path) -> Run:
    """`lockstep topics ...` with these settings: exit status, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, ["topics", *arguments, "--config", str(config)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def administer(kafka: str, doing: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, Any]]) -> None:
    """Do something to the broker that Lockstep would not do."""

    async def run() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        try:
            await doing(admin)
        finally:
            await admin.close()

    asyncio.run(run())


def altered(kafka: str, prefix: str, topic: Topic, **changes: str) -> None:
    """Change settings of a topic, and wait until the broker shows them; dots are written as underscores."""
    config = {**topic.config, **{name.replace("_", "."): value for name, value in changes.items()}}
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.full_name(prefix), config)

    async def shown(admin: AIOKafkaAdminClient) -> dict[str, str]:
        (answer,) = await admin.describe_configs([resource])
        ((*_, entries),) = answer.resources
        return {entry[0]: entry[1] for entry in entries}

    async def alter(admin: AIOKafkaAdminClient) -> None:
        (answer,) = await admin.alter_configs([resource])
        assert [error[0] for error in answer.resources] == [0]
        async with asyncio.timeout(30):
            while await shown(admin) != config:
                await asyncio.sleep(0.05)

    administer(kafka, alter)


def made(kafka: str, prefix: str, topic: Topic, partitions: int) -> None:
    """Make a topic with another number of partitions."""
    new = NewTopic(topic.full_name(prefix), partitions, 1, topic_configs=dict(topic.config))

    async def make(admin: AIOKafkaAdminClient) -> None:
        answer = await admin.create_topics([new])
        assert [error[1] for error in answer.topic_errors] == [0]

    administer(kafka, make)


def findings(topics: Run) -> tuple[int, dict[str, Any]]:
    """Status of `topics check --json`, and each topic that is not as wanted, by its full name."""
    status, out, _ = topics("check", "--json")
    found = json.loads(out)
    assert found["as_wanted"] == (status == 0)
    assert len(found["topics"]) == len(TOPICS)
    return status, {t["topic"]: t for t in found["topics"] if t["differences"] or not t["exists"]}


def test_what_is_absent_is_made_once_and_is_as_wanted(topics: Run, topic_prefix: str) -> None:
    status, out, _ = topics("create")
    assert status == 0
    assert out.splitlines()[:-1] == [f"created  {topic_prefix}{name}" for name in NAMES]
    assert out.splitlines()[-1] == f"{len(NAMES)} created, 0 there already."

    assert findings(topics) == (0, {})

    status, out, _ = topics("create")
    assert status == 0
    assert out.splitlines()[:-1] == [f"exists   {topic_prefix}{name}" for name in NAMES]

    status, out, err = topics("check")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"All {len(NAMES)} are as wanted."


def test_before_anything_is_made_all_is_absent_and_asking_makes_nothing(
    topics: Run, topic_prefix: str
) -> None:
    for _ in range(2):
        status, found = findings(topics)
        assert status == 1
        assert found == {
            topic_prefix + name: {"topic": topic_prefix + name, "exists": False, "differences": []}
            for name in NAMES
        }
    status, out, _ = topics("check")
    assert status == 1
    assert f"absent   {topic_prefix}posts.v1" in out
    assert "`lockstep topics create` creates them" in out


def test_every_difference_is_found_and_none_is_mended(topics: Run, kafka: str, topic_prefix: str) -> None:
    made(kafka, topic_prefix, ALERTS, 3)
    made(kafka, topic_prefix, FRAMES, 2)
    assert topics("create")[0] == 0
    altered(kafka, topic_prefix, POSTS, retention_ms="3600000")
    altered(kafka, topic_prefix, REGISTRY, cleanup_policy="delete", max_message_bytes="1000")
    altered(kafka, topic_prefix, NETWORKS, message_timestamp_type="CreateTime")

    expected = {
        "alerts.v1": [("partitions", "12", "3")],
        "frames.v1": [("partitions", "1", "2")],
        "posts.v1": [("retention.ms", "604800000", "3600000")],
        "registry.v1": [("cleanup.policy", "compact", "delete"), ("max.message.bytes", "1048576", "1000")],
        "networks.v1": [("message.timestamp.type", "LogAppendTime", "CreateTime")],
    }
    for _ in range(2):
        status, found = findings(topics)
        assert status == 1
        assert {
            name.removeprefix(topic_prefix): [
                (d["property"], d["wanted"], d["found"]) for d in t["differences"]
            ]
            for name, t in found.items()
        } == expected
        assert topics("create")[0] == 0
    status, out, _ = topics("check")
    assert status == 1
    assert f"differs  {topic_prefix}posts.v1\n         retention.ms: wanted 604800000, found 3600000\n" in out


def test_the_order_of_policies_is_no_difference(topics: Run, kafka: str, topic_prefix: str) -> None:
    assert topics("create")[0] == 0
    altered(kafka, topic_prefix, NETWORKS, cleanup_policy="delete,compact")
    assert findings(topics) == (0, {})


def test_two_that_make_topics_at_once_do_not_disturb_each_other(kafka: str, config: Path) -> None:
    from streams.live.broker.connection import connection
    from streams.live.broker.topic_admin import check_topics, create_topics
    from streams.settings.settings import load_settings

    settings = load_settings(str(config), {}).kafka

    async def run() -> None:
        way = connection(settings, {})
        both = await asyncio.gather(*(create_topics(way, settings.topic_prefix) for _ in range(2)))
        created = sorted(topic.topic for each in both for topic in each if topic.created)
        assert created == sorted(settings.topic_prefix + name for name in NAMES)
        assert all(topic.as_wanted for topic in await check_topics(way, settings.topic_prefix))

    asyncio.run(run())


def test_more_copies_than_brokers_are_refused_with_the_reason(
    topics: Run, config: Path, topic_prefix: str
) -> None:
    config.write_text(config.read_text() + "replication_factor = 30000\n")
    status, _, err = topics("create")
    assert status == 1
    assert err.startswith("lockstep: Kafka: not all topics were created. ")
    assert f"{topic_prefix}posts.v1" in err
    assert "replication factor" in err.lower()


@pytest.mark.parametrize("command", ["create", "check"])
def test_without_a_broker_a_sentence_says_so(
    command: str, topics: Run, config: Path, unused_tcp_port: int
) -> None:
    config.write_text(f'[kafka]\nbootstrap_servers = "127.0.0.1:{unused_tcp_port}"\n')
    status, out, err = topics(command)
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        f"lockstep: Kafka: 127.0.0.1:{unused_tcp_port} cannot be reached: nothing answers there. Is the broker "
        "running, and is this its port?"
    ]


def test_the_environment_names_another_broker(
    topics: Run, config: Path, kafka: str, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    config.write_text(config.read_text().replace(kafka, f"127.0.0.1:{unused_tcp_port}"))
    assert topics("create")[0] == 1
    monkeypatch.setenv("LOCKSTEP_KAFKA", kafka)
    assert topics("create")[0] == 0


def test_wrong_settings_are_wrong_usage(topics: Run, config: Path) -> None:
    config.write_text('[kafka]\npassword = "hunter2"\n')
    status, _, err = topics("check")
    assert status == 2
    assert "password_file" in err
    assert "hunter2" not in err
