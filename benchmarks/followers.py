"""Follow events per second, memory, and cost of the statistics, on generated events with skewed popularity.

    python -m benchmarks.followers [EVENTS]

There is one account for every 10 events, with popularity and activity by Zipf's law (exponents 0.8 and 0.5); 500
registry accounts follow 300 accounts each. One event in ten repeats an earlier one, one in fifty reverses one. A first
run compiles changed kernels before the clock starts. Rates are per second of processor time, on one core.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.runs.measure import peak_memory_bytes
from detectors.arrays.dtypes import I64, U8, U64
from detectors.followers.follow_edges import FOLLOW, UNFOLLOW
from detectors.followers.follower_overlap import FollowNullModel
from detectors.followers.followers import FollowerStore

_BATCH = 10_000
_REGISTRY = 500
_START = 1_500_000_000


def main() -> int:
    """Run the command line; return the exit status."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    registry, follower, followee, action, at = events(count, seed=3)
    before = peak_memory_bytes()
    _measure(registry, follower[:1000], followee[:1000], action[:1000], at[:1000])
    store, took, worst = _measure(registry, follower, followee, action, at)
    used = peak_memory_bytes() - before
    print(
        f"{len(at):,} events in batches of {_BATCH:,}: {len(at) / took / 1e6:.1f}M/s, longest {worst:.3f} s"
    )
    print(f"{len(store):,} edges present, {store.remembered:,} remembered, {used / 1e6:.0f} MB at most")
    big = FollowerStore(registry)
    took = _timed(lambda: big.apply(follower, followee, action, at))
    print(f"the same at once: {len(at) / took / 1e6:.1f}M/s")
    took = _timed(lambda: big.apply(follower, followee, action, at))
    print(f"again, nothing new: {len(at) / took / 1e6:.1f}M/s")
    keys = store.followees().keys[:: max(1, count // 1_000_000)]
    print(
        f"null model of {len(store.followees().keys):,} accounts: {_timed(lambda: FollowNullModel(store)):.3f} s"
    )
    null = FollowNullModel(store)
    print(f"tails of {len(keys):,} accounts: {_timed(lambda: null.account_tails(keys)):.3f} s")
    print(f"enrichment of 100 members: {_timed(lambda: null.enrichment(keys[:100])):.4f} s")
    print(f"pairs of {len(keys):,} accounts: {_timed(lambda: null.overlapping_pairs(keys, max_p=1.0)):.3f} s")
    return 0


def events(count: int, seed: int) -> tuple[U64, U64, U64, U8, I64]:
    """Follow events of one platform, in order of time.

    Returns:
        registry keys (ascending), then follower, followee, action and time of each event.
    """
    random = np.random.default_rng(seed)
    accounts = max(count // 10, 1000)
    names = np.unique(random.integers(1, 2**63, accounts, dtype=np.uint64), return_counts=True)[0]
    names = random.permutation(names)
    registry = np.sort(random.choice(names, _REGISTRY, replace=False))
    follower = random.permutation(names)[_zipf(random, len(names), 0.5, count)]
    followee = names[_zipf(random, len(names), 0.8, count)]
    follows = min(300, count // _REGISTRY)
    follower[: _REGISTRY * follows] = np.repeat(registry, follows)
    order = random.permutation(count)
    follower, followee = follower[order], followee[order]
    again = np.flatnonzero(random.random(count) < 0.1)
    source = (again * random.random(len(again))).astype(np.int64)
    follower[again], followee[again] = follower[source], followee[source]
    action = np.full(count, FOLLOW, np.uint8)
    action[again[random.random(len(again)) < 0.2]] = UNFOLLOW
    return registry, follower, followee, action, _START + np.arange(count, dtype=np.int64)


def _measure(
    registry: U64, follower: U64, followee: U64, action: U8, at: I64
) -> tuple[FollowerStore, float, float]:
    """Apply events in batches; return the store, total seconds, and seconds of the longest batch."""
    store = FollowerStore(registry)
    times = []
    for begin in range(0, len(at), _BATCH):
        step = slice(begin, begin + _BATCH)
        start = time.process_time()
        store.apply(follower[step], followee[step], action[step], at[step])
        times.append(time.process_time() - start)
    return store, sum(times), max(times)


def _timed(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def _zipf(random: np.random.Generator, size: int, exponent: float, count: int) -> I64:
    weights = np.cumsum(1 / np.arange(1, size + 1) ** exponent)
    return np.searchsorted(weights / weights[-1], random.random(count))


if __name__ == "__main__":
    raise SystemExit(main())
