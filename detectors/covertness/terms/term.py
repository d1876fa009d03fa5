"""What a context term is: what it is asked, what it answers, and the words that alerts use for it."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, Bools
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.baseline import Baseline
from detectors.reference.affiliation import Affiliation
from detectors.reference.registry import Registry
from schemas.evidence import EntityTie

_DECADES = 8.0
"""Powers of ten at which a chance has full strength: 1 in 100 million.

Half of it, strength .5, is a chance of 1 in 10,000. That bound was measured on the prototype: with registry followers
at p < 1e-4, precision as covert was .996 to 1.00 with obscure, open clubs in the data
(`docs/decisions/0011-covertness.md`).
"""
NO_REGISTRY = "ties to known accounts (no registry was given)"
"""Why a term that needs the registry could not be assessed."""


class EvidenceSource(StrEnum):
    """Where the evidence of a term comes from.

    Terms of one source depend on one another, so only their least chance counts, times their number (Bonferroni).
    Sources are independent, so their chances combine by Fisher's method.
    """

    CONTENT = "content"
    """What the members publish."""
    FOLLOWERS = "followers"
    """Who follows the members."""
    TIES = "ties"
    """Whose accounts they are, by the registry and their profiles."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One network at one moment, with everything that a term may look at."""

    members: I32
    """All members, ascending account numbers."""
    is_open: Bools
    """By member: known openly, through the registry, a platform's label or a reviewer."""
    not_open: I32
    """The other members, at least one. A term is about these: who is open hides nothing."""
    affiliation: Affiliation
    """By member."""
    observations: AccountObservations
    baseline: Baseline
    accounts: AccountStore
    now: int
    """Event time, seconds."""

    @property
    def registry(self) -> Registry:
        """Known entities; empty if no registry was given."""
        return self.observations.reference_data.registry


@dataclass(frozen=True, slots=True)
class Measurement:
    """A count against what ordinary accounts give; an alert shows it as a signal."""

    detector: str
    observed: float
    expected: float
    n: int
    """Posts, follows or pairs behind it."""
    p: float
    """Chance of `observed` or more."""
    score: float
    """Strength of the signal, 0-1."""
    summary: str
    """The finding in one sentence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One act of a member that a person can check; an alert shows it as evidence."""

    account: int
    """Account number."""
    object: str
    """What the member acted on, and whose it is."""
    time: int
    """Event time, seconds."""
    expected: float
    """How many such acts ordinary accounts give for each post or member counted."""
    post_id: str | None = None
    """None: the act is no post."""
    entity: EntityTie | None = None
    """The registry entity that the act is about."""


@dataclass(frozen=True, slots=True)
class TermResult:
    """What a term found about the members."""

    value: float
    """Strength, 0-1. From `covertness.SUSPECTED` on, the term would carry a suspicion by itself."""
    chance: float | None
    """Chance of the finding among ordinary accounts. None: the term has no test, and `value` counts as it is."""
    summary: str
    """The finding in one sentence, with what ordinary accounts would give."""
    seen: bool
    """Whether anything at all was seen. If not, the alert lists the term as looked for and not found."""
    measurements: tuple[Measurement, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """A term that could not be assessed. It neither raises nor lowers the score."""

    reason: str | None
    """What is unknown and why, for the alert: `who follows them (no follow events were given)`. None: nothing."""


Answer: TypeAlias = TermResult | NotAssessed


class ContextTerm(Protocol):
    """One reason to suspect. It holds no state."""

    name: str
    """The name in `covertness_terms`; never changes."""
    source: EvidenceSource
    when_strong: str
    """Completes "they ..." in the headline of a suspected network."""
    when_absent: str
    """Completes "Not found: ...", for a term of which nothing was seen."""

    def assess(self, subject: Subject) -> Answer:
        """Assess the members that are not open. Called for each alert, after the registry and baseline are known."""
        ...

    def has_evidence(self, members: I32, observations: AccountObservations) -> bool:
        """Whether anything was seen that could make this term strong.

        It is called for every network once a day, so it must be cheap. A network without evidence of any term is not
        assessed again until it changes.
        """
        ...


def strength(p: float) -> float:
    """A chance as a value from 0 (1 in 1) to 1 (1 in 100 million or less)."""
    return min(1.0, max(0.0, -math.log10(max(p, 1e-300)) / _DECADES))
