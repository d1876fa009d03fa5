"""Checks that a worker may join its group, and that brokers accept its session timeout.

Otherwise the clients of aiokafka would wait without end, so the brokers are asked before one is started.
"""

import asyncio

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    InvalidSessionTimeoutError,
    for_code,
)
from aiokafka.protocol.group import JoinGroupRequest

from streams.live.broker.broker_check import FAULTS, PATIENCE_S, BrokerError, broker_error
from streams.live.broker.connection import Connection, client_arguments

_STRANGER = "lockstep-session-check"
"""An id that no member has. Brokers check its session timeout and then refuse it, so nothing changes."""
_AGAIN_S = 0.2
"""Seconds before the brokers are asked again. Chosen, not measured."""


async def require_session_timeout(connection: Connection, group: str, seconds: float) -> None:
    """Make sure that members of a group may be silent for `seconds`.

    Raises:
        BrokerError: the brokers want a shorter or a longer time, refuse access to the group, or do not answer.
    """
    client = AIOKafkaClient(**client_arguments(connection, "session-check"))
    request = JoinGroupRequest(
        group, int(seconds * 1_000), int(seconds * 1_000), _STRANGER, "", "consumer", [("range", b"")]
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await client.bootstrap()
            coordinator = await _coordinator(client, group)
            answer = await client.send(coordinator, request)
    except FAULTS as error:
        raise broker_error(error, connection, "asking about session timeouts") from error
    finally:
        await client.close()
    fault = for_code(answer.error_code)
    if fault is GroupAuthorizationFailedError:
        raise broker_error(fault(), connection, f"joining the group {group}")
    if fault is InvalidSessionTimeoutError:
        raise BrokerError(
            f"Kafka: the brokers do not accept worker.session_timeout_s = {seconds:g}. They accept values between "
            "`group.min.session.timeout.ms` and `group.max.session.timeout.ms`; the default is 6 to 1,800 s."
        )


async def _coordinator(client: AIOKafkaClient, group: str) -> int:
    """The broker that coordinates a group; a new cluster needs a moment to choose one."""
    while True:
        try:
            node: int = await client.coordinator_lookup(CoordinationType.GROUP, group)
            return node
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(_AGAIN_S)
