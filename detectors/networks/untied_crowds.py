"""Recurring crowds that stand by themselves: without the pairs that are known to act together anyway."""

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U64
from detectors.networks.recurring_crowds import MIN_OVERLAP, RecurringCrowd


def of_their_own(crowds: list[RecurringCrowd], tied: U64) -> list[RecurringCrowd]:
    """Crowds that would have come together without the pairs that are known to act together anyway.

    A trio that posts together brings every bystander who met it twice into "the same crowd of four". So of the accounts
    of a crowd, as many as the least overlap have to be untied to any other of them.

    Args:
        crowds: recurring ones.
        tied: uint64, ascending: keys of validated pairs.
    """
    if not crowds:
        return []
    sizes = np.array([len(crowd.accounts) for crowd in crowds], np.int64)
    untied = _untied(np.concatenate([crowd.accounts for crowd in crowds]), sizes, tied)
    return [crowd for crowd, count in zip(crowds, untied.tolist(), strict=True) if count >= MIN_OVERLAP]


@compiled
def _untied(accounts: I32, sizes: I64, tied: U64) -> I64:
    """How many accounts of each crowd are in no pair of `tied` with another account of it."""
    untied = np.zeros(len(sizes), np.int64)
    alone = np.ones(len(accounts), np.bool_)
    begin = 0
    for crowd in range(len(sizes)):
        end = begin + sizes[crowd]
        for one in range(begin, end):
            for other in range(one + 1, end):
                key = (np.uint64(accounts[one]) << np.uint64(32)) | np.uint64(accounts[other])
                at = np.searchsorted(tied, key)
                if at < len(tied) and tied[at] == key:
                    alone[one] = alone[other] = False
            untied[crowd] += alone[one]
        begin = end
    return untied
