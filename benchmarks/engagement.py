"""Cost of the rolling engagement counts and of the obscurity statistics, on generated posts.

    python -m benchmarks.engagement [POSTS] [SHARE]

There is one account for every 50 posts, with activity by Zipf's law (exponent 0.8). A third of the posts refer to an
earlier post, a tenth of those to one that is missing; half of the references are close, the others anywhere in the
window. SHARE of the posts (0.5 by default) have counts from the platform. Posts cover 14 days, so the window of 7 days
turns over once. All posts are in memory before the clock starts; a first run compiles the kernels.
"""

import sys
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

from detectors.arrays.dtypes import I32, I64, U64
from detectors.engagement.engagement import EngagementStore
from detectors.engagement.obscurity import ActivityFigures, Peers, network_obscurity

T = TypeVar("T")

_BATCH = 10_000
_START = 1_500_000_000
_DAYS = 14


class EngagementPosts(NamedTuple):
    """Columns as `EngagementStore.add` takes them."""

    accounts: I32
    times: I64
    post_keys: U64
    targets: U64
    metrics: I64


def main() -> int:
    """Run the command line; return the exit status."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
    _run(posts(20_000, share, seed=1))
    rows = posts(count, share, seed=2)
    store, took, worst = _run(rows)
    print(
        f"{count:,} posts in batches of {_BATCH:,}: {took / count * 1e6:.3f} µs a post, longest {worst:.3f} s"
    )
    print(
        f"{len(store):,} posts held, {store.nbytes / len(store):.0f} bytes each, all tables and accounts included"
    )
    now, accounts = int(rows.times[-1]) + 1, int(rows.accounts.max()) + 1
    table, took = _timed(lambda: store.table(now, accounts))
    print(f"table of {accounts:,} accounts: {took * 1e3:.1f} ms")
    random = np.random.default_rng(3)
    members = random.choice(accounts, 100, replace=False)
    _, took = _timed(lambda: store.received_from(members.astype(np.int32)))
    print(f"reactions among 100 members: {took * 1e3:.1f} ms")
    figures = ActivityFigures(
        *table,
        random.lognormal(5, 1.8, accounts).astype(np.int64),
        random.integers(0, 4_000, accounts),
        np.zeros(accounts, np.int32),
    )
    exclude = np.zeros(accounts, np.bool_)
    exclude[members] = True
    _, took = _timed(lambda: Peers(figures, exclude))
    peers, took = _timed(lambda: Peers(figures, exclude))
    print(f"peers of {accounts:,} accounts: {took * 1e3:.0f} ms")
    _, took = _timed(lambda: network_obscurity(peers, members))
    print(f"obscurity of a network of 100: {took * 1e3:.1f} ms")
    return 0


def posts(count: int, share: float, seed: int) -> EngagementPosts:
    """Posts in event order."""
    random = np.random.default_rng(seed)
    accounts = max(count // 50, 10)
    weights = np.cumsum(1 / np.arange(1, accounts + 1) ** 0.8)
    by = random.permutation(accounts)[np.searchsorted(weights / weights[-1], random.random(count))]
    keys = random.integers(1, 2**63, count, dtype=np.uint64)
    back = np.where(
        random.random(count) < 0.5, random.exponential(1_000, count), random.random(count) * count / 2
    )
    target = keys[np.maximum(np.arange(count) - 1 - back.astype(np.int64), 0)]
    target[random.random(count) < 0.1] ^= np.uint64(1)
    targets = np.zeros((count, 3), np.uint64)
    refers = random.random(count) < 1 / 3
    targets[np.arange(count), random.choice(3, count, p=[0.6, 0.3, 0.1])] = np.where(
        refers, target, np.uint64(0)
    )
    metrics = np.full((count, 4), -1)
    counted = random.random(count) < share
    metrics[counted] = random.poisson(0.3, (int(counted.sum()), 4))
    times = _START + np.sort(random.integers(0, _DAYS * 86_400, count))
    return EngagementPosts(by.astype(np.int32), times, keys, targets, metrics)


def _run(rows: EngagementPosts) -> tuple[EngagementStore, float, float]:
    """Add posts in batches; return the store, total seconds, and seconds of the longest batch."""
    store = EngagementStore()
    times = []
    for begin in range(0, len(rows.times), _BATCH):
        start = time.perf_counter()
        step = slice(begin, begin + _BATCH)
        store.add(
            rows.accounts[step],
            rows.times[step],
            rows.post_keys[step],
            rows.targets[step],
            rows.metrics[step],
        )
        times.append(time.perf_counter() - start)
    return store, sum(times), max(times)


def _timed(run: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    raise SystemExit(main())
