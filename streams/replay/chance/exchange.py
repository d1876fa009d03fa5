"""Takes acting together out of a day of posts: who gets which post, and how far the other posts move.

Accounts are exchanged among the reposts of one author: who reposts the author, how often, and when the author's posts
are reposted all stay as they are. Only which accounts meet is left to chance. Where too few accounts repost an author,
an exchange would change little, since the same accounts would meet again. Those reposts, and all other posts, move in
time instead.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import I64, U64

LEAST_ACCOUNTS = 30
"""Different accounts that an author needs on a day for the reposts to be exchanged. A group that alone reposts its
author would meet again after an exchange, and count as interest. At 10, more of these do; at 60, a set of
real posts keeps none of what interest makes (docs/decisions/0020-copies-without-coordination.md)."""
_LEAST_S, _MOST_S = 30 * 60, 120 * 60
"""Seconds by which other posts move: beyond the windows of a minute and ten minutes, and within the same part of the
day, so that the hours of an account stay."""


class Exchange(NamedTuple):
    """What changes in a run of posts; one entry a post."""

    source: I64
    """The post from which each post takes its account; its own number where nothing is exchanged."""
    moved_s: I64
    """Seconds by which each post moves; 0 where accounts are exchanged."""


def exchanged(authors: U64, accounts: U64, dice: np.random.Generator) -> Exchange:
    """Draw what changes.

    Args:
        authors: key of the author whose post each post repeats, 0 for none or an unknown one.
        accounts: key of each post's account.
        dice: the source of chance.
    """
    chances = dice.random(len(authors))
    distances = dice.integers(_LEAST_S, _MOST_S, len(authors), endpoint=True)
    moved = np.where(dice.random(len(authors)) < 0.5, -distances, distances)
    rows = _of_many_accounts(authors, accounts)
    source = np.arange(len(authors))
    in_order = rows[np.argsort(authors[rows], kind="stable")]
    source[in_order] = rows[np.lexsort((chances[rows], authors[rows]))]
    moved[rows] = 0
    return Exchange(source, moved)


def _of_many_accounts(authors: U64, accounts: U64) -> I64:
    """Reposts of an author that enough accounts repost."""
    reposts = np.flatnonzero(authors)
    order = reposts[np.lexsort((accounts[reposts], authors[reposts]))]
    author, account = authors[order], accounts[order]
    first_of_author = np.append(True, author[1:] != author[:-1])[: len(order)]
    first_of_account = first_of_author | np.append(True, account[1:] != account[:-1])[: len(order)]
    group = np.cumsum(first_of_author) - 1
    different = np.bincount(group, weights=first_of_account) if len(order) else np.zeros(0)
    return np.sort(order[different[group] >= LEAST_ACCOUNTS])
