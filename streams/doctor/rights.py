"""What these credentials may do on the brokers, found out without doing any of it.

Kafka's description of a topic or a group lists the allowed operations (KIP-430), as bits numbered by the codes of its
ACL operations. aiokafka does not request that list, so this module defines the two requests, in the last versions
before Kafka's flexible encoding.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError, IncompatibleBrokerVersion, KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Bytes, Int16, Int32, Schema, String

_ATTEMPTS = 20
_PAUSE_S = 0.5


class Right(IntEnum):
    """An operation, by its code in Kafka."""

    READ = 3
    WRITE = 4


@dataclass(frozen=True, slots=True)
class SeenRights:
    """A topic as these credentials see it."""

    partitions: int
    rights: int
    """Bits of the operations that are allowed."""

    def may(self, right: Right) -> bool:
        """Whether an operation is allowed."""
        return bool(self.rights >> right & 1)


async def topic_rights(client: AIOKafkaClient, names: Iterable[str]) -> dict[str, SeenRights]:
    """Rights on the topics that exist and that these credentials may see. The request creates no topic.

    Raises:
        aiokafka.errors.IncompatibleBrokerVersion: the broker is older than Kafka 2.3 and does not report rights.
    """
    answer = await _asked(client, _TopicsRequest(sorted(names)))
    return {
        name: SeenRights(len(parts), rights) for code, name, _, parts, rights in answer.topics if not code
    }


async def may_read_group(client: AIOKafkaClient, name: str) -> bool:
    """Whether these credentials may be a member of a group and commit its offsets.

    Raises:
        aiokafka.errors.KafkaError: the broker does not answer.
    """
    for _ in range(_ATTEMPTS):
        try:
            return await _may_read(client, name)
        except KafkaError as error:
            # a new broker first creates the topic that it keeps groups in
            if not error.retriable:
                raise
        await asyncio.sleep(_PAUSE_S)
    return await _may_read(client, name)


async def _may_read(client: AIOKafkaClient, name: str) -> bool:
    try:
        node = await client.coordinator_lookup(CoordinationType.GROUP, name)
        answer = await _asked(client, _GroupsRequest(name), node)
    except GroupAuthorizationFailedError:
        return False
    ((code, *_, rights),) = answer.groups
    if for_code(code) is GroupAuthorizationFailedError:
        return False
    if code:
        raise for_code(code)(name)
    return bool(rights >> Right.READ & 1)


async def _asked(
    client: AIOKafkaClient, request: Request[RequestStruct], node: int | None = None
) -> Response:
    node = client.get_random_node() if node is None else node
    try:
        return await client.send(node, request)
    except NotImplementedError as error:  # no version that both sides know
        raise IncompatibleBrokerVersion(str(error)) from error


class _TopicsResponse(Response):  # type: ignore[misc] # aiokafka has no types
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", String()), ("port", Int32), ("rack", String()))),
        ("cluster_id", String()),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("name", String()),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("in_sync", Array(Int32)),
                        ("offline", Array(Int32)),
                    ),
                ),
                ("rights", Int32),
            ),
        ),
        ("cluster_rights", Int32),
    )


class _TopicsQuestion(RequestStruct):  # type: ignore[misc] # aiokafka has no types
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _TopicsResponse
    SCHEMA = Schema(
        ("topics", Array(String())),
        ("make_absent", Boolean),
        ("with_cluster_rights", Boolean),
        ("with_rights", Boolean),
    )


class _TopicsRequest(Request[_TopicsQuestion]):  # type: ignore[misc] # aiokafka has no types
    API_KEY = 3

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_TopicsQuestion]) -> _TopicsQuestion:
        return request_struct_class(self._names, False, False, True)


class _GroupsResponse(Response):  # type: ignore[misc] # aiokafka has no types
    API_KEY = 15
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            Array(
                ("error_code", Int16),
                ("group", String()),
                ("state", String()),
                ("protocol_type", String()),
                ("protocol", String()),
                (
                    "members",
                    Array(
                        ("member_id", String()),
                        ("client_id", String()),
                        ("client_host", String()),
                        ("metadata", Bytes),
                        ("assignment", Bytes),
                    ),
                ),
                ("rights", Int32),
            ),
        ),
    )


class _GroupsQuestion(RequestStruct):  # type: ignore[misc] # aiokafka has no types
    API_KEY = 15
    API_VERSION = 3
    RESPONSE_TYPE = _GroupsResponse
    SCHEMA = Schema(("groups", Array(String())), ("with_rights", Boolean))


class _GroupsRequest(Request[_GroupsQuestion]):  # type: ignore[misc] # aiokafka has no types
    API_KEY = 15

    def __init__(self, name: str) -> None:
        self._name = name

    def build(self, request_struct_class: type[_GroupsQuestion]) -> _GroupsQuestion:
        return request_struct_class([self._name], True)
