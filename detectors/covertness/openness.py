"""Facts that speak for open accounts: who lists, labels, verifies or allows members, and how well known they are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.attribution.fact_store import FactStore
from detectors.attribution.facts import Fact
from detectors.covertness import words
from detectors.covertness.baseline import Baseline
from detectors.reference.affiliation import Affiliation
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.statistics.peer_ranks import median
from schemas.reviews import SuppressionRule


@dataclass(frozen=True, slots=True)
class Typical:
    """A median of the members against the upper quartile of ordinary accounts."""

    members: float
    ordinary_upper_quartile: float

    @property
    def high(self) -> bool:
        """Whether half of the members reach what three in four ordinary accounts stay below."""
        return self.members >= self.ordinary_upper_quartile


@dataclass(frozen=True, slots=True)
class Openness:
    """Counts of members, unless another unit is named."""

    members: int
    listed: int
    """The registry lists them as run openly."""
    listed_by: str
    """Names of the entities that run these."""
    allowed: int
    allow_reasons: tuple[str, ...]
    """Each reviewer's reason with its rule."""
    labelled: int
    """The platform labels them as state-affiliated or the like."""
    verified: int
    """The platform verified them."""
    followers: Typical | None
    """None: unknown for half of the members or more, or for all ordinary accounts."""
    reactions_per_post: Typical | None
    """None as for `followers`."""
    credited_copies: int
    """Posts that repeat a registry entity and name it."""
    uncredited_copies: int
    """Posts that repeat one and do not."""


def openness(
    affiliation: Affiliation,
    allowed: Bools,
    rules: Mapping[str, SuppressionRule],
    names: Sequence[str],
    members: I32,
    baseline: Baseline,
    registry: Registry,
    facts: FactStore,
) -> Openness:
    """Gather the facts.

    Args:
        affiliation: of the members.
        allowed: bool, members that a reviewer allows.
        rules: the rule by account.
        names: the members as `platform:account_id`.
        members: int32, their numbers.
        baseline: all accounts.
        registry: known entities.
        facts: what attribution found.
    """
    listed = affiliation.entity[affiliation.open & (affiliation.entity != NO_ENTITY)]
    reasons = dict.fromkeys(
        f"{rules[name].reason} (rule {rules[name].rule_id})" for name in names if name in rules
    )
    counts = facts.counts_of(members).sum(axis=1)
    known_followers = baseline.followers[members]
    known_followers = known_followers[known_followers >= 0]
    table = baseline.engagement
    measured = members[table.known_posts[members] > 0]
    return Openness(
        members=len(members),
        listed=len(listed),
        listed_by=words.entities(registry, list(dict.fromkeys(listed.tolist()))),
        allowed=int(allowed.sum()),
        allow_reasons=tuple(reasons),
        labelled=sum(profile.platform_label is not None for profile in affiliation.profiles),
        verified=sum(bool(profile.verified) for profile in affiliation.profiles),
        followers=typical(known_followers, baseline.many_followers, len(members)),
        reactions_per_post=typical(
            table.reactions[measured] / table.known_posts[measured], baseline.many_reactions, len(members)
        ),
        credited_copies=int(counts[Fact.CREDITED_COPY]),
        uncredited_copies=int(counts[Fact.COPY]),
    )


def typical(known: F64 | I64, upper_quartile: float, members: int) -> Typical | None:
    """The median of what is known, if that is at least half of the members."""
    if 2 * len(known) < members or math.isnan(upper_quartile):
        return None
    return Typical(median(known), upper_quartile)
