"""A copy of the posts of a run without coordination, as a source that a replay reads like any other."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from detectors.followers.follow_edges import FOLLOW, FollowEvents
from streams.replay.chance.exchange import exchanged
from streams.replay.chance.post_spool import PostSpool
from streams.sources import SourceBatch

_OF_ACCOUNTS = ("account_id", "followers_count", "following_count")
"""Columns that go with an account to the post that it gets. All accounts of an exchange are of one platform."""
_DAY_S = 86_400


class CopiedPosts:
    """A copy. Memory holds the accounts of one UTC day, beside a slice of posts.

    Args:
        spool: the posts, all of them.
        seed: of all copies.
        number: of this copy. The same seed and number give the same copy.
    """

    format = "copy"
    time_ordered = False

    def __init__(self, spool: PostSpool, seed: int, number: int) -> None:
        self.name = f"copy {number}"
        self.size: int | None = spool.rows
        self._spool = spool
        self._seed = seed, number
        self.exchanged = 0
        """Posts read so far whose accounts were exchanged; all others were moved in time."""

    def batches(self) -> Iterator[SourceBatch]:
        """Read the copy once, from the beginning."""
        for begin, end in self._spool.days():
            accounts = self._spool.accounts(begin, end, _OF_ACCOUNTS)
            authors = self._spool.authors(begin, end)
            dice = np.random.default_rng((*self._seed, begin))
            change = exchanged(authors, accounts["account_key"].to_numpy(), dice)
            self.exchanged += int((change.moved_s == 0).sum())
            drawn = accounts.select(_OF_ACCOUNTS)[change.source]
            at = 0
            for posts in self._spool.posts(begin, end):
                after = at + len(posts)
                moved = pl.Series(change.moved_s[at:after])
                changed = posts.with_columns(drawn[at:after]).with_columns(pl.col("created_at") + moved)
                rows = np.arange(begin + at, begin + after)
                yield SourceBatch(changed, rows, bytes_read=begin + after)
                at = after


def copied_follows(events: FollowEvents, seed: int, number: int) -> FollowEvents:
    """A copy of follow events: accounts are exchanged among the follows of one UTC day.

    How many accounts each account follows a day, and how many follow it, stays; who follows the same accounts as
    somebody else is left to chance. What was seen at one time (snapshots) and unfollows stay as they are.

    Args:
        events: ordered as `FollowEvents` says.
        seed: of all copies.
        number: of this copy.
    """
    dice = np.random.default_rng((seed, number))
    rows = np.flatnonzero(events.action == FOLLOW)
    days = events.at[rows] // _DAY_S
    follower = events.follower.copy()
    # rows are in order of time, so each day stays in its place
    follower[rows] = events.follower[rows[np.lexsort((dice.random(len(rows)), days))]]
    order = np.lexsort((events.action, events.followee, follower, events.at))
    return FollowEvents(follower[order], events.followee[order], events.action[order], events.at[order])
