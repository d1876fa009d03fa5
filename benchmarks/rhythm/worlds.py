"""Made-up worlds for the posting rhythm: people who meet for ordinary reasons, and groups that keep time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import I32, I64

START = 1_700_006_400
"""Seconds since 1970 UTC of the first possible post: midnight of 15 November 2023."""
DAYS = 7
_DAY = 86_400


class PostTimes(NamedTuple):
    """Accounts and times of posts, in event order."""

    accounts: I32
    times: I64
    """Seconds UTC."""


class TimedGroups(NamedTuple):
    """Posts of groups that post in the same minutes."""

    posts: PostTimes
    groups: dict[int, int]
    """Group of each member."""


class _Slots(NamedTuple):
    """Accounts and times of posts, in any order."""

    accounts: I64
    times: I64


def people(random: np.random.Generator, accounts: int, posts: int) -> PostTimes:
    """Posts of people who do not work together, although some of them post at the same time for other reasons.

    Of a hundred people, five post by a tool on the quarter hour, one posts by a timetable, one watches a show, and one
    talks with another person.

    Args:
        random: draws everything.
        accounts: how many people; their numbers are 0 to `accounts - 1`.
        posts: about how many posts.
    """
    activity = 1 / np.arange(1, accounts + 1) ** 0.8
    activity = random.permutation(np.minimum(activity / activity.sum() * posts, 200.0 * DAYS))
    number = random.poisson(activity)
    who = np.repeat(np.arange(accounts), number)
    zone = random.choice([0, 5, 8, 13], accounts, p=[0.4, 0.3, 0.2, 0.1]) * 3600
    evening = random.random(len(who)) < 0.5
    hour = np.where(evening, random.normal(20, 2, len(who)), random.uniform(7, 24, len(who)))
    when = random.integers(0, DAYS, len(who)) * _DAY + (hour * 3600).astype(np.int64) + zone[who]
    # half of the posts are in sessions: soon after another post of the same account
    follow = np.flatnonzero((random.random(len(who)) < 0.5) & (np.diff(who, prepend=-1) == 0))
    when[follow] = when[follow - 1] + random.exponential(300, len(follow)).astype(np.int64)
    tool = random.random(accounts) < 0.05
    times = when % (DAYS * _DAY)
    quarters = tool[who]
    times[quarters] = times[quarters] // 900 * 900
    parts = [
        _Slots(who, times),
        _news(random, accounts),
        _audience(random, accounts),
        _daily(random, accounts),
        _talks(random, accounts),
    ]
    return _in_order(parts)


def groups(
    random: np.random.Generator,
    first: int,
    sizes: Sequence[int],
    jitter_s: float,
    *,
    own_posts: float = 10,
    takes_part: float = 0.8,
) -> TimedGroups:
    """Groups whose members post together three to five times a day, between posts of their own.

    Args:
        random: draws everything.
        first: account number of the first member.
        sizes: members of each group.
        jitter_s: scale of each member's delay, half normal, seconds.
        own_posts: posts that each member makes alone in the week.
        takes_part: probability that a member takes part in one of its group's posts.
    """
    parts = []
    of_member: dict[int, int] = {}
    for group, size in enumerate(sizes):
        members = np.arange(first, first + size)
        of_member |= dict.fromkeys(members.tolist(), group)
        first += size
        for day in range(DAYS):
            for _ in range(int(random.integers(3, 6))):
                taking = members[random.random(size) < takes_part]
                at = day * _DAY + random.integers(6 * 3600, 23 * 3600)
                delay = np.abs(random.normal(0, jitter_s, len(taking)))
                parts.append(_Slots(taking, (at + delay).astype(np.int64)))
        alone = np.repeat(members, random.poisson(own_posts, size))
        parts.append(_Slots(alone, random.integers(0, DAYS * _DAY, len(alone))))
    return TimedGroups(_in_order(parts), of_member)


def together(*parts: PostTimes) -> PostTimes:
    """All posts together, in event order."""
    return _in_order([_Slots(part.accounts.astype(np.int64), part.times - START) for part in parts])


def _news(random: np.random.Generator, accounts: int) -> _Slots:
    """Breaking news, fifteen times: up to 5 in 100 accounts post within minutes."""
    parts = []
    for _ in range(15):
        crowd = random.choice(accounts, int(accounts * random.choice([0.005, 0.02, 0.05])), replace=False)
        delay = random.exponential(random.choice([30, 120, 600]), len(crowd))
        parts.append(_Slots(crowd, (random.integers(0, DAYS * _DAY) + delay).astype(np.int64)))
    return _joined(parts)


def _audience(random: np.random.Generator, accounts: int) -> _Slots:
    """One account in a hundred watches a show every other evening; some of them comment on its five moments at once."""
    fans = random.choice(accounts, max(2, accounts // 100), replace=False)
    parts = []
    for day in range(0, DAYS, 2):
        begin = day * _DAY + 20 * 3600
        chatter = np.repeat(fans, random.poisson(3, len(fans)))
        parts.append(_Slots(chatter, begin + random.integers(0, 3600, len(chatter))))
        for _ in range(5):
            moved = fans[random.random(len(fans)) < 0.3]
            at = begin + random.integers(0, 3600)
            parts.append(_Slots(moved, (at + random.exponential(60, len(moved))).astype(np.int64)))
    return _joined(parts)


def _daily(random: np.random.Generator, accounts: int) -> _Slots:
    """One account in a hundred posts by a timetable: at one to four times of day, on most days."""
    parts = []
    for account in random.choice(accounts, max(2, accounts // 100), replace=False):
        popular = random.choice([7, 8, 9, 12, 15, 17, 18, 20], 4) * 3600 + random.choice(
            [0, 0, 0, 900, 1800], 4
        )
        table = np.unique(popular[: random.integers(1, 5)])
        times = (np.arange(DAYS)[:, None] * _DAY + table[None, :]).ravel()
        times = times[random.random(len(times)) < random.uniform(0.6, 1)]
        parts.append(_Slots(np.full(len(times), account), times))
    return _joined(parts)


def _talks(random: np.random.Generator, accounts: int) -> _Slots:
    """One account in a hundred talks with another once or twice a day, with answers within a minute or two."""
    parts = []
    for pair in random.choice(accounts, (max(1, accounts // 200), 2), replace=False):
        for _ in range(int(random.integers(4, 14))):
            turns = int(random.integers(4, 20))
            at = random.integers(0, DAYS * _DAY) + np.cumsum(random.exponential(50, turns)).astype(np.int64)
            parts.append(_Slots(np.resize(pair, turns), at))
    return _joined(parts)


def _joined(parts: Sequence[_Slots]) -> _Slots:
    return _Slots(
        np.concatenate([part.accounts for part in parts]), np.concatenate([part.times for part in parts])
    )


def _in_order(parts: Sequence[_Slots]) -> PostTimes:
    accounts, times = _joined(parts)
    inside = times < DAYS * _DAY
    accounts, times = accounts[inside], times[inside]
    order = np.lexsort((accounts, times))
    return PostTimes(accounts[order].astype(np.int32), times[order] + START)
