"""Are the brokers, the topics and the rights there that a worker needs. Nothing is written and nothing made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
)

from schemas.service.topics import TOPICS, Role, Topic
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
            mend="The section [kafka] says where they are.",
        )
    copies = connection.settings.replication_factor
    found = f"{len(brokers)} at {', '.join(brokers)}"
    if copies > len(brokers):
        return Finding(
            check="brokers",
            status=Status.WARN,
            found=f"{found}, fewer than kafka.replication_factor, {copies}.",
            mend="Topics cannot be made until there are as many; or ask for fewer copies.",
        )
    return Finding(check="brokers", status=Status.OK, found=found)


async def seen_topics(connection: Connection) -> dict[str, SeenRights] | Finding:
    """The topics as these credentials see them, by their names without prefix; or why that cannot be told."""
    prefix = connection.settings.topic_prefix
    try:
        async with asked(connection) as client:
            seen = await topic_rights(client, (topic.full_name(prefix) for topic in TOPICS))
    except IncompatibleBrokerVersion:
        return Finding(
            check="rights",
            status=Status.WARN,
            found="These brokers are older than Kafka 2.3 and do not tell.",
            mend="Whether everything is allowed shows when a worker runs.",
        )
    except KafkaError as error:
        return Finding(check="rights", status=Status.WARN, found=f"Not told: {error}.", mend=_SECURITY)
    return {name.removeprefix(prefix): topic for name, topic in seen.items()}


async def topics(connection: Connection, seen: dict[str, SeenRights]) -> Finding:
    """Whether every topic is there, and as it should be."""
    check, prefix = "topics", connection.settings.topic_prefix
    absent = [topic.full_name(prefix) for topic in TOPICS if topic.name not in seen and _is_needed(topic)]
    if absent:
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"Absent, or not for these credentials to see: {', '.join(absent)}.",
            mend="Make them: lockstep topics create, with the same settings.",
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
            found=f"{'; '.join(parted)}, where one order is needed.",
            mend="Make them anew with one: docs/operations/topics.md.",
        )
    try:
        found = await check_topics(connection, prefix)
    except BrokerError as error:
        if isinstance(error.__cause__, TopicAuthorizationFailedError | ClusterAuthorizationFailedError):
            return Finding(
                check=check,
                status=Status.OK,
                found="all are there; their settings are not for these credentials to see: lockstep topics check, "
                "with those that made them, looks at them",
            )
        return Finding(check=check, status=Status.WARN, found=str(error), mend="Try lockstep topics check.")
    differing = [_told(topic) for topic in found if topic.differences]
    if differing:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"Not as wanted: {'; '.join(differing)}.",
            mend="docs/operations/topics.md says what each means and how to change it.",
        )
    return Finding(check=check, status=Status.OK, found=f"{sum(t.exists for t in found)}, all as wanted")


async def rights(connection: Connection, seen: dict[str, SeenRights]) -> Finding:
    """Whether these credentials may do what a worker has to."""
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
    """A client that knows the brokers."""
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


def _told(topic: Checked) -> str:
    differences = ", ".join(f"{d.property} {d.found} for {d.wanted}" for d in topic.differences)
    return f"{topic.topic} ({differences})"
