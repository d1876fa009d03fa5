"""Whether the machine has what a run needs: disk space, cores, a clock, and a terminal that shows all letters."""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import detectors
from streams.doctor.finding import Finding, Status

_GB = 1e9
LEAST_TEMPORARY = 5 * _GB
"""Bytes; sorting a dump needs about the dump's unpacked size."""
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


def compiled_code_is_kept() -> Finding:
    """Whether numba can keep what it compiles; if not, every start compiles again."""
    check = "compiled code"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    # numba writes beside the source where it is allowed to, otherwise to a folder of the user
    places = [Path(chosen)] if chosen else [Path(detectors.__file__ or "").parent / "__pycache__"]
    if not chosen:
        places.append(Path.home() / ".cache" / "numba")
    for place in places:
        if _is_writable(place):
            return Finding(check=check, status=Status.OK, found=f"kept in {place}")
    return Finding(
        check=check,
        status=Status.WARN,
        found=f"{' and '.join(map(str, places))} cannot be written. Every start compiles again, which "
        "takes one to three minutes.",
        mend="Set NUMBA_CACHE_DIR to a folder that can be written.",
    )


def temporary_space() -> Finding:
    """Whether there is disk space to sort a large dump."""
    check = "temporary files"
    try:
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"There is no folder for temporary files: {error.strerror or error}.",
            mend="Set TMPDIR to a folder that can be written.",
        )
    found = f"{free / _GB:,.1f} GB free in {folder}"
    if free < LEAST_TEMPORARY:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{found}. Sorting a dump that is not in order of time needs the dump's unpacked size.",
            mend="Set TMPDIR to a folder with more space.",
        )
    return Finding(check=check, status=Status.OK, found=found)


def output_encoding() -> Finding:
    """Whether standard output can show every letter."""
    check = "text output"
    encoding = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "")
    if not encoding.startswith("utf"):
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"Standard output uses {sys.stdout.encoding}, which cannot show all names and texts.",
            mend="Set LC_ALL=C.UTF-8 or PYTHONUTF8=1. Files are always written in UTF-8.",
        )
    return Finding(check=check, status=Status.OK, found=f"{sys.stdout.encoding}")


def clock() -> Finding:
    """Whether the clock can be right: posts more than a day in the future are set aside."""
    now = datetime.fromtimestamp(time.time(), UTC)
    found = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < _EARLIEST:
        return Finding(
            check="clock",
            status=Status.FAIL,
            found=f"{found}. Posts would seem to come from the future.",
            mend="Set the clock of this machine.",
        )
    return Finding(check="clock", status=Status.OK, found=found)


def cores() -> Finding:
    """How many processor cores a run may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count < 2:
        return Finding(
            check="cores",
            status=Status.WARN,
            found="1 core. Reading and detection take turns.",
            mend="With a second core, both run at once.",
        )
    return Finding(check="cores", status=Status.OK, found=f"{count}")


def _is_writable(folder: Path) -> bool:
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return False
    finally:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
    return True
