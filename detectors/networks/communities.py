"""Communities of validated edges: Leiden (Traag, Waltman and van Eck 2019), one connected component at a time.

Modularity has a resolution limit: over the whole graph it would merge small groups that have nothing in common. Within
one component it cannot. Only components whose edges changed are clustered again, starting from their last communities.
"""

import random

import numpy as np
import numpy.typing as npt

from detectors.arrays.components import components
from detectors.arrays.dtypes import F64, I32, U64, Bools
from detectors.networks.edges import Edges, Ground
from detectors.networks.edges import ends as ends_of

_ITERATIONS = 4
_RESOLUTION = 0.5
"""Resolution of modularity. Weights are the logarithm of surprise. With surprise itself and a resolution of
1, a few pairs of great surprise cut operations into pieces that gave 132 accounts of `up_2017_02` in 21
networks; now there are 155 in 17, and recall on `mixed_2016_spring` rose from .587 to .650."""
TIES = 2
"""Least number of edges from a core member to others of its community, so the smallest community is a triangle. With
this rule and crowds taken as bursts, 20 new seeds of noise gave no network; before, two of eight seeds did. Recall on
the mixed real set was .662 before and .658 after (docs/decisions/0010-circles-and-bursts.md)."""
LEAST_PART = 3
"""Accounts of a part that is a network of its own, without the hinge: as many as the smallest network has."""


def communities(
    a: I32, b: I32, weight: F64, changed: I32, previous: I32, seed: int, strong: Bools | None = None
) -> tuple[I32, list[I32]]:
    """Communities of the components that hold changed accounts.

    Args:
        a: int32, account number of one end of each edge.
        b: int32, the other end.
        weight: float64, surprise of each edge, minus the natural logarithm of a p-value.
        changed: int32, accounts whose edges changed.
        previous: int32, by account number: the community (any label) it was in, -1 for none.
        seed: seed of the random search.
        strong: bool, edges that need no third account. None: no edge is.

    Returns:
        The accounts of all those components, ascending, and their communities. Each community is ascending, and
        they are ordered by first account. Accounts without edges are in neither.
    """
    vertices, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    if not len(vertices):
        return vertices.astype(np.int32), []
    ends = ends.reshape(2, -1)
    strong = strong if strong is not None else np.zeros(len(a), np.bool_)
    component = components(ends[0], ends[1], len(vertices))
    touched = np.unique(component[np.isin(vertices, changed)])
    edge_component = component[ends[0]]
    order = np.argsort(edge_component, kind="stable")
    ordered = edge_component[order]
    bounds = np.searchsorted(ordered, touched), np.searchsorted(ordered, touched, side="right")
    groups: list[I32] = []
    for begin, end in zip(*bounds, strict=True):
        edges = np.sort(order[begin:end])
        accounts, weights, are_strong = vertices[ends[:, edges]], np.log1p(weight[edges]), strong[edges]
        for community in _split(vertices, ends[:, edges], weights, previous, seed):
            for group in tied_members(community, accounts, are_strong):
                for part in parted_at_hinges(group, accounts, weights):
                    groups.extend(tied_members(part, accounts, are_strong))
    groups.sort(key=lambda members: int(members[0]))
    return vertices[np.isin(component, touched)].astype(np.int32), groups


def whole_pools(groups: list[I32], touched: I32, edges: Edges) -> list[I32]:
    """Communities in which the accounts of one pool are together.

    A pool is found as a whole, so it is one network, whatever parts of it are tied more closely. A community of which
    at least half is in a pool becomes part of it. So do accounts of the pool that are in no community.

    Args:
        groups: as from `communities`.
        touched: as from `communities`.
        edges: all edges. Accounts that edges of the ground `POOL` connect are one pool.
    """
    a, b = ends_of(edges.keys[(edges.grounds & Ground.POOL) > 0])
    inside = np.isin(a, touched)
    a, b = a[inside], b[inside]
    accounts, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    if not len(accounts):
        return groups
    ends = ends.reshape(2, -1)
    label = components(ends[0], ends[1], len(accounts))
    count = int(label.max()) + 1
    parts: list[list[I32]] = [[] for _ in range(count)]
    others: list[I32] = []
    for group in groups:
        of_pools = np.bincount(label[np.isin(accounts, group)], minlength=count)
        largest = int(of_pools.argmax())
        (parts[largest] if 2 * of_pools[largest] >= len(group) else others).append(group)
    free = accounts[~np.isin(accounts, np.concatenate([*groups, accounts[:0]]))]
    for pool in range(count):
        members = np.concatenate([*parts[pool], free[np.isin(free, accounts[label == pool])]])
        if len(members):
            others.append(np.sort(members).astype(np.int32))
    return sorted(others, key=lambda members: int(members[0]))


def component_of(keys: U64, accounts: int) -> I32:
    """The connected component of each account in the graph of the edges with these keys; int32 (accounts,)."""
    return components(*ends_of(keys), accounts)


def _split(vertices: I32, ends: npt.NDArray[np.intp], weight: F64, previous: I32, seed: int) -> list[I32]:
    """Split one component into communities by Leiden. Components of three accounts or fewer stay whole."""
    local, inner = np.unique(ends, return_inverse=True)
    accounts = vertices[local]
    if len(local) <= 3:
        return [accounts.astype(np.int32)]
    import igraph  # noqa: PLC0415 - 0.1 CPU seconds that data without communities do not need

    graph = igraph.Graph(n=len(local), edges=inner.reshape(2, -1).T)
    labels = previous[accounts]
    # accounts without a community start on their own
    start = np.unique(
        np.where(labels >= 0, labels, labels.max() + 1 + np.arange(len(labels))), return_inverse=True
    )[1]
    igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 - a seeded search, not a secret
    membership = np.asarray(
        graph.community_leiden(
            objective_function="modularity",
            weights=weight,
            resolution=_RESOLUTION,
            n_iterations=_ITERATIONS,
            initial_membership=start.tolist() if (labels >= 0).any() else None,
        ).membership
    )
    return [accounts[membership == community].astype(np.int32) for community in np.unique(membership)]


def tied_members(group: I32, ends: I32, strong: Bools) -> list[I32]:
    """The members with edges to at least `TIES` others that remain, or a strong edge to one: one community, or none.

    One accidental edge makes a pair, and two make a chain. In a real group, edges form circles.

    Args:
        group: accounts.
        ends: int32 (2, edges), both ends of each edge.
        strong: bool (edges,), edges that count as `TIES`.
    """
    inside = np.isin(ends, group).all(axis=0)
    within, ties = ends[:, inside], np.where(strong[inside], TIES, 1)
    while True:
        members, place = np.unique(within, return_inverse=True)
        degree = np.bincount(place.ravel(), np.tile(ties, 2), len(members))
        weak = members[degree < TIES]
        if not len(weak):
            break
        kept = ~np.isin(within, weak).any(axis=0)
        within, ties = within[:, kept], ties[kept]
    return [members.astype(np.int32)] if len(members) else []


def parted_at_hinges(group: I32, ends: I32, weight: F64) -> list[I32]:
    """The group, or its parts where one account holds two parts or more of `LEAST_PART` accounts together.

    Two groups that have nothing in common can hang on one account that meets both by chance, or reads both
    (docs/decisions/0041-hinges.md).

    The hinge goes to the part that it is tied to most; smaller parts go with it.

    Args:
        group: int32, accounts, ascending.
        ends: int32 (2, edges), both ends of each edge.
        weight: float64 (edges,), weight of each edge.

    Returns:
        The parts, each ascending; together they have the accounts of the group.
    """
    if len(group) <= 2 * LEAST_PART:
        return [group]
    inside = np.isin(ends, group).all(axis=0)
    ends, weight = ends[:, inside], weight[inside]
    local = np.searchsorted(group, ends)
    for hinge in _articulation_points(len(group), local):
        parts = _parts_without(hinge, len(group), local, weight)
        if len(parts) > 1:
            return [small for part in parts for small in parted_at_hinges(group[part], ends, weight)]
    return [group]


def _articulation_points(count: int, local: npt.NDArray[np.intp]) -> list[int]:
    """The accounts without which the others are not connected, ascending; accounts are numbered within the group."""
    import igraph  # noqa: PLC0415 - 0.1 CPU seconds that data without communities do not need

    return sorted(igraph.Graph(n=count, edges=local.T).articulation_points())


def _parts_without(
    hinge: int, count: int, local: npt.NDArray[np.intp], weight: F64
) -> list[npt.NDArray[np.intp]]:
    """The parts of a group that a hinge holds together, with the hinge and all small parts in one of them.

    Returns:
        Ascending numbers within the group. One part: what falls off without the account is too small.
    """
    rest = (local != hinge).all(axis=0)
    part_of = components(local[0, rest], local[1, rest], count)
    sizes = np.bincount(part_of)
    sizes[part_of[hinge]] = 0
    large = np.flatnonzero(sizes >= LEAST_PART)
    if len(large) < 2:
        return [np.arange(count)]
    other = np.where(local[0] == hinge, local[1], local[0])[~rest]
    tied = np.bincount(part_of[other], weight[~rest], minlength=len(sizes))
    home = int(large[tied[large].argmax()])
    away = [np.flatnonzero(part_of == part) for part in large.tolist() if part != home]
    return [np.setdiff1d(np.arange(count), np.concatenate(away)), *away]
