"""Compiles the kernels that are missing, in two processes, and says how far it is.

numba compiles a kernel when it is first called, and keeps the machine code on disk: in NUMBA_CACHE_DIR, or beside the
source. All of them take two minutes of one core. Most of this time is Python code of numba, of which a process
runs one thread at a time: so threads would not help.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from streams.heartbeat import heartbeat
from streams.kernels.kernel_list import listed_kernels

REPORT_EVERY_S = 4.0
"""Seconds between two reports of progress. Chosen, not measured: a reader should not have to wait for five."""
_PROCESSES = 2
"""Each takes up to 0.5 GB (measured), and what they have in common is compiled in both. Chosen, not measured."""

OnProgress = Callable[[int, int], None]
"""Called with how many of the missing kernels have been compiled, and how many were missing."""


def missing_kernels(*, in_every_replay: bool = False) -> list[int]:
    """Numbers in the list of those that are not on disk. Takes well under a second once all modules are loaded.

    Args:
        in_every_replay: only those that every replay uses.
    """
    return [
        number
        for number, kernel in enumerate(listed_kernels())
        if (kernel.in_every_replay or not in_every_replay) and not kernel.is_compiled
    ]


async def compile_missing(missing: list[int], on_progress: OnProgress) -> list[str]:
    """Compile kernels, and report progress: at the start, every few seconds, and at the end.

    Args:
        missing: their numbers in the list.
        on_progress: is called for that.

    Returns:
        Why some could not be compiled. They are compiled when they are first called, like others that are not listed.
    """
    left = list(reversed(missing))
    done = 0
    faults: list[str] = []

    async def one_process() -> None:
        nonlocal done
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams.kernels.compiling_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - for the type checker
        try:
            while left:
                process.stdin.write(b"%d\n" % left.pop())
                answer = await process.stdout.readline()
                if not answer:
                    faults.append("a process that compiles kernels has ended early")
                    return
                done += 1
                if fault := answer.decode(errors="replace").strip():
                    faults.append(fault)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def reports() -> None:
        while True:
            on_progress(done, len(missing))
            await asyncio.sleep(REPORT_EVERY_S)

    reporting = asyncio.create_task(reports())
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_PROCESSES, os.cpu_count() or 1, len(missing))):
                group.create_task(one_process())
    finally:
        reporting.cancel()
    on_progress(done, len(missing))
    return faults


def compile_kernels(say: Callable[[str], None], *, in_every_replay: bool = False) -> list[str]:
    """Compile what is missing; say so, and how far it is, if anything is.

    Args:
        say: takes what is said.
        in_every_replay: compile only what every replay uses. A run that uses more compiles that when it is called.

    Returns:
        Faults, as of `compile_missing`.
    """
    missing = missing_kernels(in_every_replay=in_every_replay)
    if not missing:
        return []
    begun = time.monotonic()

    def shown(done: int, total: int) -> None:
        say(
            f"compiling kernels, once after an installation: {done} of {total}, {time.monotonic() - begun:.0f} s"
        )
        heartbeat.spoke()

    async def compiled() -> list[str]:
        with cancelled_by(signal.SIGTERM):
            return await compile_missing(missing, shown)

    try:
        with heartbeat.held():
            return asyncio.run(compiled())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


@contextmanager
def cancelled_by(*numbers: int) -> Iterator[None]:
    """Let signals cancel the current task, which then ends in order, with the processes that it has started.

    A handler that raises does so in the middle of whatever the event loop is at; asyncio reports that with a traceback.
    At the end the signals do again what they did before.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for the type checker
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
