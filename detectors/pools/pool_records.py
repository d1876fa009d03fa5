"""What is remembered of company: counts by account and day, and each meeting with its partners, for weeks."""

from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I32, I64, StructArray
from detectors.pools.company import PARTNERS, PROMPT_S, Judged
from detectors.pools.waiting_shares import same_posts

DAYS = np.dtype(
    [
        ("account", np.int32),
        ("day", np.int32),
        ("posts", np.int32),
        ("trials", np.int32),
        ("expected", np.int64),
    ]
)
"""One record for each account and UTC day (since 1970) with posts: posts, trials, and the sum of the chances of the
trials in millionths, which adds up to the same in any order."""
MEETINGS = np.dtype(
    [
        ("account", np.int32),
        ("is_trial", np.bool_),
        ("time", np.int64),
        ("object", np.uint64),
        ("partners", np.int32, (PARTNERS,)),
    ]
)
"""One record a meeting, columns as in `detectors.pools.company.MetPosts`."""
MILLIONTHS = 1_000_000


class PoolRecords:
    """Keeps records for some weeks.

    Memory: 24 bytes for each account and day with posts, 53 for each meeting.

    Args:
        keep_days: days for which records count; 0: forever.
        limit: most records of each of the two tables. When there are more, the oldest days leave early.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_keep_days", "_limit"})

    def __init__(self, keep_days: int, limit: int) -> None:
        self._keep_days = keep_days
        self._limit = limit
        self.days = np.zeros(0, DAYS)
        """Ascending by account, then by day."""
        self.meetings = np.zeros(0, MEETINGS)
        """In order of time."""
        self.left_early = 0
        """Count of records that left early because there was no room."""

    def __len__(self) -> int:
        """Records of the larger of the two tables."""
        return max(len(self.days), len(self.meetings))

    def add(self, judged: Judged, now: int) -> None:
        """Add judged posts, which are later than all before, and drop what is too old at `now` (seconds)."""
        posts = np.zeros(len(judged.account), DAYS)
        posts["account"], posts["day"], posts["posts"] = judged.account, judged.day, 1
        trials = np.zeros(len(judged.trials.account), DAYS)
        trials["account"], trials["day"], trials["trials"] = judged.trials.account, judged.trials.day, 1
        trials["expected"] = np.rint(judged.trials.expected * MILLIONTHS)
        self.days = _summed(np.concatenate([self.days, posts, trials]))
        fresh = np.zeros(len(judged.meetings.account), MEETINGS)
        for name in judged.meetings._fields:
            fresh[name] = getattr(judged.meetings, name)
        order = np.lexsort((fresh["account"], fresh["time"]))
        self.meetings = np.concatenate([self.meetings, fresh[order]])
        self.age(now)
        self._make_room()

    def forget(self, accounts: I32, times: I64) -> None:
        """Take away the meetings of some posts, by account and time (seconds), from their partners too.

        Posts and trials stay counted: they say how often an account could have met others.
        """
        gone = same_posts(self.meetings, accounts, times)
        if not gone.any():
            return
        meetings = self.meetings
        for own in meetings[gone]:
            near = slice(
                *np.searchsorted(meetings["time"], (own["time"] - PROMPT_S, own["time"] + PROMPT_S + 1))
            )
            others = meetings["partners"][near]
            others[(others == own["account"]) & (meetings["object"][near] == own["object"])[:, None]] = -1
        partners = meetings["partners"]
        order = np.argsort(partners < 0, axis=1, kind="stable")  # -1 comes last
        meetings["partners"] = np.take_along_axis(partners, order, axis=1)
        self.meetings = meetings[~gone & (meetings["partners"][:, 0] >= 0)]

    def age(self, now: int) -> None:
        """Drop records of days that are too old at `now` (seconds)."""
        if self._keep_days:
            self._drop(now // 86_400 - self._keep_days)

    def _drop(self, first: int) -> int:
        """Drop records of days before `first`; returns how many they were."""
        before = len(self.days) + len(self.meetings)
        self.days = self.days[self.days["day"] >= first]
        self.meetings = self.meetings[np.searchsorted(self.meetings["time"], first * 86_400) :]
        return before - len(self.days) - len(self.meetings)

    def _make_room(self) -> None:
        """Drop whole days, the oldest first, until both tables fit: counts of half a day would mislead."""
        for days in (np.sort(self.days["day"]), self.meetings["time"] // 86_400):
            if len(days) > self._limit:
                self.left_early += self._drop(int(days[len(days) - self._limit - 1]) + 1)


def _summed(records: StructArray) -> StructArray:
    """One record for each account and day, in that order."""
    if not len(records):
        return records
    key: I64 = records["account"].astype(np.int64) << 32 | records["day"]
    order = np.argsort(key, kind="stable")
    firsts = np.flatnonzero(np.append(True, np.diff(key[order]) != 0))
    out = records[order[firsts]]
    for name in ("posts", "trials", "expected"):
        out[name] = np.add.reduceat(records[name][order], firsts)
    return out
