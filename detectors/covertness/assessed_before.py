"""What was last assessed of each network. It stands, with its date, until something newer is known.

A network that goes quiet becomes unknown: its posts leave the window of engagement, and nothing speaks for or against
it any more. What is unknown must not clear a suspicion. So a term that cannot be assessed now keeps its last result.
Obscurity also stands while nothing new was seen of the members. Whatever can be assessed again replaces it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from detectors.covertness.member_obscurity import MemberObscurity, ObscurityUnknown
from detectors.covertness.network_context import KeptTerm, NetworkContext
from detectors.covertness.terms.term import Answer, NotAssessed, TermResult
from detectors.networks.networks import Network

OBSCURITY = "obscurity"
"""The name of the condition among the terms."""


@dataclass(frozen=True, slots=True)
class AssessedTerm:
    """The result of a term, without its samples."""

    value: float | None
    """0-1. None, for obscurity alone: the members are as little known as most others (`ObscurityUnknown.lowest`)."""
    chance: float | None
    summary: str
    seen: bool
    at: int
    """Event time, seconds."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What obscurity rests upon. While it stays the same, nothing new was seen of the members."""

    members: list[int]
    posts: int
    """Of all members, over all time."""
    followers: int
    """Sum over the members with known followers."""
    known_followers: int
    """Count of these members."""


@dataclass(frozen=True, slots=True)
class AssessedNetwork:
    """What was last assessed of one network."""

    sighting: Sighting
    terms: dict[str, AssessedTerm]
    score: float | None
    """Covertness at the last assessment; None: unknown."""


class AssessedBefore:
    """The last assessment of every living network."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _networks: dict[int, AssessedNetwork]

    def __init__(self) -> None:
        self._networks = {}
        """By number of the network."""

    def completed(self, network: Network, context: NetworkContext, sighting: Sighting) -> NetworkContext:
        """A network's context, with what was assessed before in place of what is unknown now.

        Args:
            network: the network.
            context: as it can be assessed now.
            sighting: of its members, now.
        """
        last = self._networks.get(network.number)
        if last is None or not _same_accounts(last.sighting.members, sighting.members):
            return context
        kept: dict[str, KeptTerm] = {}
        obscurity, answers = context.obscurity, dict(context.answers)
        before = last.terms.get(OBSCURITY)
        if before is not None and obscurity is not None:
            reason = _why_kept(obscurity, before, unchanged=last.sighting == sighting)
            if reason is not None:
                obscurity = _obscurity(before)
                kept[OBSCURITY] = KeptTerm(before.at, reason)
        for name, answer in context.answers.items():
            before = last.terms.get(name)
            if before is not None and isinstance(answer, NotAssessed) and answer.reason is not None:
                answers[name] = TermResult(before.value or 0.0, before.chance, before.summary, before.seen)
                kept[name] = KeptTerm(before.at, answer.reason)
        return replace(context, obscurity=obscurity, answers=answers, kept=kept)

    def keep(
        self, network: Network, context: NetworkContext, sighting: Sighting, score: float | None, now: int
    ) -> None:
        """Keep an assessment for when less is known.

        Args:
            network: the network.
            context: as `completed` gave it.
            sighting: of its members, as given to `completed`.
            score: covertness by this context.
            now: event time, seconds.
        """
        last = self._networks.get(network.number)
        fresh = {
            name: _assessed(answer, now)
            for name, answer in _answers(context).items()
            if name not in context.kept and not _is_unknown(answer)
        }
        if last is not None and _same_accounts(last.sighting.members, sighting.members):
            # terms that were not asked stay too: members that a reviewer allows for a while are asked about later
            terms = last.terms | fresh
            sighting = sighting if OBSCURITY in fresh else last.sighting
        else:
            terms = fresh
        self._networks[network.number] = AssessedNetwork(sighting, terms, score)

    def hand_over(self, ended: Network, heir: Network) -> None:
        """A network was merged into another: the stronger of the two assessments stands."""
        mine, of_heir = self._networks.pop(ended.number, None), self._networks.get(heir.number)
        if mine is not None and (of_heir is None or (of_heir.score or 0.0) < (mine.score or 0.0)):
            self._networks[heir.number] = mine

    def share(self, origin: Network, part: Network) -> None:
        """A network has split off from another: what was assessed of the whole stands for the part."""
        known = self._networks.get(origin.number)
        if known is not None:
            self._networks.setdefault(part.number, known)

    def forget(self, network: Network) -> None:
        """A network has ended."""
        self._networks.pop(network.number, None)

    def forget_ties(self) -> None:
        """The registry has changed: results that rest upon entities that are gone or different do not stand."""
        for number, known in self._networks.items():
            terms = {name: term for name, term in known.terms.items() if name == OBSCURITY}
            self._networks[number] = replace(known, terms=terms)


def _same_accounts(assessed: list[int], members: list[int]) -> bool:
    """Whether most of those assessed are members, or most members were assessed."""
    common = len(set(assessed).intersection(members))
    return 2 * common > min(len(assessed), len(members))


def _is_unknown(answer: Answer | MemberObscurity) -> bool:
    """Whether an answer says nothing. That nearly everyone here is as little known says something."""
    return isinstance(answer, NotAssessed) and not (isinstance(answer, ObscurityUnknown) and answer.lowest)


def _answers(context: NetworkContext) -> Mapping[str, Answer | MemberObscurity]:
    """All answers by name, obscurity among them."""
    obscurity = {} if context.obscurity is None else {OBSCURITY: context.obscurity}
    return {**obscurity, **context.answers}


def _assessed(answer: Answer | MemberObscurity, now: int) -> AssessedTerm:
    """What is kept of an answer."""
    if isinstance(answer, NotAssessed):
        return AssessedTerm(None, None, answer.reason or "", seen=False, at=now)
    if isinstance(answer, MemberObscurity):
        return AssessedTerm(answer.value, None, answer.summary, seen=True, at=now)
    return AssessedTerm(answer.value, answer.chance, answer.summary, answer.seen, now)


def _obscurity(before: AssessedTerm) -> MemberObscurity | ObscurityUnknown:
    if before.value is None:
        return ObscurityUnknown(before.summary, lowest=True)
    return MemberObscurity(before.value, before.summary, None)


def _why_kept(
    obscurity: MemberObscurity | ObscurityUnknown, before: AssessedTerm, *, unchanged: bool
) -> str | None:
    """Why obscurity stays as it was before; None: it is known anew."""
    if isinstance(obscurity, ObscurityUnknown):
        return obscurity.reason if _is_unknown(obscurity) else None
    # posts that leave the window move members among accounts that post less; that is no news about them
    lower = before.value is None or obscurity.value < before.value
    return "obscurity (nothing new was seen of them)" if unchanged and lower else None
