"""Groups that one account holds together are as many networks; all others stay whole."""

from itertools import combinations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.networks.communities import LEAST_PART, parted_at_hinges
from tests.detectors.networks.test_communities import clique


def parts(edges: list[tuple[int, int]], weight: list[float] | None = None) -> list[list[int]]:
    ends = np.array(edges, np.int32).reshape(-1, 2).T
    weights = np.array(weight or [1.0] * len(edges))
    return sorted(part.tolist() for part in parted_at_hinges(np.unique(ends), ends, weights))


def test_given_one_account_with_ties_to_two_groups_then_it_stays_with_the_one_it_is_tied_to_most() -> None:
    both = [*clique(0, 1, 2), *clique(4, 5, 6, 7), (3, 4), (3, 5), (1, 3), (2, 3)]
    weight = [1.0] * (len(both) - 4) + [1.0, 1.0, 2.0, 2.0]

    assert parts(both, weight) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert parts(both, [1.0] * (len(both) - 4) + [2.0, 2.0, 1.0, 1.0]) == [[0, 1, 2], [3, 4, 5, 6, 7]]


def test_given_two_accounts_with_ties_to_both_groups_then_it_is_one() -> None:
    assert parts([*clique(0, 1, 2), *clique(4, 5, 6), (2, 4), (1, 5)]) == [[0, 1, 2, 4, 5, 6]]


def test_given_parts_that_are_too_small_then_they_stay_with_the_hinge() -> None:
    assert parts([*clique(0, 1, 2), *clique(0, 3, 4), *clique(0, 5, 6)]) == [[0, 1, 2, 3, 4, 5, 6]]
    assert parts([*clique(0, 1, 2, 3), *clique(0, 4, 5, 6), *clique(0, 7, 8)]) == [
        [0, 1, 2, 3, 7, 8],
        [4, 5, 6],
    ]


def test_given_a_chain_of_groups_then_each_is_a_part() -> None:
    chain = [*clique(0, 1, 2, 3), *clique(3, 4, 5, 6, 7), *clique(7, 8, 9, 10)]

    assert parts(chain) == [[0, 1, 2], [3, 4, 5, 6, 7], [8, 9, 10]]


@settings(max_examples=60, deadline=None)
@given(edges=st.sets(st.sampled_from(list(combinations(range(14), 2))), min_size=1, max_size=40))
def test_given_any_connected_group_then_no_part_has_a_hinge_and_every_account_is_in_one_part(
    edges: set[tuple[int, int]],
) -> None:
    whole = nx.Graph(sorted(edges))
    group = max(nx.connected_components(whole), key=lambda each: (len(each), min(each)))
    graph = whole.subgraph(group)

    found = parts([edge if edge[0] < edge[1] else edge[::-1] for edge in graph.edges])

    assert sorted(account for part in found for account in part) == sorted(group)
    for part in found:
        inner = graph.subgraph(part)
        assert nx.is_connected(inner)
        for hinge in nx.articulation_points(inner):
            rest = nx.connected_components(inner.subgraph(set(part) - {hinge}))
            assert sum(len(each) >= LEAST_PART for each in rest) < 2
