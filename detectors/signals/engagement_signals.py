"""Rolling engagement of accounts, as signals."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import F64, I64
from detectors.covertness.account_observations import AccountObservations
from detectors.engagement.obscurity import ActivityFigures
from detectors.signals.written import WrittenFigures, first_by
from schemas.figures.signals import AccountEngagement

LEAST_POSTS = 3
"""Least posts in the window of an account that is written. Chosen: figures of fewer posts change with each one."""
MOST_ACCOUNTS = 5_000
"""Most accounts an hour, those with most posts first; the others wait for the next day. Chosen: at 1e6 active accounts
a day, an hour has 42,000 of them; most are unchanged after the first week."""
HOURS = 24
"""Each account is looked at once in so many hours, at an hour of its own, so that the rate is even."""


def engagement_signals(
    observations: AccountObservations,
    accounts: AccountStore,
    written: WrittenFigures,
    hours: range,
    now: int,
    at: datetime,
) -> Iterator[AccountEngagement]:
    """Accounts whose rolling engagement has changed by a factor of about two since it was written.

    Args:
        observations: engagement and followers.
        accounts: names of accounts.
        written: what was written before; takes what is written now.
        hours: hours since 1970 that have begun since the last call.
        now: event time, seconds.
        at: the same, UTC.
    """
    figures = observations.figures(now)
    numbers = np.arange(len(figures.posts), dtype=np.int32)
    begun = (numbers - hours.start) % HOURS < len(hours)
    chosen = numbers[begun & (figures.posts >= LEAST_POSTS) & (figures.known_posts > 0)]
    posts, reactions, known = figures.posts[chosen], figures.reactions[chosen], figures.known_posts[chosen]
    sizes = _size(posts, reactions / known, figures.followers[chosen])
    keys = chosen.astype(np.uint64)
    due = np.flatnonzero(written.of(keys) != sizes)
    due = first_by(-posts[due], due, MOST_ACCOUNTS)
    written.write(keys[due], sizes[due])
    usual = _usual_reactions(figures)
    for row, number in zip(due.tolist(), chosen[due].tolist(), strict=True):
        yield AccountEngagement(
            account_id=accounts.names[number],
            at=at,
            window_s=observations.quiet_after_s,
            posts=int(posts[row]),
            known_posts=int(known[row]),
            reactions=int(reactions[row]),
            usual_reactions_per_post=usual[int(figures.platforms[number])],
            followers=int(figures.followers[number]) if figures.followers[number] >= 0 else None,
        )


def _size(posts: I64, reactions_per_post: F64, followers: I64) -> I64:
    """The power of two of each figure, in one number: equal for figures that differ little."""
    parts = (posts, reactions_per_post * 8, followers + 1)
    exponents = [np.floor(np.log2(np.maximum(part, 0.5)) + 1).astype(np.int64) for part in parts]
    return np.asarray(exponents[0] << 16 | exponents[1] << 8 | exponents[2])


def _usual_reactions(figures: ActivityFigures) -> dict[int, float]:
    """Median over accounts of their reactions to a known post, by platform."""
    known = figures.known_posts > 0
    per_post = figures.reactions[known] / figures.known_posts[known]
    platforms = figures.platforms[known]
    return {
        platform: float(np.median(per_post[platforms == platform]))
        for platform in np.unique(platforms).tolist()
    }
