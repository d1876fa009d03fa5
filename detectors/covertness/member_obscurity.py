"""Whether the typical member is obscure: the condition of every suspicion, never its reason."""

from dataclasses import dataclass

from detectors.covertness import words
from detectors.covertness.terms.term import Measurement, NotAssessed, Subject
from detectors.engagement.obscurity import NetworkObscurity, Standing, network_obscurity

_UNKNOWN = {
    Standing.NO_CONTRAST: "obscurity (most other accounts here are as little known)",
    Standing.FEW_POSTS: "obscurity (fewer than five posts in the window)",
    Standing.FEW_KNOWN: "obscurity (followers and reactions are known of too few members)",
    Standing.FEW_PEERS: "obscurity (followers and reactions are known of too few other accounts)",
}
_MEDIAN_TAIL = 0.5
"""Share of its peers that an ordinary account has below it, by the definition of a rank."""


@dataclass(frozen=True, slots=True)
class MemberObscurity:
    """How little known the typical member is."""

    value: float
    """0-1 (`detectors.engagement.obscurity`)."""
    summary: str
    measurement: Measurement | None
    """None: there is no test of it."""


@dataclass(frozen=True, slots=True)
class ObscurityUnknown(NotAssessed):
    """Obscurity could not be assessed."""

    lowest: bool
    """Because the members have as few followers and reactions as possible, and so have most others here."""


def member_obscurity(subject: Subject) -> MemberObscurity | ObscurityUnknown:
    """Compare followers and reactions of the members that are not open with those of their peers.

    Reactions by members to one another do not count.
    """
    reactions_inside = subject.observations.engagement.received_from(subject.not_open)
    finding = network_obscurity(subject.baseline.peers, subject.not_open, reactions_inside)
    if finding.value is None:
        return ObscurityUnknown(_UNKNOWN[finding.standing], lowest=finding.standing is Standing.NO_CONTRAST)
    summary = _summary(finding, len(subject.not_open))
    measurement = None
    if finding.p is not None and finding.tail is not None:
        measurement = Measurement(
            "obscurity", finding.tail, _MEDIAN_TAIL, finding.known_members, finding.p, finding.value, summary
        )
    return MemberObscurity(finding.value, summary, measurement)


def _summary(finding: NetworkObscurity, members: int) -> str:
    """Medians of followers and reactions, against those of accounts of similar volume and age."""
    figures = (
        ("followers", finding.followers_median, finding.followers_peer_median),
        ("reactions a post", finding.reactions_per_post, finding.peer_reactions_per_post),
    )
    compared = [
        (f"{words.number(mine)} {what}", words.number(others))
        for what, mine, others in figures
        if mine is not None and others is not None
    ]
    if not compared:
        return "Followers and reactions are known of too few accounts to compare."
    typical, similar = (words.listing(side) for side in zip(*compared, strict=True))
    known = "" if finding.known_members == members else f", known for {finding.known_members} of {members}"
    return f"The typical member has {typical} (similar accounts: {similar}){known}."
