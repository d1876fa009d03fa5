"""The facts about a group of accounts from follow rings: which accounts its members follow together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.followers.follow_rings import FollowRing


@dataclass(frozen=True, slots=True)
class FollowedTogether:
    """One account that members follow together."""

    label: str
    """`platform:account_id`."""
    accounts: tuple[int, ...]
    """Members that follow it, in the order of their follows."""
    times: tuple[int, ...]
    """When each began to follow it, seconds."""
    crowd: int
    """Accounts, members or not, that began to follow it or its counterpart within the span."""
    expected: float
    """Members that chance would have brought to both."""


@dataclass(frozen=True, slots=True)
class FollowFacts:
    """What members follow together."""

    members: int
    """Members that follow two or more of the accounts."""
    followed: tuple[FollowedTogether, ...]
    """The accounts, those with most members first."""
    strongest: FollowRing
    """The two accounts whose followers surprise most."""
    median_gap_s: float
    """Half of the members' follows are this close to the next follow of the same account by a member, or closer."""
    followees_of_members: F64
    """How many of the accounts each member follows, ascending."""

    def seen(self) -> tuple[dict[int, int], dict[int, int]]:
        """The first and the last of these follows of each member, seconds."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for each in self.followed:
            for account, time in zip(each.accounts, each.times, strict=True):
                first[account] = min(first.get(account, time), time)
                last[account] = max(last.get(account, time), time)
        return first, last


def follow_facts(rings: Sequence[FollowRing], members: I32) -> FollowFacts | None:
    """The facts about members of a network; None: they follow nothing together.

    Args:
        rings: those that hold two members or more, the most surprising first.
        members: account numbers.
    """
    if not rings:
        return None
    inside = [np.isin(ring.accounts, members) for ring in rings]
    followed = sorted(_followed(rings, inside), key=lambda each: (-len(each.accounts), each.label))
    counts: dict[int, int] = {}
    for each in followed:
        for account in each.accounts:
            counts[account] = counts.get(account, 0) + 1
    return FollowFacts(
        members=len(counts),
        followed=tuple(followed),
        strongest=rings[0],
        median_gap_s=float(np.median(np.concatenate([_gaps(each) for each in followed]))),
        followees_of_members=np.sort(np.array(list(counts.values()), np.float64)),
    )


def _followed(rings: Sequence[FollowRing], inside: Sequence[Bools]) -> list[FollowedTogether]:
    """Each account that members follow together."""
    times: dict[str, dict[int, int]] = {}
    expected: dict[str, float] = {}
    crowd: dict[str, int] = {}
    for ring, chosen in zip(rings, inside, strict=True):
        for name, at in zip(ring.followees, ring.at, strict=True):
            when = times.setdefault(name, {})
            for account, time in zip(ring.accounts[chosen].tolist(), at[chosen].tolist(), strict=True):
                when[account] = min(when.get(account, time), time)
            expected.setdefault(name, ring.expected)
            crowd[name] = max(crowd.get(name, 0), ring.either)
    found = []
    for name, when in times.items():
        ordered = sorted((time, account) for account, time in when.items())
        accounts = tuple(account for _, account in ordered)
        found.append(
            FollowedTogether(name, accounts, tuple(time for time, _ in ordered), crowd[name], expected[name])
        )
    return found


def _gaps(each: FollowedTogether) -> I64:
    """Seconds from each follow of one account to the nearest other one."""
    apart = np.diff(np.array(each.times, np.int64))
    never = np.iinfo(np.int64).max
    return np.asarray(np.minimum(np.append(never, apart), np.append(apart, never)))
