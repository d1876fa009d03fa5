"""Memory that was freed goes back to the system: seen from outside, in a process of its own."""

import os
import subprocess
import sys

import pytest

_FREED_MB = """
import numpy as np
from streams.allocators import give_memory_back
give_memory_back()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
def used():
    # freeing large blocks makes glibc keep the next ones of that size, unless it is set not to
    for _ in range(3):
        np.ones(3_900_000)
    blocks = [np.ones(2_000_000) for _ in range(20)]
    pinned = [np.ones(2) for _ in range(20)]
    return blocks, pinned
blocks, pinned = used()
before = resident()
kept = blocks[-1]
del blocks
print(before - resident())
"""


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_given_a_large_block_in_use_when_those_before_it_are_freed_then_their_memory_goes_back() -> None:
    assert float(run(_FREED_MB)) > 280  # of 19 blocks of 16 MB


def test_given_settings_of_allocators_in_the_environment_then_they_stay() -> None:
    code = (
        "import os; from streams.allocators import give_memory_back; give_memory_back();"
        "print(os.environ['_RJEM_MALLOC_CONF'])"
    )

    assert run(code, _RJEM_MALLOC_CONF="narenas:1", MALLOC_MMAP_THRESHOLD_="65536") == "narenas:1"


def test_given_the_program_then_polars_is_loaded_after_its_allocator_is_set() -> None:
    code = "import sys; import streams.__main__; assert 'polars' not in sys.modules;print('set')"

    assert run(code) == "set"
