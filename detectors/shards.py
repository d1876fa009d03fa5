"""Shards: how a stage's rows are parted by key, and how the parts are worked off.

A stage that can be cut is always cut into `VIRTUAL_SHARDS` parts, each with a memory and bounds of its own. A *shard*
is a group of these parts that one thread or worker holds. So the number of shards changes who does the work and
nothing else. (Flink calls the parts key groups, RisingWave vnodes.)
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from detectors.arrays.compiled import compiled, inlined_number
from detectors.arrays.dtypes import I64, U64, Int
from detectors.arrays.hashing import mix

SHARD_BITS = 4
VIRTUAL_SHARDS = 1 << SHARD_BITS
"""Parts of a stage that is cut. 16: the most shards that it can run in. Chosen; more parts cost more calls a tick."""
SHARD_COUNTS = (1, 2, 4, 8, 16)
"""Shards that a stage can run in: each holds equally many parts."""

T = TypeVar("T")
Task = Callable[[], T]


class Runner(Protocol):
    """Runs tasks that share nothing which any of them changes; drivers pass one in, since detectors know no threads."""

    def __call__(self, tasks: Sequence[Task[T]]) -> list[T]:
        """The result of each task, in the order of the tasks."""
        ...


def in_turn(tasks: Sequence[Task[T]]) -> list[T]:
    """Runs one task after another in the calling thread."""
    return [task() for task in tasks]


@inlined_number
def virtual_shard(key: np.uint64) -> Int:
    """The part that a key belongs to. It takes bits of the hash that no table takes for its places."""
    return np.int64(mix(key) >> np.uint64(64 - SHARD_BITS))


@compiled
def parted(keys: U64, parts: int) -> tuple[I64, I64]:
    """Rows by the part they belong to; within a part they keep their order.

    Args:
        keys: uint64, the key of each row.
        parts: count of parts, a power of two; `VIRTUAL_SHARDS` at most.

    Returns:
        The rows, int64 (rows,), and the place of each part's first one among them, int64 (parts + 1,).
    """
    begins = np.zeros(parts + 1, np.int64)
    each = VIRTUAL_SHARDS // parts
    for row in range(len(keys)):
        begins[virtual_shard(keys[row]) // each + 1] += 1
    for part in range(parts):
        begins[part + 1] += begins[part]
    places = begins.copy()
    rows = np.empty(len(keys), np.int64)
    for row in range(len(keys)):
        owner = virtual_shard(keys[row]) // each
        rows[places[owner]] = row
        places[owner] += 1
    return rows, begins


def parts_of(shards: int, parts: int = VIRTUAL_SHARDS) -> list[range]:
    """The parts that each of `shards` shards holds.

    Raises:
        ValueError: the parts cannot be shared out evenly.
    """
    if shards not in SHARD_COUNTS or parts % shards:
        raise ValueError(f"the number of shards must be one of {', '.join(map(str, SHARD_COUNTS))}")
    each = parts // shards
    return [range(shard * each, (shard + 1) * each) for shard in range(shards)]
