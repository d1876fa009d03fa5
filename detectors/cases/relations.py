"""Which networks belong together: those that share most of their objects, or most of their members over time."""

from collections.abc import Mapping
from dataclasses import dataclass

from detectors.cases.shared_objects import LEAST_SHARED, SharedObjects, shared_objects
from detectors.evidence.pairs import PairStore
from detectors.networks.networks import Network, NetworkStore

_MOST = 0.5
"""Share of the smaller network's objects, or members, from which two networks are one case: most of them. Its effect
on planted groups is in docs/decisions."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Why two networks are one case."""

    first: int
    """Number of the older network."""
    second: int
    """Number of the younger one."""
    members: float
    """Accounts that were in both, divided by accounts that were in either, 0-1."""
    objects: float
    """Weight of the objects of both divided by that of the objects of either, 0-1."""
    shared: int
    """Objects that both have."""
    moved: int
    """Accounts that were in both."""
    most_objects: bool
    """Whether they share most objects of the one that has less."""


def relations(pairs: PairStore, networks: NetworkStore) -> list[Relation]:
    """All pairs of living networks that belong together, ordered by number.

    Args:
        pairs: the evidence.
        networks: the networks.
    """
    alive = networks.alive
    by_objects = {
        (each.first, each.second): each
        for each in shared_objects(pairs.rows, pairs.keys, networks.network_of)
    }
    by_members = _moved(alive)
    found = []
    for first, second in sorted({*by_objects, *by_members}):
        objects, moved = by_objects.get((first, second)), by_members.get((first, second), 0)
        one, two = alive[first], alive[second]
        most_objects = objects is not None and _share_most(objects)
        if not most_objects and moved < max(1.0, _MOST * min(one.size, two.size)):
            continue
        either = one.size + two.size + len(one.former) + len(two.former) - moved
        found.append(
            Relation(
                first,
                second,
                round(moved / either, 4),
                round(objects.shared / objects.either, 4) if objects is not None else 0.0,
                objects.common if objects is not None else 0,
                moved,
                most_objects,
            )
        )
    return found


def _share_most(objects: SharedObjects) -> bool:
    """Whether two networks share most objects of the one that has less, and enough of them."""
    return objects.shared >= LEAST_SHARED and objects.shared >= _MOST * objects.least


def _moved(alive: Mapping[int, Network]) -> dict[tuple[int, int], int]:
    """Accounts that were in two networks, one after the other, by the numbers of both, the smaller first."""
    holder = {account: number for number, network in alive.items() for account in network.members}
    formerly: dict[int, list[int]] = {}
    for number, network in alive.items():
        for account in network.former:
            formerly.setdefault(account, []).append(number)
    moved: dict[tuple[int, int], int] = {}
    for account, numbers in formerly.items():
        places = sorted({*numbers, *([holder[account]] if account in holder else [])})
        for index, first in enumerate(places):
            for second in places[index + 1 :]:
                moved[first, second] = moved.get((first, second), 0) + 1
    return moved
