"""Members that were tied by the company of others, and no longer are.

A pair's own co-shares are remembered for weeks, and whoever passed the gate by them stays a member. Crowds, copies and
rhythm are judged anew each time, and one account in a hundred is in them by chance, another one every day. Kept, they
would add up: after six weeks a third of a network.
"""

import numpy as np

from detectors.arrays.dtypes import I32
from detectors.networks.communities import TIES
from detectors.networks.edges import Edges, Ground, ends


def loose_members(before: Edges, after: Edges, network_of: I32, min_members: int) -> I32:
    """Accounts that lost what tied them to their network.

    Those with an edge by their own co-shares, before or after, are none of them. Of a network that is left with fewer
    than `min_members` tied members everybody stays: then it is the network that is not seen, not the account.

    Args:
        before: edges until now.
        after: edges from now on.
        network_of: int32, by account: the number of its network, -1 for none.
        min_members: smaller groups are no networks.

    Returns:
        int32, ascending.
    """
    was_tied = np.unique(np.concatenate(ends(before.keys)))
    own = [np.concatenate(ends(edges.keys[(edges.grounds & Ground.ALONE) > 0])) for edges in (before, after)]
    asked = was_tied[~np.isin(was_tied, np.concatenate(own))]
    asked = asked[network_of[asked] >= 0]
    first, second = ends(after.keys)
    inside = (network_of[first] == network_of[second]) & (network_of[first] >= 0)
    ties = np.bincount(np.concatenate([first[inside], second[inside]]), minlength=len(network_of))
    tied = np.flatnonzero(ties >= TIES)
    numbers, counts = np.unique(network_of[tied], return_counts=True)
    firm = numbers[counts >= min_members]
    return asked[(ties[asked] < TIES) & np.isin(network_of[asked], firm)].astype(np.int32)
