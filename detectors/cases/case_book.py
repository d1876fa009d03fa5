"""The case of each network: an id that stays while its networks come and go.

A case begins with a network and has an id made from that network's. When networks of two cases turn out to belong
together, the older case goes on and takes in the other. A case is never divided: what was once one operation to a
reviewer stays so. It ends with its last network.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.cases.relations import Relation
from detectors.covertness import words
from detectors.networks.networks import Network
from schemas.alerts import RelatedNetwork

_MOST_LISTED = 10
"""Related networks that an alert lists, the closest first. It bounds the size of an alert; not measured."""


@dataclass(frozen=True, slots=True)
class _Case:
    """Which case a network is in, and when that case began."""

    case_id: str
    began: int
    """Event time at which its first network was opened, seconds."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The case of a network."""

    case_id: str
    related: list[RelatedNetwork]
    """The networks of the case that are close to it, the closest first."""


class CaseBook:
    """Cases of all living networks, and how these are related."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _case_of: dict[int, _Case]
    _relations: dict[int, dict[int, Relation]]

    def __init__(self) -> None:
        self._case_of = {}
        self._relations = {}
        """By number of both networks."""

    def case_id(self, network: Network) -> str:
        """The case of a network; a new one if it has none."""
        return self._case(network).case_id

    def facts(self, network: Network, alive: Mapping[int, Network]) -> CaseFacts:
        """The case of a network, and its relatives among the networks `alive` (by number)."""
        return CaseFacts(self.case_id(network), self._related(network, alive))

    def regroup(self, relations: Iterable[Relation], alive: Mapping[int, Network]) -> None:
        """Put related networks into one case, and note how they are related.

        Args:
            relations: all that hold now. What was noted of networks that are no longer close enough stays.
            alive: all networks by number.
        """
        for relation in relations:
            self._join(alive[relation.first], alive[relation.second])
            self._relations.setdefault(relation.first, {})[relation.second] = relation
            self._relations.setdefault(relation.second, {})[relation.first] = relation

    def take_in(self, network: Network, heir: Network) -> str:
        """A network is absorbed by another: their cases are one from now on, whose id is returned."""
        self._join(network, heir)
        return self.forget(network)

    def forget(self, network: Network) -> str:
        """A network has ended; return the id of the case that it was in."""
        case = self._case(network)
        del self._case_of[network.number]
        for other in self._relations.pop(network.number, {}):
            self._relations[other].pop(network.number, None)
        return case.case_id

    def _related(self, network: Network, alive: Mapping[int, Network]) -> list[RelatedNetwork]:
        known = {n: each for n, each in self._relations.get(network.number, {}).items() if n in alive}
        closest = sorted(known.items(), key=lambda item: (-item[1].objects - item[1].members, item[0]))
        return [
            RelatedNetwork(
                network_id=alive[number].network_id,
                jaccard=relation.members,
                object_jaccard=relation.objects,
                reason=_reason(relation),
            )
            for number, relation in closest[:_MOST_LISTED]
        ]

    def _case(self, network: Network) -> _Case:
        case = self._case_of.get(network.number)
        if case is None:
            case = _Case(f"case-{network.network_id.removeprefix('net-')}", network.opened_at)
            self._case_of[network.number] = case
        return case

    def _join(self, one: Network, two: Network) -> None:
        """Let all networks of two cases be in the older one."""
        cases = sorted({self._case(one), self._case(two)}, key=lambda case: (case.began, case.case_id))
        for number, case in self._case_of.items():
            if case in cases[1:]:
                self._case_of[number] = cases[0]


def _reason(relation: Relation) -> str:
    """How two networks are related, in words."""
    reasons: list[str] = []
    if relation.most_objects:
        objects = words.plural(relation.shared, "object")
        reasons.append(f"they share {objects}, most of what one of them shares, with few other accounts")
    if relation.moved:
        reasons.append(f"{words.plural(relation.moved, 'account')} moved from one to the other")
    return _capitalised(reasons)


def _capitalised(reasons: Sequence[str]) -> str:
    text = words.listing(reasons)
    return f"{text[0].upper()}{text[1:]}."
