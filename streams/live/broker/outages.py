"""Whether the brokers can be reached. One place of a worker asks and logs; every other part waits for what it finds.

Clients of aiokafka retry without a word for 40 s and more, so none of them can say when an outage began or ended. The
watch asks for the list of brokers on a connection of its own, twice a second.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.metadata import MetadataRequest

from streams.live.broker.broker_check import FAULTS, connect, reason_of
from streams.live.broker.connection import Connection

_ASK_EVERY_S = 0.5
"""Seconds between two questions. Chosen, not measured."""
_PATIENCE_S = 3.0
"""Seconds without an answer after which the brokers count as away. Chosen, not measured."""
_AGAIN_S = 0.5
"""Seconds before a client tries again after a fault. Chosen, not measured."""
_GIVE_UP_S = 20.0
"""Seconds after which a question that has no answer is asked on a new connection. Chosen, not measured: a broker that
stands still answers on the old one when it goes on, and accepts only a few dozen connections before that."""

LASTING = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.InvalidSessionTimeoutError,
    errors.InconsistentGroupProtocolError,
    errors.InvalidGroupIdError,
    errors.InvalidTopicError,
    errors.UnsupportedVersionError,
)
"""Faults that stay however long one waits."""


def passes(error: BaseException) -> bool:
    """Whether a fault of a client may pass by itself, so that it is worth while to try again."""
    if isinstance(error, LASTING):
        return False
    # aiokafka raises CancelledError where a task of its own was cancelled
    return isinstance(error, (*FAULTS, TimeoutError, asyncio.CancelledError))


class BrokerWatch:
    """Watches the brokers for one process.

    Args:
        connection: to the brokers.
        log: gets one line when the brokers cannot be reached any more, and one when they can again.
        on_change: called with true when they can be reached again, and with false when no longer.
        on_answer: called at each answer.
    """

    def __init__(
        self,
        connection: Connection,
        log: Any,
        on_change: Callable[[bool], None] = lambda reachable: None,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._log = log
        self._on_change = on_change
        self._on_answer = on_answer
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._changed_at = 0.0
        self.outages = 0
        """Count of outages so far."""

    @property
    def reachable(self) -> bool:
        """Whether a broker answers."""
        return self._reachable.is_set()

    @property
    def reachable_s(self) -> float:
        """Seconds for which the brokers have been reachable without a break; 0 if they are not."""
        return asyncio.get_running_loop().time() - self._changed_at if self.reachable else 0.0

    def confirm(self) -> None:
        """Note that a client of this process has just had an answer; the watch need not ask for it."""
        self._back()

    async def until_reachable(self) -> None:
        """Wait for the end of the outage, if there is one."""
        await self._reachable.wait()

    async def outlast(self, error: BaseException) -> None:
        """Wait until a fault of a client may have passed, so that it can try again.

        Raises:
            BaseException: the fault itself, if it does not pass.
        """
        if not passes(error):
            raise error
        await self.until_reachable()
        await asyncio.sleep(_AGAIN_S)

    async def run(self) -> None:
        """Work until cancelled."""
        self._changed_at = asyncio.get_running_loop().time()
        while True:
            try:
                await self._ask_again_and_again()
            except FAULTS as error:
                self._away(error)
            await asyncio.sleep(_ASK_EVERY_S)

    async def _ask_again_and_again(self) -> None:
        """Ask on one connection until that fails."""
        opened = await self._open()
        try:
            while True:
                await self._answered(opened)
                self._on_answer()
                self._back()
                rested_at = asyncio.get_running_loop().time()
                await asyncio.sleep(_ASK_EVERY_S)
                if asyncio.get_running_loop().time() - rested_at > _PATIENCE_S:
                    # this process stood still, and its groups may have gone on without it
                    self._on_change(False)
                    self._on_change(True)
        finally:
            opened.close()

    async def _open(self) -> AIOKafkaConnection:
        """A connection to the first broker that answers."""
        fault: BaseException = TimeoutError()
        for server in self._connection.settings.servers:
            try:
                opening = asyncio.ensure_future(connect(server, self._connection, _GIVE_UP_S))
                return await self._patiently(opening)
            except FAULTS as error:
                fault = error
        raise fault

    async def _answered(self, opened: AIOKafkaConnection) -> None:
        # without topics: a broker may create a topic that is asked for by name
        answer = await self._patiently(asyncio.ensure_future(opened.send(MetadataRequest([]))))
        if not answer.brokers:
            # it has just gone on, and its cluster does not count on it yet; clients cannot begin with such an answer
            raise errors.BrokerNotAvailableError

    async def _patiently(self, asked: "asyncio.Future[Any]") -> Any:
        """Wait for an answer. Past the patience for it, the brokers are away, but the answer may still come."""
        try:
            done, _ = await asyncio.wait({asked}, timeout=_PATIENCE_S)
            if not done:
                self._away(TimeoutError())
            async with asyncio.timeout(_GIVE_UP_S):
                return await asked
        finally:
            asked.cancel()

    def _away(self, error: BaseException) -> None:
        if not self.reachable:
            return
        self._reachable.clear()
        self._changed_at = asyncio.get_running_loop().time()
        self.outages += 1
        self._on_change(False)
        servers = ", ".join(self._connection.settings.servers)
        self._log.warning("the broker cannot be reached", servers=servers, reason=self._reason(error))

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, TimeoutError):
            return f"does not answer within {_PATIENCE_S:.0f} s."
        cause = error.__cause__ or error
        if isinstance(cause, errors.KafkaConnectionError | ConnectionResetError | BrokenPipeError | EOFError):
            return "closed the connection."
        return reason_of(error, self._connection)

    def _back(self) -> None:
        if self.reachable:
            return
        now = asyncio.get_running_loop().time()
        seconds, self._changed_at = now - self._changed_at, now
        self._reachable.set()
        self._on_change(True)
        self._log.info("the broker is back", seconds=round(seconds, 1))
