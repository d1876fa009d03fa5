"""Whether a worker may join its group, and be silent for as long as the settings say.

aiokafka's clients would wait without end if not, so the brokers are asked before one is started.
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
"""A member that no group has: brokers judge its session timeout, turn it away, and nothing changes."""
_AGAIN_S = 0.2


async def require_session_timeout(connection: Connection, group: str, seconds: float) -> None:
    """Make sure that members of a group may be silent for so long.

    Raises:
        BrokerError: the brokers want a shorter time or a longer one, let nobody into the group, or do not answer.
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
            f"Kafka: the brokers do not take worker.session_timeout_s = {seconds:g}. They take what is between their "
            "`group.min.session.timeout.ms` and `group.max.session.timeout.ms`: 6 to 1,800 s if not told otherwise."
        )


async def _coordinator(client: AIOKafkaClient, group: str) -> int:
    """The broker that looks after a group; a new cluster needs a moment to have one."""
    while True:
        try:
            found: int = await client.coordinator_lookup(CoordinationType.GROUP, group)
            return found
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(_AGAIN_S)
