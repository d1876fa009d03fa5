"""Posts that were deleted, and accounts that were erased.

Deleted posts stop counting at the end of the epoch in which that was reported.

A report names a post. When its epoch ends, everything that rests upon the post alone leaves: the rows of pair evidence
whose first co-share it made, its meetings in pools, its place among the samples, facts about it, and its part in the
last alerts. Shares of it that wait for their crowd make no co-shares any more. What was counted without remembering the
post stays as it was: crowds, exposure, activity, rhythm, and the figures of engagement. All of these speak of what is
usual, so that they stay errs against a suspicion.

An account that is erased leaves with all its posts, its networks and its name.

A report may come before the post (`detectors.event_time.rejected_rows`); the post then never comes here.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.accounts import AccountStore
from detectors.alerts.alerting import AlertWriter
from detectors.arrays.dtypes import I32, I64, StructArray
from detectors.arrays.hashing import hash_strings
from detectors.covertness.account_observations import AccountObservations
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.networks.edges import Edges, without_accounts
from detectors.networks.network_stage import NetworkStage
from detectors.pools.pools import PoolStage
from detectors.traces.traces import ACCOUNT_KEYS

DELETIONS = {
    "created_at": pl.Int64,  # when the deletion was reported, seconds
    "post_key": pl.UInt64,
    "account_key": pl.UInt64,
    "post_id": pl.String,
}
"""Columns of reports of deletions, as `detectors.traces.traces.keyed` gives them."""

_NEVER = np.iinfo(np.int64).max


class Deletions:
    """Reports of deletions until they take effect.

    Args:
        samples: the posts behind the evidence.
        stage: pairs and networks.
        pools: meetings.
        observations: facts about posts.
        accounts: numbers of accounts.
        writer: has the last alerts.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"_samples", "_stage", "_pools", "_observations", "_accounts", "_writer"}
    )
    _waiting: Annotated[pl.DataFrame, DELETIONS]

    def __init__(
        self,
        samples: CoShareSamples,
        stage: NetworkStage,
        pools: PoolStage,
        observations: AccountObservations,
        accounts: AccountStore,
        writer: AlertWriter,
    ) -> None:
        self._samples = samples
        self._stage = stage
        self._pools = pools
        self._observations = observations
        self._accounts = accounts
        self._writer = writer
        self._waiting = pl.DataFrame(schema=DELETIONS)
        self._gone: I64 = np.zeros(0, np.int64)
        """Running numbers of deleted posts that may still wait for their crowd, ascending."""
        self._erased: I32 = np.zeros(0, np.int32)
        """Numbers of erased accounts, ascending."""

    def add(self, reports: pl.DataFrame) -> None:
        """Add reports, with the columns `DELETIONS`, before event time reaches the end of their epoch."""
        self._waiting = pl.concat([self._waiting, reports.select(DELETIONS.keys())])

    @property
    def next(self) -> int:
        """Event time of the earliest report that waits, seconds; very late: there is none."""
        return int(self._waiting["created_at"].to_numpy().min(initial=_NEVER))

    def apply(self, now: int) -> None:
        """Let reports of before event time `now`, seconds, take effect."""
        if not self.next < now:
            return
        due = self._waiting.filter(pl.col("created_at") < now)
        self._waiting = self._waiting.filter(pl.col("created_at") >= now)
        numbers, of, times = self._samples.take_out("key", due["post_key"])
        self._take_out(numbers, of, times)
        accounts = pl.Series(self._accounts.find(due["account_key"].to_numpy()), dtype=pl.Int32)
        named = due.select(accounts.alias("account"), "post_id")
        self._observations.facts.forget(named)
        passed_on = self._observations.amplified
        self._observations.amplified = passed_on.join(
            named, on=["account", "post_id"], how="anti", maintain_order="left"
        )
        self._writer.forget_posts(set(named["post_id"].to_list()), set(of.tolist()))

    def erase(self, names: Sequence[str]) -> None:
        """Take accounts out: their posts, their membership, their names. Nothing of them may come any more.

        Args:
            names: as `platform:account_id`.
        """
        numbers = self._accounts.find(hash_strings(pl.Series(names, dtype=pl.String), ACCOUNT_KEYS))
        numbers = np.unique(numbers[numbers >= 0])
        if not len(numbers):
            return
        self._take_out(*self._samples.take_out("account", pl.Series(numbers)))
        self._observations.facts.forget(pl.DataFrame({"account": numbers}))
        self._stage.forget_accounts(numbers)
        self._writer.forget_accounts({number: self._accounts.names[number] for number in numbers.tolist()})
        self._accounts.erase(numbers)
        self._erased = np.union1d(self._erased, numbers)

    def remaining_edges(self, edges: Edges) -> Edges:
        """The edges without those of erased accounts."""
        return without_accounts(edges, self._erased) if len(self._erased) else edges

    def remaining(self, co_shares: StructArray) -> StructArray:
        """The records of `CO_SHARES` without those of deleted posts."""
        if not len(self._gone) or not len(co_shares):
            return co_shares
        gone = np.isin(co_shares["later_post"], self._gone) | np.isin(co_shares["earlier_post"], self._gone)
        return co_shares[~gone] if gone.any() else co_shares

    def _take_out(self, numbers: I64, accounts: I32, times: I64) -> None:
        """Take posts out of the evidence, by what `CoShareSamples.take_out` knows of them."""
        waiting = np.union1d(self._gone, numbers)
        self._gone = waiting[waiting >= self._samples.unsettled_from]
        self._stage.forget_posts(numbers)
        self._pools.forget_posts(accounts, times)
