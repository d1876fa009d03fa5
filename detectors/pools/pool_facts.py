"""What the accounts of a pool have in common, in counts and in words that an alert can give."""

from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import StructArray

MEMBERS = np.dtype(
    [
        ("account", np.int32),
        ("pool", np.int32),
        ("surprise", np.float64),
        ("trials", np.int64),
        ("met", np.int64),
        ("expected", np.float64),
        ("posts", np.int64),
        ("posts_met", np.int64),
        ("posts_expected", np.float64),
    ]
)
"""One record for each account of a pool, ascending by account; columns as in `detectors.pools.pool_test.PoolTest`."""


class PoolFacts(NamedTuple):
    """Counts of those members of a network that are in pools, summed."""

    accounts: int
    trials: int
    """Occasions (an hour of one account) in which a member shared something that others shared within a day."""
    met: int
    """Those in which another account of the pool shared it within a minute."""
    expected: float
    """Those that organic sharing would give."""
    posts: int
    posts_met: int
    """Posts within a minute of another account of the pool."""
    posts_expected: float
    """Those that the rate of the other accounts on the same days would give."""
    objects: int
    """Distinct objects of these posts."""
    weakest_surprise: float
    """The smallest surprise of a member, -ln of a p-value."""

    @property
    def synchrony(self) -> str:
        """How often members shared at once, against organic sharing, in one sentence."""
        return (
            f"{self.accounts:,} members shared something that others shared within a day {self.trials:,} times (once "
            f"an hour and account); {self.met:,} times another of these accounts shared it within a minute. For "
            f"ordinary accounts it would be {self.expected:,.0f} times."
        )

    @property
    def recurrence(self) -> str:
        """How much of what members post is so, against other accounts, in one sentence."""
        return (
            f"Of their {self.posts:,} posts, {self.posts_met:,} about {self.objects:,} objects were within a minute of "
            f"one another; at the rate of other accounts on the same days it would be {self.posts_expected:,.0f}."
        )


def pool_facts(inside: StructArray, meetings: StructArray) -> PoolFacts | None:
    """Sum what members have in common; None if fewer than two are in pools.

    Args:
        inside: records of `MEMBERS`, of the network's accounts.
        meetings: records of `detectors.pools.pool_records.MEETINGS`.
    """
    if len(inside) < 2:
        return None
    own = meetings[np.isin(meetings["account"], inside["account"])]
    own = own[np.isin(own["partners"], inside["account"]).any(axis=1)]
    return PoolFacts(
        accounts=len(inside),
        trials=int(inside["trials"].sum()),
        met=int(inside["met"].sum()),
        expected=float(inside["expected"].sum()),
        posts=int(inside["posts"].sum()),
        posts_met=int(inside["posts_met"].sum()),
        posts_expected=float(inside["posts_expected"].sum()),
        objects=len(np.unique(own["object"])),
        weakest_surprise=float(inside["surprise"].min()),
    )
