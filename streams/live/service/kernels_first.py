"""A worker compiles the kernels that are missing before it joins the others: no post waits for a compiler.

Meanwhile it answers that it is alive and not ready. Once it has joined, it loads them all, so that it need not when it
takes over.
"""

import asyncio
import signal
import socket
import time
from contextlib import suppress
from typing import Any

from streams.kernels.compiling import cancelled_by, compile_missing, missing_kernels
from streams.kernels.kernel_list import listed_kernels
from streams.kernels.late_compiling import tell_of_late_compiling
from streams.live.service.web import Web
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings


def compile_first(settings: Settings, log: Any, server: socket.socket | None) -> bool:
    """Compile what is missing, and log how far it is.

    Args:
        settings: of the worker.
        log: of the worker.
        server: where health is served meanwhile; None: nowhere.

    Returns:
        Whether the worker should go on: False if a signal has ended it.
    """
    missing = missing_kernels()
    if missing and not asyncio.run(_compile(missing, settings, log, server)):
        return False
    tell_of_late_compiling(
        lambda name, seconds: log.warning(
            "a kernel was compiled late", kernel=name, seconds=round(seconds, 1)
        )
    )
    return True


def load_kernels() -> None:
    """Load the kernels from disk ahead, for a worker that may take detection over: .75 s of CPU, 90 MB (measured).

    Call it in a thread of its own. A kernel that is called meanwhile is loaded first or next.
    """
    for kernel in listed_kernels():
        if kernel.is_compiled:
            kernel.compile()  # which finds it on disk


async def _compile(missing: list[int], settings: Settings, log: Any, server: socket.socket | None) -> bool:
    telemetry = Telemetry(settings.kafka.topic_prefix, settings.detection)
    # a copy, because what serves closes its socket at the end
    web = Web(telemetry, server.dup()) if server is not None else None
    begun = time.monotonic()

    def shown(done: int, total: int) -> None:
        telemetry.health.kernels_left = total - done
        # each line has a text of its own: the log leaves out what repeats
        log.info(f"compiling kernels: {done} of {total}", seconds=round(time.monotonic() - begun))

    try:
        with cancelled_by(signal.SIGTERM, signal.SIGINT):
            if web is not None:
                await web.start()
            for fault in await compile_missing(missing, shown):
                log.warning("a kernel could not be compiled ahead", fault=fault)
    except asyncio.CancelledError:
        log.info("worker stopped while it compiled kernels")
        return False
    finally:
        if web is not None:
            with suppress(asyncio.CancelledError):
                await web.stop()
    return True
