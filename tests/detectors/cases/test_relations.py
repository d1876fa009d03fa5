"""Networks belong together by most of their objects, or by most of their members over time."""

import numpy as np

from detectors.cases.relations import relations
from detectors.config import DetectionConfig
from detectors.evidence.pairs import PairStore
from detectors.networks.networks import NetworkStore

NAMES = [f"x:a{number}" for number in range(64)]


def store(*groups: range) -> NetworkStore:
    made = NetworkStore(3)
    found = [np.array(group, np.int32) for group in groups]
    made.update_from_communities(np.concatenate(found), found, 600, NAMES)
    return made


def test_given_a_network_that_split_then_its_parts_belong_together() -> None:
    networks = store(range(10))
    parts = [np.arange(6, dtype=np.int32), np.arange(6, 10, dtype=np.int32)]
    networks.update_from_communities(np.arange(10, dtype=np.int32), parts, 1_200, NAMES)

    (found,) = relations(PairStore(DetectionConfig()), networks)

    assert (found.first, found.second, found.moved, found.objects) == (0, 1, 4, 0.0)
    assert found.members == round(4 / 10, 4)
    assert not found.most_objects


def test_given_a_few_members_that_moved_then_the_networks_do_not_belong_together() -> None:
    networks = store(range(10), range(20, 30))
    parts = [np.arange(7, dtype=np.int32), np.array([*range(7, 10), *range(20, 30)], np.int32)]
    networks.update_from_communities(np.concatenate(parts), parts, 1_200, NAMES)

    assert networks.alive[0].former == {7, 8, 9}
    assert relations(PairStore(DetectionConfig()), networks) == []


def test_given_members_that_come_back_then_they_have_not_moved() -> None:
    networks = store(range(10), range(20, 30))
    parts = [np.arange(7, dtype=np.int32), np.array([*range(7, 10), *range(20, 30)], np.int32)]
    networks.update_from_communities(np.concatenate(parts), parts, 1_200, NAMES)
    whole = [np.arange(10, dtype=np.int32), np.arange(20, 30, dtype=np.int32)]
    networks.update_from_communities(np.concatenate(whole), whole, 1_800, NAMES)

    assert networks.alive[0].former == set()
    assert networks.alive[1].former == {7, 8, 9}
