"""Work with the brokers in sessions: an outage ends one, and the next begins when the brokers are back.

A session opens its clients, works, and closes them. That is simpler and surer than to heal clients which an outage has
left in some state in between.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from streams.live.broker.outages import BrokerWatch, passes

_AGAIN_S = 0.5
"""Seconds before the first new attempt; each further one waits twice as long. Chosen, not measured."""
_LONGEST_WAIT_S = 4.0
"""Seconds before a new attempt at most. Chosen, not measured."""
_STALLED_S = 15.0
"""Seconds without a turn after which a session is given up although the brokers answer. Chosen, not measured: a client
may wait up to 40 s for an answer to what it asked before an outage."""
_STEADY_S = 60.0
"""Seconds after which a session counts as having worked. Chosen, not measured."""
_MOST_FAILURES = 8
"""Sessions that may fail one after another while the brokers answer; then it is no outage. Chosen, not measured."""
_LOOK_EVERY_S = 0.25
"""Seconds between two looks at a session. Chosen, not measured."""
_ENDING_S = 10.0
"""Seconds that a session has to end after it was cancelled. Chosen, not measured: closing its clients is bounded."""


class Sessions:
    """Runs sessions one after another.

    Args:
        name: of what works in them, for the log.
        watch: knows whether the brokers can be reached.
        log: of the worker.
    """

    def __init__(self, name: str, watch: BrokerWatch, log: Any) -> None:
        self._name = name
        self._watch = watch
        self._log = log

    async def run(
        self,
        session: Callable[[], Coroutine[Any, Any, None]],
        stopping: Callable[[], bool] = lambda: False,
        quiet_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Run sessions until `stopping` is true.

        Args:
            session: opens its clients, works until `stopping` is true, and closes them.
            stopping: whether the work is over.
            quiet_s: gives the seconds since the session last made a turn.

        Raises:
            Exception: a fault that does not pass.
        """
        loop = asyncio.get_running_loop()
        failures = 0
        while not stopping():
            if not self._watch.reachable:
                await asyncio.sleep(_LOOK_EVERY_S)
                continue
            begun, outages = loop.time(), self._watch.outages
            error = await self._one(session(), quiet_s)
            if error is None and stopping():
                return
            error = error or RuntimeError("it ended unasked")
            if stopping() and passes(error):
                return
            undisturbed = outages == self._watch.outages and self._watch.reachable
            failures = failures + 1 if undisturbed and loop.time() - begun < _STEADY_S else 0
            if not passes(error) or failures >= _MOST_FAILURES:
                raise error
            if undisturbed:
                reason = f"{type(error).__name__}: {error}".rstrip(": ")
                self._log.warning("connected anew", part=self._name, reason=reason)
            await asyncio.sleep(min(_AGAIN_S * 2**failures, _LONGEST_WAIT_S))

    async def _one(
        self, session: Coroutine[Any, Any, None], quiet_s: Callable[[], float]
    ) -> BaseException | None:
        """Run a session; give the fault that ended it. One that makes no turn is cancelled."""
        task = asyncio.ensure_future(session)
        begun = asyncio.get_running_loop().time()
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK_EVERY_S)
                lasted = asyncio.get_running_loop().time() - begun
                quiet = min(quiet_s(), lasted, self._watch.reachable_s)
                if quiet > _STALLED_S and not task.done():
                    await _cancelled(task)
                    return TimeoutError(f"it stood still for {quiet:.0f} s")
        except asyncio.CancelledError:
            await _cancelled(task)
            raise
        if task.cancelled():
            return asyncio.CancelledError("a client cancelled it")
        return task.exception()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for its end, within a bound."""
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=_ENDING_S)
    if done and not task.cancelled():
        task.exception()
