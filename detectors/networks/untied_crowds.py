"""Untied crowds: recurring crowds that validated pairs do not explain."""

import numpy as np

from detectors.arrays.ascending import count_below
from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U64
from detectors.networks.recurring_crowds import MIN_OVERLAP, RecurringCrowd


def of_their_own(crowds: list[RecurringCrowd], tied: U64) -> list[RecurringCrowd]:
    """Crowds that would recur without their validated pairs.

    Three accounts that post together form "the same crowd of four" with every bystander who met them twice. So a crowd
    is kept only if at least `MIN_OVERLAP` of its accounts are in no validated pair with another of them.

    Args:
        crowds: recurring crowds.
        tied: uint64, keys of validated pairs, ascending.
    """
    if not crowds:
        return []
    sizes = np.array([len(crowd.accounts) for crowd in crowds], np.int64)
    untied = _untied(np.concatenate([crowd.accounts for crowd in crowds]), sizes, tied)
    return [crowd for crowd, count in zip(crowds, untied.tolist(), strict=True) if count >= MIN_OVERLAP]


@compiled
def _untied(accounts: I32, sizes: I64, tied: U64) -> I64:
    """Count of accounts of each crowd that are in no pair of `tied` with another account of the crowd; int64."""
    untied = np.zeros(len(sizes), np.int64)
    alone = np.ones(len(accounts), np.bool_)
    begin = 0
    for crowd in range(len(sizes)):
        end = begin + sizes[crowd]
        for first in range(begin, end):
            for second in range(first + 1, end):
                key = (np.uint64(accounts[first]) << np.uint64(32)) | np.uint64(accounts[second])
                place = count_below(tied, 0, len(tied), key)
                if place < len(tied) and tied[place] == key:
                    alone[first] = alone[second] = False
            untied[crowd] += alone[first]
        begin = end
    return untied
