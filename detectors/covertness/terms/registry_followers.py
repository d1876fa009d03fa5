"""More followers from the registry than accounts of their size have."""

from collections.abc import Sequence

import numpy as np

from detectors.arrays.dtypes import I32, I64
from detectors.covertness import words
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.terms.term import (
    NO_REGISTRY,
    Answer,
    EvidenceSource,
    Measurement,
    NotAssessed,
    Sample,
    Subject,
    TermResult,
    strength,
)
from detectors.followers.follower_overlap import Enrichment, OverlappingPairs
from detectors.reference.registry import Registry
from schemas.evidence import EntityTie

_SHOWN_FOLLOWS = 10
"""Follows that an alert shows as evidence, to keep its size bounded; not measured."""
_TELLING = 0.01
"""Chance from which a pair of members is counted as sharing followers, and from which pairs are compared at all.

One pair in a hundred is so by chance, as for edges (`detectors.statistics.false_discovery`). Not measured here.
"""
_MOST_COMPARED = 500
"""Members with follow events up to which pairs are compared: 124,750 pairs. It bounds the cost of an alert; not
measured."""


class RegistryFollowers:
    """Follows by accounts of the registry (`detectors.followers.follower_overlap`)."""

    name = "registry_followers"
    source = EvidenceSource.FOLLOWERS
    when_strong = "are followed by accounts of the registry"
    when_absent = "registry followers"

    def assess(self, subject: Subject) -> Answer:
        """Assess who follows the members."""
        if not len(subject.registry):
            return NotAssessed(NO_REGISTRY)
        null = subject.baseline.follow_null
        if null is None:
            return NotAssessed("who follows them (no follow events were given)")
        observations, members = subject.observations, subject.not_open
        keys = subject.accounts.keys[members]
        finding = null.enrichment(keys)
        if not finding.members:
            return NotAssessed("who follows them (no follow event was about any of them)")
        starts, followers = observations.followers.registry_follows(keys)
        names = observations.reference_data.watched_names
        owners = observations.reference_data.watched_entity_numbers[followers]
        summary = _summary(finding, subject.registry, _by_follows(owners))
        if not finding.observed:
            return TermResult(strength(finding.p), finding.p, summary, seen=False)
        followers_measured = Measurement(
            self.name,
            finding.observed,
            finding.expected,
            finding.members,
            finding.p,
            strength(finding.p),
            summary,
        )
        pairs_measured: tuple[Measurement, ...] = ()
        if finding.p <= _TELLING and finding.members <= _MOST_COMPARED:
            pairs_measured = _pairs_measured(null.overlapping_pairs(keys, max_p=1.0))
        followed = np.repeat(members, np.diff(starts))
        expected = finding.expected / max(finding.members, 1)
        samples = [
            Sample(
                member,
                f"followed by {names[follower]}: {subject.registry.relation(owner)}",
                subject.now,
                expected,
                entity=_follower(subject.registry, owner, names[follower]),
            )
            for member, follower, owner in zip(
                followed[:_SHOWN_FOLLOWS].tolist(),
                followers[:_SHOWN_FOLLOWS].tolist(),
                owners[:_SHOWN_FOLLOWS].tolist(),
                strict=True,
            )
        ]
        return TermResult(
            strength(finding.p),
            finding.p,
            summary,
            seen=True,
            measurements=(followers_measured, *pairs_measured),
            samples=tuple(samples),
        )

    def has_evidence(self, members: I32, observations: AccountObservations) -> bool:
        """Whether an account of the registry follows a member."""
        return bool(observations.followers.followers_of(observations.keys_of(members))[2].any())


def _follower(registry: Registry, owner: int, account: str) -> EntityTie:
    """An account of the registry that follows a member."""
    entity = registry.entities[owner]
    return EntityTie(entity_id=entity.entity_id, name=entity.name, kind=entity.kind, account_id=account)


def _by_follows(owners: I64) -> list[int]:
    """Entities, those with most follows first."""
    entities, counts = np.unique(owners, return_counts=True)
    order = np.lexsort((entities, -counts))
    ranked: list[int] = entities[order].tolist()
    return ranked


def _summary(finding: Enrichment, registry: Registry, owners: Sequence[int]) -> str:
    if not finding.observed:
        return (
            "No account of the registry follows a member; accounts of their size would have "
            f"{words.number(finding.expected)} such followers."
        )
    return (
        f"{words.plural(finding.distinct, 'account')} of the registry ({words.entities(registry, owners)}) "
        f"{'follows' if finding.distinct == 1 else 'follow'} members, {words.plural(finding.observed, 'follow')} in "
        f"all; accounts of their size would have {words.number(finding.expected)}."
    )


def _pairs_measured(pairs: OverlappingPairs) -> tuple[Measurement, ...]:
    """Pairs of members with the same followers from the registry.

    It is part of who follows them, so it is a signal and no term of its own.
    """
    telling = pairs.p <= _TELLING
    if not telling.any():
        return ()
    count = int(telling.sum())
    shared, expected = int(pairs.shared[telling].sum()), float(pairs.expected[telling].sum())
    least = min(1.0, float(pairs.p[telling].min()) * max(pairs.compared, 1))
    summary = (
        f"{words.plural(count, 'pair')} of members {'has' if count == 1 else 'have'} registry followers in common, "
        f"{shared:,} in all; chance would give {words.number(expected)}."
    )
    return (
        Measurement("shared_registry_followers", shared, expected, count, least, strength(least), summary),
    )
