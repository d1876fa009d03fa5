"""Follow acts: the recent events in which an account began to follow another, at a time of its own.

A snapshot says that a follow was seen, not when it began, so it is no act; nor is an unfollow. Lists that were loaded
with one time for all, or for all follows of an account, carry the action `follow` and still say nothing about time:

- follows of one account in one second count as a list where there are `LISTED` or more of them;
- a second counts as a load where `LOADED` follows or more fall into it, and half of all follows of its hour.

Acts are held for the longest span that is looked at. Repeats of a follow within that span are dropped later, by
`detectors.followers.same_followers`.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, U64, Bools
from detectors.arrays.sorted_keys import places
from detectors.followers.follow_edges import ACCOUNT_NAMES, FOLLOW, FollowEvents

LISTED = 5
"""Follows of one account in one second from which they are a list. Nobody clicks so fast; of 24,080 accounts that sold
stars on GitHub, with times to the second, one had five or more."""
LOADED = 50
"""Follows in one second from which the second can be a load. Of the same sold stars, at most twelve fell into one."""
_HOUR_S = 3_600
_NEVER = 1 << 62
"""Seconds: after all times, and its negative before all."""
ACTS = {"at": pl.Int64(), "follower": pl.UInt64(), "followee": pl.UInt64()}
"""Time (seconds since 1970 UTC) and keys of the accounts of a follow."""


class FollowActs:
    """The acts of the latest `span_s` seconds.

    Args:
        span_s: how long acts are held, seconds.
        max_acts: most acts held.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_span_s", "_max_acts"})
    held: Annotated[pl.DataFrame, ACTS]
    names: Annotated[pl.DataFrame, ACCOUNT_NAMES]

    def __init__(self, span_s: int, max_acts: int) -> None:
        self._span_s = span_s
        self._max_acts = max_acts
        self.held = pl.DataFrame(schema=ACTS)
        """The acts in order of time."""
        self.names = pl.DataFrame(schema=ACCOUNT_NAMES)
        """Names of the accounts of the acts."""
        self.latest = -_NEVER
        """Time of the latest act, seconds."""
        self.evicted_early = 0
        """Count of acts that left early because there were too many."""
        self.undated = 0
        """Count of follows without a time of their own."""

    def __len__(self) -> int:
        return len(self.held)

    def add(self, events: FollowEvents, begin: int, end: int) -> None:
        """Add the acts among the events `begin` to `end`, all of one second in one call.

        Acts that come late, after later ones, say nothing about a time that is over, and are left out.
        """
        fits = (events.action[begin:end] == FOLLOW) & (events.at[begin:end] >= self.latest)
        chosen = np.flatnonzero(fits) + begin
        if not len(chosen):
            return
        at, follower = np.array(events.at[chosen]), np.array(events.follower[chosen])
        self.latest = int(at[-1])
        dated = ~undated(at, follower)
        self.undated += int(len(dated) - dated.sum())
        if not dated.any():
            return
        follower, followee = follower[dated], np.array(events.followee[chosen[dated]])
        acts = pl.DataFrame({"at": at[dated], "follower": follower, "followee": followee}, schema=ACTS)
        self.held = pl.concat([self.held, acts], rechunk=False)
        named = _named(events.names, np.append(follower, followee))
        self.names = pl.concat([self.names, named], rechunk=False)

    def forget(self, now: int) -> None:
        """Remove the acts that are older than `span_s` at event time `now`, and the oldest where there are too many."""
        old = int(np.searchsorted(self.held["at"].to_numpy(), now - self._span_s))
        surplus = max(len(self.held) - old - self._max_acts, 0)
        self.evicted_early += surplus
        self.held = self.held[old + surplus :].rechunk()
        accounts = np.append(self.held["follower"].to_numpy(), self.held["followee"].to_numpy())
        self.names = _named(self.names.unique("key", keep="first").sort("key"), accounts)

    def names_of(self, keys: U64) -> list[str]:
        """The names of accounts after `forget`; the key in hexadecimal digits where none was given."""
        place, known = places(self.names["key"].to_numpy(), keys)
        names = self.names["name"].gather(place).to_list() if len(self.names) else [""] * len(keys)
        return [
            name if is_known else f"unknown:{key:016x}"
            for name, is_known, key in zip(names, known.tolist(), keys.tolist(), strict=True)
        ]


def follow_time(pending: Sequence[FollowEvents], taken: int, *, latest: bool) -> int:
    """Time of the earliest or latest act in events, seconds; without one, a time after or before all others.

    Args:
        pending: events in order of time.
        taken: events of the first batch that are left out.
        latest: whether the latest act is asked for.
    """
    found = -_NEVER if latest else _NEVER
    for number, events in enumerate(pending):
        acts = np.flatnonzero(events.action[taken if number == 0 else 0 :] == FOLLOW)
        if len(acts):
            found = int(events.at[acts[-1 if latest else 0] + (taken if number == 0 else 0)])
            if not latest:
                break
    return found


def undated(at: I64, follower: U64) -> Bools:
    """Which follows have no time of their own; bool.

    Args:
        at: seconds, ascending.
        follower: keys of the accounts that follow.
    """
    _, second_of, in_second = np.unique(at, return_inverse=True, return_counts=True)
    _, hour_of, in_hour = np.unique(at // _HOUR_S, return_inverse=True, return_counts=True)
    loaded = (in_second[second_of] >= LOADED) & (2 * in_second[second_of] >= in_hour[hour_of])
    order = np.lexsort((follower, at))
    begins = np.append(True, (np.diff(at[order]) != 0) | (np.diff(follower[order]) != 0))
    group = np.cumsum(begins) - 1
    together = np.zeros(len(at), np.int64)
    together[order] = np.bincount(group)[group]
    return np.asarray(loaded | (together >= LISTED))


def _named(names: pl.DataFrame, accounts: U64) -> pl.DataFrame:
    """The names of some accounts, ascending by key; `names` are so, and each once."""
    wanted = np.unique(accounts, return_counts=True)[0]
    place, known = places(names["key"].to_numpy(), wanted)
    return names[np.sort(place[known])] if len(names) else names
