"""Loose members: accounts that crowds, copies or rhythm tied to a network, and that nothing ties to it any more.

The co-shares of a pair are kept for weeks, and accounts that passed the gate by them stay members. Crowds, copies and
rhythm are tested again each day. About one account in a hundred is in them by chance, and each day it is a different
one. If these accounts stayed, they would add up to a third of a network after six weeks.
"""

import numpy as np

from detectors.arrays.dtypes import I32
from detectors.networks.communities import TIES
from detectors.networks.edges import Edges, Ground, ends


def bereft_networks(lost: I32, edges: Edges, network_of: I32) -> set[int]:
    """Networks that no edge holds together any more, by number, of accounts that lost evidence.

    Args:
        lost: accounts whose evidence was deleted.
        edges: as they are now.
        network_of: as for `loose_members`.
    """
    first, second = ends(edges.keys)
    held = network_of[first][network_of[first] == network_of[second]]
    return set(network_of[lost].tolist()) - set(held.tolist()) - {-1}


def loose_members(before: Edges, after: Edges, network_of: I32, min_members: int) -> I32:
    """Accounts whose ties to their network are gone.

    Accounts with an edge by their own co-shares, before or after, stay. When fewer than `min_members` members of a
    network are still tied, all of its accounts stay: the whole network is quiet, not one account in it.

    Args:
        before: the edges until now.
        after: the edges from now on.
        network_of: int32, network number of each account, -1 for none.
        min_members: least members of a network.

    Returns:
        int32, ascending.
    """
    was_tied = np.unique(np.concatenate(ends(before.keys)))
    own = [
        np.concatenate(ends(edges.keys[(edges.grounds & (Ground.ALONE | Ground.TIMING)) > 0]))
        for edges in (before, after)
    ]
    candidates = was_tied[~np.isin(was_tied, np.concatenate(own))]
    candidates = candidates[network_of[candidates] >= 0]
    first, second = ends(after.keys)
    inside = (network_of[first] == network_of[second]) & (network_of[first] >= 0)
    ties = np.bincount(np.concatenate([first[inside], second[inside]]), minlength=len(network_of))
    tied = np.flatnonzero(ties >= TIES)
    numbers, counts = np.unique(network_of[tied], return_counts=True)
    still_tied = numbers[counts >= min_members]
    loose = (ties[candidates] < TIES) & np.isin(network_of[candidates], still_tied)
    return candidates[loose].astype(np.int32)
