"""Accounts that the registry follows more than their size explains, as signals."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from detectors.accounts import AccountStore
from detectors.covertness.account_observations import AccountObservations
from detectors.followers.follower_overlap import FollowNullModel
from detectors.signals.written import WrittenFigures, first_by
from schemas.figures.signals import AccountFollowers

LEAST_REGISTRY = 2
"""Least registry followers of an account that is written: one registry account follows many."""
MOST_P = 1e-2
"""Greatest probability of an account that is written; as `FollowNullModel.overlapping_pairs` has it."""
MOST_ACCOUNTS = 5_000
"""Most accounts a day, those with the smallest probability first; the others wait. Chosen, not measured."""
_MOST_ENTITIES = 20


def follower_signals(
    observations: AccountObservations,
    accounts: AccountStore,
    members: np.ndarray,
    written: WrittenFigures,
    at: datetime,
) -> Iterator[AccountFollowers]:
    """Accounts whose registry followers are surprising, and have changed since they were written.

    Args:
        observations: followers and the registry.
        accounts: names of accounts; only accounts that posted have one.
        members: int32, members of networks, which are left out of what is usual.
        written: what was written before; takes what is written now.
        at: event time, UTC.
    """
    store = observations.followers
    _, _, registry = store.followers_of(accounts.keys)
    chosen = np.flatnonzero(registry >= LEAST_REGISTRY)
    keys = accounts.keys[chosen]
    chosen = chosen[~np.isin(keys, store.registry_keys)]
    keys = accounts.keys[chosen]
    if not len(keys):
        return
    tails = FollowNullModel(store, accounts.keys[members]).account_tails(keys)
    due = np.flatnonzero((tails.p <= MOST_P) & (written.of(keys) != tails.observed))
    due = first_by(tails.p[due], due, MOST_ACCOUNTS)
    written.write(keys[due], tails.observed[due])
    start, numbers = store.registry_follows(keys[due])
    entities = observations.reference_data.entities_of(store.registry_keys)
    registry_entities = observations.reference_data.registry.entities
    for place, row in enumerate(due.tolist()):
        followed_by = np.unique(entities[numbers[start[place] : start[place + 1]]])
        yield AccountFollowers(
            account_id=accounts.names[int(chosen[row])],
            at=at,
            followers=int(tails.followers[row]),
            registry_followers=int(tails.observed[row]),
            expected=float(tails.expected[row]),
            p_value=float(tails.p[row]),
            entities=sorted(registry_entities[number].entity_id for number in followed_by[followed_by >= 0])[
                :_MOST_ENTITIES
            ],
        )
