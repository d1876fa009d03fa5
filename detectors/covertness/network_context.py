"""What is known about the members of one network, beside their co-shares.

`detectors.covertness.covertness` makes a score of it, and `detectors.alerts` makes the texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors.covertness.member_obscurity import MemberObscurity, ObscurityUnknown
from detectors.covertness.openness import Openness
from detectors.covertness.terms.term import Answer, Measurement, NotAssessed, Sample, TermResult


@dataclass(frozen=True, slots=True)
class MemberContext:
    """One member; None: unknown."""

    handle: str | None
    created: int | None
    """Seconds since 1970 UTC."""
    followers: int | None
    registry: str | None
    """entity_id of the entity whose account it is."""
    allowed: bool
    """A reviewer's rule takes it to be legitimate."""


@dataclass(frozen=True, slots=True)
class KeptTerm:
    """A term that cannot be assessed now and stands as it was before (`detectors.covertness.assessed_before`)."""

    at: int
    """When it was assessed: event time, seconds."""
    reason: str
    """What is unknown now and why, as in `NotAssessed.reason`."""


@dataclass(frozen=True, slots=True)
class NetworkContext:
    """What is known about a network's members. Obscurity and terms are about those that are not open."""

    members: tuple[MemberContext, ...]
    """In the order of the network's members."""
    obscurity: MemberObscurity | ObscurityUnknown | None
    """None: all members are open."""
    answers: Mapping[str, Answer]
    """What each term answers, by its name, in the order of `terms.TERMS`; empty if all members are open."""
    open_share: float
    """Share of members that the registry, a label or a reviewer shows to be who they are, 0-1."""
    openness: Openness | None = None
    rhythm: Measurement | None = None
    """Members that post in the same minutes; None: none. It is coordination and bears on no score here."""
    engagements: int | None = None
    """Reactions to the members' posts within the engagement window; None: unknown."""
    kept: Mapping[str, KeptTerm] = field(default_factory=dict)
    """Obscurity and terms that stand as they were assessed before, by name."""
    quiet_since: int | None = None
    """Time of the members' last post if it is longer ago than the window of engagement; seconds. None: they post."""

    @property
    def assessed_at(self) -> int | None:
        """When the oldest of what stands from before was assessed, seconds; None: all is as it is now."""
        return min((kept.at for kept in self.kept.values()), default=None)

    @property
    def results(self) -> dict[str, TermResult]:
        """The terms that could be assessed, by name."""
        return {name: answer for name, answer in self.answers.items() if isinstance(answer, TermResult)}

    @property
    def lowest(self) -> bool:
        """Whether the members have as few followers and reactions as possible, and so have most others here."""
        return isinstance(self.obscurity, ObscurityUnknown) and self.obscurity.lowest

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """Everything measured: obscurity, then the terms, then rhythm."""
        measured = [each for result in self.results.values() for each in result.measurements]
        if isinstance(self.obscurity, MemberObscurity) and self.obscurity.measurement is not None:
            measured.insert(0, self.obscurity.measurement)
        return (*measured, self.rhythm) if self.rhythm is not None else tuple(measured)

    @property
    def samples(self) -> tuple[tuple[str, Sample], ...]:
        """The samples of all terms, each with the name of its term."""
        return tuple((name, sample) for name, result in self.results.items() for sample in result.samples)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What could not be assessed now or before, and why, each reason once."""
        answers = [*([self.obscurity] if self.obscurity is not None else []), *self.answers.values()]
        reasons = [answer.reason for answer in answers if isinstance(answer, NotAssessed)]
        return tuple(dict.fromkeys(reason for reason in reasons if reason))
