"""Communities of the components whose edges changed."""

import itertools

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.dtypes import I32
from detectors.arrays.pair_keys import pair_keys
from detectors.networks.communities import TIES, communities, component_of, whole_pools
from detectors.networks.edges import Ground, edges_of

NO_COMMUNITY = np.full(64, -1, np.int32)


def clique(*members: int) -> list[tuple[int, int]]:
    return list(itertools.combinations(sorted(members), 2))


def found(
    edges: list[tuple[int, int]], changed: list[int], previous: I32 = NO_COMMUNITY, seed: int = 1
) -> tuple[list[int], list[list[int]]]:
    ends = np.array(edges, np.int32).reshape(-1, 2)
    touched, groups = communities(
        ends[:, 0], ends[:, 1], np.full(len(ends), 9.0), np.array(changed, np.int32), previous, seed
    )
    return touched.tolist(), [group.tolist() for group in groups]


def test_given_two_cliques_joined_by_nothing_then_they_are_two_communities() -> None:
    edges = clique(10, 11, 12, 13, 14) + clique(1, 3, 5, 7)

    assert found(edges, [1, 10]) == ([1, 3, 5, 7, 10, 11, 12, 13, 14], [[1, 3, 5, 7], [10, 11, 12, 13, 14]])


def test_given_a_change_in_one_component_then_the_other_is_left_alone() -> None:
    edges = clique(10, 11, 12, 13, 14) + clique(1, 3, 5, 7)

    assert found(edges, [12]) == ([10, 11, 12, 13, 14], [[10, 11, 12, 13, 14]])
    assert found(edges, [40]) == ([], [])


def test_given_cliques_joined_by_one_edge_then_they_are_still_two_communities() -> None:
    edges = [*clique(0, 1, 2, 3, 4), *clique(5, 6, 7, 8, 9), (4, 5)]

    assert found(edges, [0]) == (list(range(10)), [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])


def test_given_a_heavy_and_a_light_side_then_weights_decide() -> None:
    edges = [*clique(0, 1, 2), *clique(3, 4, 5), (1, 6), (2, 6), (3, 6)]
    weight = np.array([9.0] * 6 + [30.0, 30.0, 1.0])
    ends = np.array(edges, np.int32)

    _, groups = communities(ends[:, 0], ends[:, 1], weight, np.array([6], np.int32), NO_COMMUNITY, 1)

    assert [group.tolist() for group in groups] == [[0, 1, 2, 6], [3, 4, 5]]


def test_given_no_edges_then_nothing() -> None:
    assert found([], [1, 2]) == ([], [])


def test_given_members_with_one_edge_then_they_and_accounts_tied_only_to_them_are_left_out() -> None:
    assert found([*clique(0, 1, 2), (2, 3), (3, 4)], [0]) == ([0, 1, 2, 3, 4], [[0, 1, 2]])


def test_given_a_pair_or_a_chain_then_it_is_no_community() -> None:
    assert found([(0, 1)], [0]) == ([0, 1], [])
    assert found([(0, 1), (1, 2)], [0]) == ([0, 1, 2], [])
    assert found([(0, 1), (1, 2), (2, 3), (3, 4)], [0]) == ([0, 1, 2, 3, 4], [])


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    edges=st.sets(
        st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda e: e[0] < e[1]), max_size=60
    ),
    changed=st.lists(st.integers(0, 30), max_size=5),
    previous=st.lists(st.integers(-1, 3), min_size=64, max_size=64),
    seed=st.integers(0, 3),
)
def test_given_any_edges_then_communities_are_tied_parts_of_the_touched_components_and_the_same_again(
    edges: set[tuple[int, int]], changed: list[int], previous: list[int], seed: int
) -> None:
    labels = np.array(previous, np.int32)
    touched, groups = found(sorted(edges), changed, labels, seed)

    component = {account: account for edge in edges for account in edge}
    for _ in component:
        for a, b in edges:
            component[a] = component[b] = min(component[a], component[b])
    hit = {component[account] for account in changed if account in component}
    assert touched == sorted(account for account in component if component[account] in hit)
    members = [account for group in groups for account in group]
    assert len(members) == len(set(members))
    assert set(members) <= set(touched)
    for group in groups:
        ends = [account for edge in edges if set(edge) <= set(group) for account in edge]
        assert all(ends.count(account) >= TIES for account in group)
    assert all(group == sorted(group) for group in groups)
    assert groups == sorted(groups)
    assert all(len({component[account] for account in group}) == 1 for group in groups)
    assert found(sorted(edges), changed, labels, seed) == (touched, groups)


def pool_of(*members: int) -> list[tuple[int, int]]:
    """Edges by which the first two members hold a pool together."""
    return [(members[0], other) for other in members[1:]] + [(members[1], other) for other in members[2:]]


def whole(pools: list[tuple[int, int]], groups: list[list[int]], touched: list[int]) -> list[list[int]]:
    ends = np.array(pools, np.int32).reshape(-1, 2)
    edges = edges_of(pair_keys(ends[:, 0], ends[:, 1]), np.full(len(ends), 9.0), Ground.POOL)
    given = [np.array(group, np.int32) for group in groups]
    return [group.tolist() for group in whole_pools(given, np.array(touched, np.int32), edges)]


def test_given_a_pool_that_is_cut_then_its_parts_and_its_loose_accounts_are_one_community_again() -> None:
    touched = [*range(9), 20, 21, 22]

    assert whole(pool_of(*range(9)), [[0, 2, 3], [1, 4, 5], [20, 21, 22]], touched) == [
        list(range(9)),
        [20, 21, 22],
    ]


def test_given_a_community_with_few_accounts_of_a_pool_then_it_keeps_them_and_is_no_part_of_it() -> None:
    touched = [*range(6), 20, 21, 22]

    assert whole(pool_of(*range(6)), [[0, 1, 2, 3], [5, 20, 21, 22]], touched) == [
        [0, 1, 2, 3, 4],
        [5, 20, 21, 22],
    ]


def test_given_two_pools_then_they_are_two_communities() -> None:
    edges = pool_of(0, 1, 2, 3) + pool_of(10, 11, 12, 13)

    assert whole(edges, [[0, 1], [2, 3], [10, 11, 12]], [0, 1, 2, 3, 10, 11, 12, 13]) == [
        [0, 1, 2, 3],
        [10, 11, 12, 13],
    ]


def test_given_a_pool_in_a_component_that_did_not_change_then_it_is_left_alone() -> None:
    assert whole(pool_of(0, 1, 2, 3), [[10, 11, 12]], [10, 11, 12]) == [[10, 11, 12]]


def test_given_no_pools_then_communities_stay_as_they_are() -> None:
    assert whole([], [[0, 1, 2], [3, 4, 5]], [0, 1, 2, 3, 4, 5]) == [[0, 1, 2], [3, 4, 5]]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_given_any_edges_then_components_are_those_of_scipy(edges: list[tuple[int, int]]) -> None:
    a, b = np.array([edge for edge in edges if edge[0] != edge[1]], np.int32).reshape(-1, 2).T

    component = component_of(pair_keys(a, b), 30)

    graph = scipy.sparse.coo_array((np.ones(len(a)), (a, b)), shape=(30, 30))
    assert component.tolist() == scipy.sparse.csgraph.connected_components(graph, directed=False)[1].tolist()


def test_given_a_long_chain_in_any_order_then_it_is_one_component() -> None:
    numbers = np.random.default_rng(1).permutation(200_000).astype(np.int32)

    component = component_of(pair_keys(numbers[:-1], numbers[1:]), len(numbers))

    assert component.tolist() == [0] * len(numbers)
