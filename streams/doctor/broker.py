"""Whether a worker has the brokers, topics and rights that it needs. These checks only read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
)

from schemas.service.topic import Role, Topic
from schemas.service.topics import TOPICS
from streams.doctor.finding import Finding, Status
from streams.doctor.rights import Right, SeenRights, may_read_group, topic_rights
from streams.live.broker.broker_check import PATIENCE_S, BrokerError, check_broker
from streams.live.broker.connection import Connection, client_arguments
from streams.live.broker.topic_admin import Checked, check_topics

_SECURITY = "docs/operations/security.md lists the rights of each role."
GROUPS = ("ingest", "detection")
"""Consumer groups of the workers, without the prefix."""


async def reached(connection: Connection) -> Finding:
    """Whether a broker answers, and how many there are."""
    try:
        await check_broker(connection)
        async with asked(connection) as client:
            brokers = sorted(f"{node.host}:{node.port}" for node in client.cluster.brokers())
    except (BrokerError, KafkaError) as error:
        return Finding(
            check="brokers",
            status=Status.FAIL,
            found=str(error),
            mend="Check the addresses in the section [kafka].",
        )
    copies = connection.settings.replication_factor
    found = f"{len(brokers)} at {', '.join(brokers)}"
    if copies > len(brokers):
        return Finding(
            check="brokers",
            status=Status.WARN,
            found=f"{found}: fewer than kafka.replication_factor, {copies}.",
            mend="Topics cannot be created. Start more brokers, or lower kafka.replication_factor.",
        )
    return Finding(check="brokers", status=Status.OK, found=found)


async def seen_topics(connection: Connection) -> dict[str, SeenRights] | Finding:
    """The topics as these credentials see them, by name without prefix; or a finding that says why that is unknown."""
    prefix = connection.settings.topic_prefix
    try:
        async with asked(connection) as client:
            seen = await topic_rights(client, (topic.full_name(prefix) for topic in TOPICS))
    except IncompatibleBrokerVersion:
        return Finding(
            check="rights",
            status=Status.WARN,
            found="These brokers are older than Kafka 2.3 and do not report rights.",
            mend="A right that is missing shows when a worker runs.",
        )
    except KafkaError as error:
        return Finding(
            check="rights",
            status=Status.WARN,
            found=f"The broker did not report rights: {error}.",
            mend=_SECURITY,
        )
    return {name.removeprefix(prefix): topic for name, topic in seen.items()}


async def topics(connection: Connection, seen: dict[str, SeenRights]) -> Finding:
    """Whether every topic exists and has the settings that it should have."""
    check, prefix = "topics", connection.settings.topic_prefix
    absent = [topic.full_name(prefix) for topic in TOPICS if topic.name not in seen and _is_needed(topic)]
    if absent:
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"Absent, or hidden from these credentials: {', '.join(absent)}.",
            mend="Create them with the same settings: lockstep topics create.",
        )
    parted = [
        f"{topic.full_name(prefix)} has {seen[topic.name].partitions} partitions"
        for topic in TOPICS
        if topic.partitions == 1 and topic.name in seen and seen[topic.name].partitions != 1
    ]
    if parted:
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"{'; '.join(parted)}, but detection needs one order.",
            mend="Create them again with one partition: docs/operations/topics.md.",
        )
    try:
        found = await check_topics(connection, prefix)
    except BrokerError as error:
        if isinstance(error.__cause__, TopicAuthorizationFailedError | ClusterAuthorizationFailedError):
            return Finding(
                check=check,
                status=Status.OK,
                found="all exist; their settings are not for these credentials to see. Run lockstep topics check "
                "with the credentials that created them",
            )
        return Finding(check=check, status=Status.WARN, found=str(error), mend="Run lockstep topics check.")
    differing = [_differences(topic) for topic in found if topic.differences]
    if differing:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"Not as they should be: {'; '.join(differing)}.",
            mend="docs/operations/topics.md explains each setting and how to change it.",
        )
    return Finding(
        check=check, status=Status.OK, found=f"{sum(t.exists for t in found)}, all as they should be"
    )


async def rights(connection: Connection, seen: dict[str, SeenRights]) -> Finding:
    """Whether these credentials may do everything that a worker does."""
    lacking = []
    for topic in TOPICS:
        if topic.name in seen:
            wanted = [Right.WRITE] * (Role.WORKER in topic.writers) + [Right.READ] * (
                Role.WORKER in topic.readers
            )
            lacking += [
                f"{right.name.lower()} {topic.full_name(connection.settings.topic_prefix)}"
                for right in wanted
                if not seen[topic.name].may(right)
            ]
    try:
        async with asked(connection) as client:
            for group in GROUPS:
                name = connection.settings.topic_prefix + group
                if not await may_read_group(client, name):
                    lacking.append(f"read the group {name}")
    except KafkaError as error:
        lacking.append(f"(groups: {error})")
    if lacking:
        return Finding(
            check="rights",
            status=Status.FAIL,
            found=f"These credentials may not: {', '.join(lacking)}.",
            mend=_SECURITY,
        )
    return Finding(check="rights", status=Status.OK, found="these credentials may do all that a worker does")


@asynccontextmanager
async def asked(connection: Connection) -> AsyncIterator[AIOKafkaClient]:
    """A client that is connected to the brokers."""
    client = AIOKafkaClient(
        **client_arguments(connection, "doctor"), request_timeout_ms=int(PATIENCE_S * 1_000)
    )
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


def _is_needed(topic: Topic) -> bool:
    return Role.WORKER in (*topic.writers, *topic.readers)


def _differences(topic: Checked) -> str:
    differences = ", ".join(f"{d.property} {d.found} for {d.wanted}" for d in topic.differences)
    return f"{topic.topic} ({differences})"
