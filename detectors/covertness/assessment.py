"""One network assessed: what is known of its members, and whether that makes it suspected covert."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, Bools
from detectors.attribution.amplification import amplification
from detectors.attribution.fact_store import RateFinding
from detectors.attribution.facts import Fact
from detectors.covertness import context_words as words
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.baseline import Baseline
from detectors.covertness.counter_evidence import counter_facts
from detectors.covertness.covertness import SUSPECTED, Covertness, covertness, strength
from detectors.covertness.network_context import MemberContext, NetworkContext
from detectors.engagement.obscurity import Standing, network_obscurity
from detectors.followers.follower_overlap import OverlappingPairs
from detectors.networks.networks import Network
from detectors.reference.affiliation import Affiliation, affiliations
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.reference.review_rules import allowed_accounts, muting_rule
from schemas.alerts import CounterEvidence, Evidence, Signal, Suppression

_TERMS = {
    Fact.COPY: ("unattributed_copies", words.copies),
    Fact.HIDDEN_MENTION: ("hidden_mentions", words.hidden_mentions),
    Fact.REGISTRY_LINK: ("shared_infrastructure", words.infrastructure),
    Fact.PASSED_ON: ("amplified_copies", words.amplified),
}
_WITHOUT = {
    Standing.NO_CONTRAST: "whether they are obscure: they have as little as can be, and so have most others here",
    Standing.FEW_POSTS: "how obscure they are: they posted less than five times in the window",
    Standing.FEW_KNOWN: "how obscure they are: followers and reactions are known of too few of them",
    Standing.FEW_PEERS: "how obscure they are: followers and reactions are known of too few others to compare with",
}
_LEAST_POSTS = 5
"""Fewer posts of all members together say nothing about their output."""
_SHOWN_FOLLOWERS = 10
_TELLING, _MOST_PAIRED = 0.01, 500
"""Chance from which followers are looked at pair by pair, and members up to which that is done."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an alert says of a network beside its coordination."""

    context: NetworkContext
    covert: Covertness
    muted: Suppression | None
    """The reviewers' rule that keeps it quiet."""


class _Notes:
    """Findings as they come, each with its sentence."""

    def __init__(self) -> None:
        self.chances: dict[str, float] = {}
        self.said: dict[str, str] = {}
        self.absent: list[str] = []
        self.unknown: list[str] = []
        self.signals: list[Signal] = []
        self.evidence: list[Evidence] = []

    def signal(
        self, name: str, observed: float, expected: float, p: float, n: int, score: float | None = None
    ) -> None:
        """One signal; its sentence has to be there."""
        self.signals.append(
            Signal(
                detector=name,
                version="1",
                score=round(strength(p) if score is None else score, 4),
                observed=round(float(observed), 6),
                expected=round(expected, 6),
                p_value=max(p, 1e-300),
                n=n,
                window_s=0,
                summary=self.said[name],
            )
        )


def assess(
    network: Network, observations: AccountObservations, baseline: Baseline, accounts: AccountStore, now: int
) -> Assessment:
    """Assess a network at event time `now`, seconds.

    Args:
        network: whose members.
        observations: what was watched.
        baseline: all accounts at this tick.
        accounts: who the accounts are.
        now: seconds.
    """
    reference_data, registry = observations.reference_data, observations.reference_data.registry
    members = np.array(network.members, np.int32)
    names = [accounts.names[member] for member in network.members]
    keys = accounts.keys[members]
    affiliation = affiliations(reference_data, keys, observations.facts.linked_owners(members))
    rules = allowed_accounts(reference_data.rules, now)
    allowed = np.array([name in rules for name in names], np.bool_)
    is_open = affiliation.open | allowed
    # what is open cannot hide; the suspicion is about the others
    others = members[~is_open]
    notes = _Notes()
    obscurity, lowest = None, False
    if len(others):
        obscurity, lowest = _obscurity(notes, others, observations, baseline)
        _content(notes, others, observations, baseline, accounts)
        _followed(notes, others, observations, baseline, accounts, now)
    _rhythm(notes, members, observations)
    unlabelled = float((affiliation.unlabelled & ~is_open).mean())
    if unlabelled:
        ties = tuple(dict.fromkeys(affiliation.tie[affiliation.tie != NO_ENTITY].tolist()))
        notes.said["unlabelled_affiliates"] = (
            f"Of {len(members)} members, {int((affiliation.unlabelled & ~is_open).sum())} are tied to "
            f"{words.named(registry, ties)} by the registry, and their profiles show nothing of it. "
            + words.paths(registry, ties)
        ).strip()
    if not len(registry):
        notes.unknown.append(
            "who is behind the accounts that they follow, copy or link to, since no registry was given"
        )
    elif not observations.followed:
        notes.unknown.append("who follows them, since no follow events were given")
    found = NetworkContext(
        members=_members(affiliation, baseline, members, allowed, registry),
        obscurity=obscurity,
        chances=notes.chances,
        unlabelled_share=unlabelled,
        open_share=float(is_open.mean()),
        said=notes.said,
        absent=tuple(notes.absent),
        unknown=tuple(notes.unknown),
        signals=tuple(notes.signals),
        evidence=tuple(notes.evidence),
        counter=(
            *_not_obscure(obscurity, notes, lowest=lowest),
            *counter_facts(
                affiliation, allowed, rules, names, members, baseline, registry, observations.facts
            ),
        ),
        lowest=lowest,
        engagements=_engagements(baseline, members),
    )
    return Assessment(
        found, covertness(found), muting_rule(reference_data.rules, network.network_id, names, now)
    )


def _not_obscure(obscurity: float | None, notes: _Notes, *, lowest: bool) -> list[CounterEvidence]:
    """That others know the members well enough, or that to be unknown is usual here."""
    if lowest:
        return [
            CounterEvidence(
                kind="no_contrast",
                summary="Most other accounts here have as few followers and reactions as the members, so that it is no "
                "sign of hiding.",
            )
        ]
    if obscurity is None or obscurity >= SUSPECTED:
        return []
    return [
        CounterEvidence(
            kind="not_obscure",
            summary=f"The typical member is not obscure. {notes.said['obscurity']}",
        )
    ]


def _obscurity(
    notes: _Notes, members: I32, observations: AccountObservations, baseline: Baseline
) -> tuple[float | None, bool]:
    """How obscure the typical member is by what others than the members make of it; whether all here are as unknown."""
    inside = observations.engagement.received_from(members)
    found = network_obscurity(baseline.peers, members, inside)
    if found.value is None:
        notes.unknown.append(_WITHOUT[found.standing])
        return None, found.standing is Standing.NO_CONTRAST
    notes.said["obscurity"] = words.obscurity(found, len(members))
    if found.p is not None and found.tail is not None:
        notes.signal("obscurity", found.tail, 0.5, found.p, found.known_members, score=found.value)
    return found.value, False


def _content(
    notes: _Notes,
    members: I32,
    observations: AccountObservations,
    baseline: Baseline,
    accounts: AccountStore,
) -> None:
    """What the members publish, against what ordinary accounts do."""
    registry = observations.reference_data.registry
    posts = accounts.posts[: len(baseline.ordinary)]
    if not len(registry) or int(posts[members].sum()) < _LEAST_POSTS:
        return
    for kind, (name, said) in _TERMS.items():
        usual = (members, posts, baseline.sums[kind], baseline.ordinary)
        if kind is Fact.PASSED_ON:
            found = amplification(observations.amplified, *usual)
        else:
            found = observations.facts.finding(kind, *usual)
        notes.chances[name] = found.p
        notes.said[name] = said(found, registry)
        if not found.observed:
            notes.absent.append(name)
            continue
        notes.signal(name, found.observed, found.expected, found.p, found.posts)
        notes.evidence += _samples(name, found, accounts, registry)


def _followed(
    notes: _Notes,
    members: I32,
    observations: AccountObservations,
    baseline: Baseline,
    accounts: AccountStore,
    now: int,
) -> None:
    """Who of the registry follows the members."""
    null, registry = baseline.follow_null, observations.reference_data.registry
    if null is None or not len(registry):
        return
    keys = accounts.keys[members]
    found = null.enrichment(keys)
    if not found.members:
        notes.unknown.append("who follows them: no follow event was about any of them")
        return
    starts, numbers = observations.followers.registry_follows(keys)
    names = observations.reference_data.watched_names
    who = observations.reference_data.watched_entity_numbers[numbers]
    entities, counts = np.unique(who, return_counts=True)
    ranked = tuple(int(at) for at in entities[np.lexsort((entities, -counts))])
    name = "registry_followers"
    notes.chances[name] = found.p
    notes.said[name] = words.registry_followers(found, registry, ranked)
    if not found.observed:
        notes.absent.append(name)
    else:
        notes.signal(name, found.observed, found.expected, found.p, found.members)
        if found.p <= _TELLING and found.members <= _MOST_PAIRED:
            _shared(notes, null.overlapping_pairs(keys, max_p=1.0))
        followed = np.repeat(np.arange(len(members)), np.diff(starts))
        notes.evidence += [
            Evidence(
                kind=name,
                account_ids=[accounts.names[int(members[at])]],
                post_ids=[],
                permalinks=[],
                object=f"followed by {names[number]}: {registry.relation(int(entity))}",
                window_start=_utc(now),
                window_end=_utc(now),
                observed=1.0,
                expected=round(found.expected / max(found.members, 1), 6),
            )
            for at, number, entity in zip(followed.tolist(), numbers.tolist(), who.tolist(), strict=True)
        ][:_SHOWN_FOLLOWERS]


def _shared(notes: _Notes, pairs: OverlappingPairs) -> None:
    """Pairs of members with the same followers from the registry; part of who follows them, so no term of its own."""
    telling = pairs.p <= _TELLING
    if not telling.any():
        return
    name = "shared_registry_followers"
    shared, expected = int(pairs.shared[telling].sum()), float(pairs.expected[telling].sum())
    notes.said[name] = words.shared_followers(int(telling.sum()), shared, expected)
    least = min(1.0, float(pairs.p[telling].min()) * max(pairs.compared, 1))
    notes.signal(name, shared, expected, least, int(telling.sum()))


def _rhythm(notes: _Notes, members: I32, observations: AccountObservations) -> None:
    """Members that post in the same minutes: coordination, not covertness."""
    found = observations.rhythm_of(members)
    if found is None:
        return
    observed, expected = int(found.observed.sum()), float(found.expected.sum())
    strongest = float(found.surprise.max())
    notes.said["rhythm"] = words.rhythm(len(found.a), observed, expected)
    notes.signal("rhythm", observed, expected, math.exp(-strongest), len(found.a))


def _samples(name: str, found: RateFinding, accounts: AccountStore, registry: Registry) -> list[Evidence]:
    """Posts to check: the entity's post first where one was copied."""
    return [
        Evidence(
            kind=name,
            account_ids=[accounts.names[row["account"]]],
            post_ids=[row["post_id"]],
            permalinks=[],
            object=_object(row, registry),
            window_start=_utc(row["time"]),
            window_end=_utc(row["time"]),
            observed=1.0,
            expected=round(found.expected / max(found.posts, 1), 6),
        )
        for row in found.samples.iter_rows(named=True)
    ]


def _object(fact: dict[str, Any], registry: Registry) -> str:
    """What was said or passed on, and whose it is."""
    what = f"repost of post {fact['detail']}" if fact["kind"] == Fact.PASSED_ON else fact["detail"]
    post = f", post {fact['origin']}" if fact["origin"] else ""
    return f"{what} [{registry.relation(fact['entity'])}{post}]"


def _members(
    affiliation: Affiliation,
    baseline: Baseline,
    members: I32,
    allowed: Bools,
    registry: Registry,
) -> tuple[MemberContext, ...]:
    followers = baseline.followers[members].tolist()
    return tuple(
        MemberContext(
            handle=profile.handle,
            created=profile.created,
            followers=count if count >= 0 else None,
            registry=registry.entities[entity].entity_id if entity != NO_ENTITY else None,
            allowed=may,
        )
        for profile, count, entity, may in zip(
            affiliation.profiles,
            followers,
            affiliation.entity.tolist(),
            allowed.tolist(),
            strict=True,
        )
    )


def _engagements(baseline: Baseline, members: I32) -> int | None:
    table = baseline.engagement
    if not table.known_posts[members].sum():
        return None
    return int(table.reactions[members].sum())


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
