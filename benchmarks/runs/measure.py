"""Measures a child process: wall-clock time, processor time and memory, as the operating system counts them."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: `python -m benchmarks...` runs from here."""

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_TAIL = 32_768


@dataclass(frozen=True, slots=True)
class Usage:
    """One run of one command."""

    wall_s: float
    cpu_s: float
    """User and system time of the process and its own children, summed over all cores."""
    peak_rss_bytes: int
    """Largest resident set. On Linux a child begins with that of its parent, so the measuring process must stay small:
    it loads no data and no data frames."""
    status: int
    """Exit status; -N when ended by signal N."""
    stdout: str
    """The last 32 KiB."""
    stderr: str
    """The last 32 KiB."""


def measure(
    command: Sequence[str], *, timeout_s: float | None = None, environment: Mapping[str, str] | None = None
) -> Usage:
    """Run `command` from the checkout and wait for it.

    Args:
        command: program and arguments; nothing is expanded by a shell.
        timeout_s: seconds after which the child is killed (its status is then -9).
        environment: variables that the child has beside those of this process.

    Raises:
        OSError: the program cannot be started.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        variables = None if environment is None else {**os.environ, **environment}
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=ROOT, env=variables
        )
        timer = threading.Timer(timeout_s or threading.TIMEOUT_MAX, child.kill)
        if timeout_s is not None:
            timer.start()
        try:
            # wait4, unlike wait, gives the usage of this child alone.
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            timer.cancel()
        wall_s = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait again
        return Usage(
            wall_s=wall_s,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_rss_bytes=usage.ru_maxrss * _RSS_UNIT,
            status=child.returncode,
            stdout=_tail(out),
            stderr=_tail(err),
        )


def typical(usages: Sequence[Usage]) -> Usage:
    """The median of each figure by itself; status and output are those of the last run."""
    return Usage(
        wall_s=median(usage.wall_s for usage in usages),
        cpu_s=median(usage.cpu_s for usage in usages),
        peak_rss_bytes=int(median(usage.peak_rss_bytes for usage in usages)),
        status=usages[-1].status,
        stdout=usages[-1].stdout,
        stderr=usages[-1].stderr,
    )


def peak_memory_bytes() -> int:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def _tail(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
    return file.read().decode(errors="replace")
