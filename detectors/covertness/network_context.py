"""What is known about the members of one network, beside what they shared together.

Each finding is a chance or a count with a plain sentence; `detectors.covertness.covertness` makes a score of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.alerts import CounterEvidence, Evidence, Signal


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
class NetworkContext:
    """What is known about a network's members. Members that are open do not count in the first four."""

    members: tuple[MemberContext, ...]
    """In the order of the network's."""
    obscurity: float | None
    """0-1 (`detectors.engagement.obscurity`); None: too little is known, or `lowest`."""
    chances: Mapping[str, float]
    """Chance of what was seen, by the name of a context term; those that could not be assessed are absent."""
    unlabelled_share: float
    """Share of members tied to companies or affiliates without a sign of it."""
    open_share: float
    """Share of members that the registry, a label or a reviewer shows to be who they are."""
    said: Mapping[str, str]
    """One plain sentence by the name of a term."""
    absent: tuple[str, ...]
    """Names of the terms that were looked for and of which nothing at all was seen."""
    unknown: tuple[str, ...]
    """What could not be assessed and why, in words."""
    signals: tuple[Signal, ...] = field(default=())
    evidence: tuple[Evidence, ...] = field(default=())
    counter: tuple[CounterEvidence, ...] = field(default=())
    lowest: bool = False
    """Whether the members have as few followers and reactions as can be, and so have most others here."""
    engagements: int | None = None
    """Reactions to the members' posts within the engagement window; None: unknown."""
