"""The stage of pools: posts in, and once a day the accounts of pools, their edges and their counts out."""

from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I32, I64, StructArray
from detectors.config import KINDS, DetectionConfig
from detectors.networks.edges import NO_EDGES, Edges, Ground, edges_of
from detectors.pools.company import judge
from detectors.pools.pool_facts import MEMBERS, PoolFacts, pool_facts
from detectors.pools.pool_groups import pool_edges, pool_groups
from detectors.pools.pool_records import PoolRecords
from detectors.pools.pool_test import PoolTest, pool_test
from detectors.pools.waiting_shares import SPAN_S, WaitingShares
from detectors.traces.traces import Traces
from schemas.shares import TraceKind

_MENTION = KINDS.index(TraceKind.MENTION)


class PoolStage:
    """Finds pools.

    Memory: see `WaitingShares` and `PoolRecords`; a test needs about 100 more bytes an account for a moment.

    Args:
        config: limits, false-discovery rate, days of evidence and seed.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_level", "_seed"})

    def __init__(self, config: DetectionConfig) -> None:
        self._level = config.gate.false_discovery_rate
        self._seed = config.seed
        self.waiting = WaitingShares(config.pools.max_shares)
        self.records = PoolRecords(config.evidence.keep_days, config.pools.max_records)
        self.members: StructArray = np.zeros(0, MEMBERS)
        """The accounts of pools as last tested."""

    def add(self, traces: Traces, accounts: I32, begin: int, end: int) -> None:
        """Take the posts `begin` to `end` of a batch and their shares; posts come in event order.

        Mentions are left out, since many accounts mention one person.

        Args:
            traces: posts and shares of the batch.
            accounts: int32, account number of each post of the batch.
            begin: the first post.
            end: the post after the last.
        """
        shares = slice(*np.searchsorted(traces.share_post, (begin, end)).tolist())
        posts, kinds = traces.share_post[shares] - begin, traces.share_kind[shares]
        kept = kinds != _MENTION
        self.waiting.add(
            traces.times[begin:end],
            accounts[begin:end],
            posts[kept],
            kinds[kept],
            traces.share_object[shares][kept],
        )

    def forget_posts(self, accounts: I32, times: I64) -> None:
        """Let posts keep nobody company any more; all that an account posted in the same second goes with them.

        Args:
            accounts: int32, who posted each.
            times: int64, when, seconds.
        """
        if len(accounts):
            self.waiting.forget(accounts, times)
            self.records.forget(accounts, times)

    def edges(self, now: int, accounts: int) -> Edges:
        """Judge the posts that are a day old, test all accounts, and tie the accounts of each pool.

        Called at the end of each day.

        Args:
            now: event time, seconds.
            accounts: count of accounts so far.
        """
        due = self.waiting.due(now - SPAN_S)
        if due.begin < due.end:
            judged, fresh = judge(due)
            self.records.add(judged, now)
            self.waiting.settle(fresh, now - SPAN_S)
        elif len(self.records):
            self.records.age(now)
        meetings = self.records.meetings
        if not len(meetings):
            self.members = np.zeros(0, MEMBERS)
            return NO_EDGES
        test = pool_test(self.records.days, meetings, accounts, self._level)
        pools = pool_groups(meetings, test.passed, self._seed) if test.passed.any() else []
        self.members = _members(pools, test)
        return edges_of(*pool_edges(pools, test.surprise), Ground.POOL)

    def facts(self, accounts: I32) -> PoolFacts | None:
        """What those of `accounts` that are in pools have in common; None if fewer than two are."""
        inside = self.members[np.isin(self.members["account"], accounts)]
        return pool_facts(inside, self.records.meetings)


def _members(pools: list[I32], test: PoolTest) -> StructArray:
    """The counts of the accounts of all pools."""
    members = np.zeros(sum(map(len, pools)), MEMBERS)
    if not len(members):
        return members
    members["account"] = np.concatenate(pools)
    members["pool"] = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])
    for name in test._fields[1:]:
        members[name] = getattr(test, name)[members["account"]]
    return members[np.argsort(members["account"])]
