"""Topics on a broker, held against the table in `schemas.service.topics`: creates absent ones and finds what differs.

Existing topics are never changed: fewer partitions or a shorter retention lose data, and more partitions move keys. A
person has to decide that (docs/operations/topics.md).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from schemas.service.topic import Role, Topic
from schemas.service.topics import TOPICS
from streams.live.broker.broker_check import FAULTS, PATIENCE_S, BrokerError, broker_error, check_broker
from streams.live.broker.connection import Connection, client_arguments

_SEEN_EVERY_S = 0.1
"""Seconds between two checks whether new topics are there. Chosen, not measured."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one topic of `create_topics`."""

    topic: str
    """Its full name."""
    created: bool
    """False: it existed already, as wanted or not."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One property of a topic that differs from the table."""

    property: str
    """`partitions`, `replication_factor`, or a topic setting by its name in Kafka."""
    wanted: str
    found: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one topic of `check_topics`."""

    topic: str
    """Its full name."""
    exists: bool
    """False: it is absent, or hidden from these credentials."""
    differences: list[Difference]

    @property
    def as_wanted(self) -> bool:
        """Whether it exists without differences."""
        return self.exists and not self.differences


async def create_topics(connection: Connection, prefix: str) -> list[Made]:
    """Create the topics that are absent, and wait until the broker shows them.

    Raises:
        BrokerError: the broker cannot be reached, or does not create one of them. Topics created before stay.
    """
    replicas = connection.settings.replication_factor
    wanted = {topic.full_name(prefix): topic for topic in TOPICS}
    async with _admin(connection, "creating topics") as admin:
        absent = wanted.keys() - (await _described(admin)).keys()
        made = await _make(admin, {name: wanted[name] for name in wanted if name in absent}, replicas)
        async with asyncio.timeout(PATIENCE_S):
            while made - (await _described(admin)).keys():
                await asyncio.sleep(_SEEN_EVERY_S)
    return [Made(topic=name, created=name in made) for name in wanted]


async def require_topics(
    connection: Connection, prefix: str, role: Role, without: Collection[Topic] = ()
) -> Mapping[str, int]:
    """Make sure that all topics exist that a role writes or reads. Clients would wait for them without end.

    Args:
        connection: to the brokers.
        prefix: of the topics.
        role: what the credentials are for.
        without: topics that this program does not use.

    Returns:
        Count of partitions of the topics that are there, by full name.

    Raises:
        BrokerError: the broker cannot be reached, or a topic is absent or hidden from these credentials.
    """
    async with _admin(connection, "looking for topics") as admin:
        there = await _described(admin)
    wanted = [
        topic.full_name(prefix)
        for topic in TOPICS
        if topic not in without and role in (*topic.writers, *topic.readers)
    ]
    if absent := [name for name in wanted if name not in there]:
        raise BrokerError(
            f"Kafka: {', '.join(absent)}: absent, or hidden from these credentials. Create the topics with "
            "`lockstep topics create`, with the same settings."
        )
    return {name: len(partitions) for name, partitions in there.items()}


async def check_topics(connection: Connection, prefix: str) -> list[Checked]:
    """Compare every topic with the table. Other properties of a topic are not compared.

    Raises:
        BrokerError: the broker cannot be reached, or does not answer.
    """
    replicas = connection.settings.replication_factor
    async with _admin(connection, "checking topics") as admin:
        described = await _described(admin)
        wanted = {topic.full_name(prefix): topic for topic in TOPICS}
        found = await _configs(
            admin, {name: _config(topic, replicas) for name, topic in wanted.items() if name in described}
        )
    return [
        Checked(
            topic=name,
            exists=name in found,
            differences=list(_differences(topic, replicas, described[name], found[name]))
            if name in found
            else [],
        )
        for name, topic in wanted.items()
    ]


@asynccontextmanager
async def _admin(connection: Connection, doing: str) -> AsyncIterator[AIOKafkaAdminClient]:
    await check_broker(connection)
    admin = AIOKafkaAdminClient(
        **client_arguments(connection, "topics"), request_timeout_ms=int(PATIENCE_S * 1_000)
    )
    try:
        await admin.start()
        yield admin
    except FAULTS as error:
        raise broker_error(error, connection, doing) from error
    finally:
        await admin.close()


async def _described(admin: AIOKafkaAdminClient) -> dict[str, list[Mapping[str, Any]]]:
    """Partitions of every topic by its name.

    All are asked for, because a broker may create a topic that is asked for by name.
    """
    return {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}


async def _make(admin: AIOKafkaAdminClient, topics: Mapping[str, Topic], replicas: int) -> set[str]:
    """Names of the topics that were created. The others appeared in the meantime."""
    if not topics:
        return set()
    answer = await admin.create_topics(
        [
            NewTopic(name, topic.partitions, replicas, topic_configs=dict(_config(topic, replicas)))
            for name, topic in topics.items()
        ]
    )
    made = set()
    refused: dict[str, list[str]] = {}
    for name, code, *words in answer.topic_errors:
        fault = for_code(code)
        if not code:
            made.add(name)
        elif fault is TopicAuthorizationFailedError:
            raise fault(name)
        elif fault is not TopicAlreadyExistsError:
            refused.setdefault((words[0] if words else None) or fault.description, []).append(name)
    if refused:
        reasons = " ".join(f"{', '.join(names)}: {reason.rstrip('.')}." for reason, names in refused.items())
        raise BrokerError(f"Kafka: not all topics were created. {reasons}")
    return made


async def _configs(
    admin: AIOKafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """The current values of the wanted settings of each topic, without topics that have disappeared meanwhile."""
    if not wanted:
        return {}
    answers = await admin.describe_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(config))
            for name, config in wanted.items()
        ]
    )
    found = {}
    for answer in answers:
        for code, words, _, name, entries in answer.resources:
            if code and for_code(code) is not UnknownTopicOrPartitionError:
                raise for_code(code)(words or name)
            if not code:
                found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _config(topic: Topic, replicas: int) -> Mapping[str, str]:
    """Settings of the topic, with how many replicas must be in sync before a message counts as written.

    With three replicas it is two: what was acknowledged survives the loss of a broker, and one broker may be down. With
    two replicas it is one, or both would always have to be up.
    """
    return {**topic.config, "min.insync.replicas": "2" if replicas > 2 else "1"}


def _differences(
    topic: Topic, replicas: int, partitions: list[Mapping[str, Any]], found: Mapping[str, str]
) -> Iterable[Difference]:
    if len(partitions) != topic.partitions:
        yield Difference(property="partitions", wanted=str(topic.partitions), found=str(len(partitions)))
    copies = sorted({len(partition["replicas"]) for partition in partitions})
    if copies != [replicas]:
        yield Difference(
            property="replication_factor", wanted=str(replicas), found=", ".join(map(str, copies))
        )
    for name, value in _config(topic, replicas).items():
        is_now = found.get(name, "unknown")
        if _normal(value) != _normal(is_now):
            yield Difference(property=name, wanted=value, found=is_now)


def _normal(value: str) -> list[str]:
    # `compact,delete` and `delete,compact` are one policy
    return sorted(part.strip() for part in value.split(","))
