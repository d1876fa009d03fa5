"""The threads that work off the shards of detection, in a replay and in a worker."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from detectors.shards import SHARD_COUNTS, Runner, Task, in_turn

T = TypeVar("T")


class ShardThreads:
    """As many threads as shards, which start when they are first needed. Kernels release the interpreter lock."""

    def __init__(self, shards: int) -> None:
        self._pool = ThreadPoolExecutor(shards, thread_name_prefix="shard")

    def __call__(self, tasks: Sequence[Task[T]]) -> list[T]:
        """The result of each task, in the order of the tasks."""
        return [future.result() for future in [self._pool.submit(task) for task in tasks]]


def shards_of_machine() -> int:
    """The most shards that this process has a processor each for."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(count for count in SHARD_COUNTS if count <= max(1, processors))


def runner(shards: int) -> Runner:
    """What works off `shards` shards."""
    return ShardThreads(shards) if shards > 1 else in_turn
