"""Kernels are compiled ahead, all that runs use, and no run waits for one in silence."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from streams.kernels.compiling import compile_missing, missing_kernels
from streams.kernels.kernel_list import listed_kernels
from tests.kernel_recording import FILE

PROGRAM = Path(sys.executable).parent / "lockstep"
QUICK = "detectors.event_time.duplicates"
"""A module whose kernels compile in a second."""

USED = """
import json
import sys
from numba.core.registry import CPUDispatcher
from streams.kernels.kernel_list import listed_kernels
from tests.kernel_runs import use_all_kernels

use_all_kernels()
listed = {(kernel.module, kernel.name, kernel.arguments) for kernel in listed_kernels()}
used = {
    (found.py_func.__module__, found.py_func.__name__, types)
    for module in list(sys.modules.values()) if module.__name__.startswith(("detectors.", "streams."))
    for found in vars(module).values() if isinstance(found, CPUDispatcher)
    for types in found.overloads
}
print(json.dumps([len(used), sorted(f"{module}.{name}{types}" for module, name, types in used - listed)]))
"""

COMPILED = f"""
import asyncio
import json
from streams.kernels.compiling import compile_missing, missing_kernels
from streams.kernels.kernel_list import listed_kernels

quick = [number for number, kernel in enumerate(listed_kernels()) if kernel.module == "{QUICK}"]
before = missing_kernels()
reports = []
faults = asyncio.run(compile_missing(quick, lambda done, missing: reports.append([done, missing])))
print(json.dumps([len(before), quick, sorted(set(before) - set(missing_kernels())), reports, faults]))
"""


FIRST = """
from streams.live.service.kernels_first import compile_first
from streams.live.service.logs import set_up
from streams.settings.settings import Settings

print(compile_first(Settings(), set_up("worker", "prefix."), None))
"""


def test_every_kernel_of_the_list_is_there() -> None:
    rows = msgspec.json.decode(FILE.read_bytes())["kernels"]

    assert len(listed_kernels()) == len(rows) > 80
    assert 80 < sum(kernel.in_every_replay for kernel in listed_kernels()) < len(rows)
    assert len({(module, name, *arguments) for module, name, arguments in rows}) == len(rows)


@pytest.mark.slow
def test_given_runs_of_every_sort_then_they_use_no_kernel_that_is_not_listed() -> None:
    done = subprocess.run([sys.executable, "-c", USED], capture_output=True, text=True, check=True)
    used, unlisted = json.loads(done.stdout)

    assert unlisted == [], "python -m tests.kernel_recording writes the list anew"
    assert used > 50


@pytest.mark.slow
def test_given_nothing_is_compiled_then_processes_compile_what_is_asked_for_and_tell_of_it(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMPILED],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    before, quick, compiled, reports, faults = json.loads(done.stdout)

    assert before == len(listed_kernels()) and quick
    assert set(quick) <= set(compiled) and faults == []
    assert reports[0] == [0, len(quick)] and reports[-1] == [len(quick), len(quick)]


@pytest.mark.slow
def test_given_all_is_compiled_then_the_command_says_so_at_once() -> None:
    assert asyncio.run(compile_missing(missing_kernels(), lambda done, missing: None)) == []
    begun = time.monotonic()

    done = subprocess.run([PROGRAM, "compile"], capture_output=True, text=True, check=True)

    assert "kernels are compiled" in done.stderr and "compiling" not in done.stderr
    # 1.5 s on an idle machine; to compile anything anew takes longer than this
    assert time.monotonic() - begun < 30


@pytest.mark.slow
def test_given_a_replay_and_nothing_is_compiled_then_it_says_so_and_can_be_ended(tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("object_id,account_id,content_id,timestamp_share\no,a,p,1700000000\n")
    with subprocess.Popen(
        [PROGRAM, "replay", str(posts), "--no-progress"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    ) as replay:
        assert replay.stderr is not None
        every = sum(kernel.in_every_replay for kernel in listed_kernels())
        assert f"compiling kernels, once after an installation: 0 of {every}" in replay.stderr.readline()
        replay.send_signal(signal.SIGTERM)
        assert replay.wait(timeout=10) == 128 + signal.SIGTERM
        assert (
            replay.stderr.read() == ""
        )  # nobody holds it open any more: the processes that compile have ended


@pytest.mark.slow
def test_given_a_worker_that_compiles_when_it_is_asked_to_end_then_it_ends_within_seconds(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FIRST],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stderr is not None and worker.stdout is not None
        said = json.loads(worker.stderr.readline())
        assert said["event"] == f"compiling kernels: 0 of {len(listed_kernels())}"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=15) == 0
        assert worker.stdout.read() == "False\n"
        assert json.loads(worker.stderr.read())["event"] == "worker stopped while it compiled kernels"
