"""What is known of the members that speaks for an innocent explanation."""

import math
from collections.abc import Iterator, Mapping, Sequence

from detectors.arrays.dtypes import I32, Bools
from detectors.attribution.fact_store import FactStore
from detectors.attribution.facts import Fact
from detectors.covertness import context_words as words
from detectors.covertness.baseline import Baseline
from detectors.reference.affiliation import Affiliation
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.statistics.peer_ranks import median
from schemas.alerts import CounterEvidence
from schemas.reviews import SuppressionRule


def counter_facts(
    affiliation: Affiliation,
    allowed: Bools,
    rules: Mapping[str, SuppressionRule],
    names: Sequence[str],
    members: I32,
    baseline: Baseline,
    registry: Registry,
    facts: FactStore,
) -> Iterator[CounterEvidence]:
    """Facts for an innocent explanation, the weightiest first.

    Args:
        affiliation: of the members.
        allowed: bool, members that a reviewer allows.
        rules: the rule by account.
        names: the members as `platform:account_id`.
        members: int32, their numbers.
        baseline: all accounts.
        registry: who is known.
        facts: what attribution found.
    """
    known = affiliation.entity[affiliation.open & (affiliation.entity != NO_ENTITY)]
    if len(known):
        entities = tuple(dict.fromkeys(known.tolist()))
        yield CounterEvidence(
            kind="openly_affiliated",
            summary=f"{len(known)} of {len(members)} members are accounts that the registry lists as run openly, by "
            f"{words.named(registry, entities)}.",
        )
    if allowed.any():
        reasons = dict.fromkeys(f"{rules[n].reason} (rule {rules[n].rule_id})" for n in names if n in rules)
        yield CounterEvidence(
            kind="allow_listed",
            summary=f"{int(allowed.sum())} of {len(members)} members are allowed by a reviewer: {'; '.join(reasons)}.",
        )
    labelled = sum(profile.platform_label is not None for profile in affiliation.profiles)
    if labelled:
        yield CounterEvidence(
            kind="labelled", summary=f"The platform itself labels {labelled} of {len(members)} members."
        )
    verified = sum(bool(profile.verified) for profile in affiliation.profiles)
    if verified:
        yield CounterEvidence(
            kind="verified_accounts",
            summary=f"{verified} of {len(members)} members are verified by the platform.",
        )
    yield from _well_known(members, baseline)
    counts = facts.counts_of(members).sum(axis=1)
    credited, copied = int(counts[Fact.CREDITED_COPY]), int(counts[Fact.COPY])
    if credited > copied:
        yield CounterEvidence(
            kind="credited_copies",
            summary=f"Of {credited + copied:,} posts that repeat an entity of the registry, {credited:,} name their "
            "source.",
        )


def _well_known(members: I32, baseline: Baseline) -> Iterator[CounterEvidence]:
    """Many followers or many reactions, against ordinary accounts."""
    mine = baseline.followers[members]
    mine = mine[mine >= 0]
    if 2 * len(mine) >= len(members) and not math.isnan(baseline.many_followers):
        typical = median(mine)
        if typical >= baseline.many_followers:
            yield CounterEvidence(
                kind="many_followers",
                summary=f"Half of the members have {words.number(typical)} followers or more; three in four other "
                f"accounts have fewer than {words.number(baseline.many_followers)}.",
            )
    table = baseline.engagement
    there = members[table.known_posts[members] > 0]
    if 2 * len(there) >= len(members) and not math.isnan(baseline.many_reactions):
        typical = median(table.reactions[there] / table.known_posts[there])
        if typical >= baseline.many_reactions and typical > 0:
            yield CounterEvidence(
                kind="high_engagement",
                summary=f"A typical member gets {words.number(typical)} reactions a post; three in four other accounts "
                f"get fewer than {words.number(baseline.many_reactions)}.",
            )
