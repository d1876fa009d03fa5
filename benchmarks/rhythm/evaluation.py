"""Runs the rhythm detector over a world."""

from benchmarks.rhythm.worlds import DAYS, START, PostTimes
from detectors.synchrony.rhythm import RhythmPairs, RhythmStore

_DAY = 86_400
_BATCH = 10_000
"""Posts the store takes at a time, as many as a batch of a replay."""


def evaluated(posts: PostTimes, **settings: int) -> RhythmPairs:
    """The pairs that a store with these settings finds in a week of posts."""
    store = RhythmStore(**settings)
    for begin in range(0, len(posts.times), _BATCH):
        store.add(posts.accounts[begin : begin + _BATCH], posts.times[begin : begin + _BATCH])
    return store.evaluate(START + DAYS * _DAY)
