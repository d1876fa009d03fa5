"""Counts of what posts shared, for the summary of a run: posts by kind, and links posted again and again."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.config import KINDS
from detectors.traces.traces import Traces
from schemas.shares import TraceKind
from streams.reports.what_there_was import RepeatedLink

_URL = KINDS.index(TraceKind.URL)
_OFTEN_IN_A_BATCH = 3
"""Posts of one link by one account in one batch from which on they are counted. Few accounts do that, so few are
counted one by one."""
_MOST_COUNTED = 4_096
"""Accounts and links that are counted at a time; those with the fewest posts leave first."""
_AGAIN_AND_AGAIN = 10
"""Posts of one link by one account from which on it is named to the reader. Chosen, not measured."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""Keeps account and object apart in one key (the golden ratio in 64 bits)."""


@dataclass(slots=True)
class _Repeats:
    posts: int
    link: int
    label: str


class ShareCounts:
    """Counts shares as detection takes them."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _repeats: dict[int, _Repeats]
    """By account and link."""

    def __init__(self) -> None:
        self._posts_with = np.zeros(len(KINDS), np.int64)
        self._repeats = {}

    @property
    def posts_with(self) -> dict[TraceKind, int]:
        """Posts with at least one object, by kind."""
        return dict(zip(KINDS, self._posts_with.tolist(), strict=True))

    def add(self, traces: Traces) -> None:
        """Count the shares of some posts."""
        posts, kinds = traces.share_post, traces.share_kind
        # shares are ordered by post, then kind
        first = np.append(True, (posts[1:] != posts[:-1]) | (kinds[1:] != kinds[:-1]))[: len(posts)]
        self._posts_with += np.bincount(kinds[first], minlength=len(KINDS))
        links = np.flatnonzero(kinds == _URL)
        keys = traces.account_keys[posts[links]] * _MULTIPLIER ^ traces.share_object[links]
        different, at, counts = np.unique(keys, return_index=True, return_counts=True)
        known = np.fromiter(self._repeats, np.uint64, len(self._repeats))
        often = (counts >= _OFTEN_IN_A_BATCH) | np.isin(different, known)
        for place in np.flatnonzero(often).tolist():
            share = int(links[at[place]])
            repeats = self._repeats.setdefault(
                int(different[place]), _Repeats(0, int(traces.share_object[share]), traces.labels[share])
            )
            repeats.posts += int(counts[place])
        if len(self._repeats) > _MOST_COUNTED:
            kept = sorted(self._repeats.items(), key=lambda item: -item[1].posts)[: _MOST_COUNTED // 2]
            self._repeats = dict(kept)

    def repeated_link(self) -> RepeatedLink | None:
        """The link that most accounts posted again and again; None if no two accounts did."""
        accounts_of: dict[int, list[_Repeats]] = {}
        for repeats in self._repeats.values():
            if repeats.posts >= _AGAIN_AND_AGAIN:
                accounts_of.setdefault(repeats.link, []).append(repeats)
        most = max(accounts_of.values(), key=len, default=[])
        if len(most) < 2:
            return None
        return RepeatedLink(most[0].label, len(most), max(repeats.posts for repeats in most))
