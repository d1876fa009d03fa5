"""One network assessed: what is known of its members, and whether that makes it suspected covert."""

import math
from dataclasses import dataclass, replace

import numpy as np

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, Bools
from detectors.covertness import words
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.assessed_before import AssessedBefore, Sighting
from detectors.covertness.baseline import Baseline
from detectors.covertness.covertness import Covertness, covertness
from detectors.covertness.member_obscurity import member_obscurity
from detectors.covertness.network_context import MemberContext, NetworkContext
from detectors.covertness.openness import openness
from detectors.covertness.terms import TERMS
from detectors.covertness.terms.term import Measurement, Subject, strength
from detectors.networks.networks import Network
from detectors.reference.affiliation import Affiliation, affiliations
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.reference.review_rules import allowed_accounts, muting_rule
from schemas.alerts import Suppression


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an alert states about a network beside its coordination."""

    context: NetworkContext
    covert: Covertness
    muted: Suppression | None
    """The reviewers' rule that keeps the network quiet; None: none."""


def assess(
    network: Network,
    observations: AccountObservations,
    baseline: Baseline,
    accounts: AccountStore,
    before: AssessedBefore,
    now: int,
) -> Assessment:
    """Assess a network at event time `now`, and keep the result.

    Args:
        network: the network whose members are assessed.
        observations: everything observed about accounts.
        baseline: all accounts at this tick.
        accounts: names and numbers of accounts.
        before: what was assessed before; it stands where nothing is known now.
        now: seconds.
    """
    reference_data, registry = observations.reference_data, observations.reference_data.registry
    members = np.array(network.members, np.int32)
    names = [accounts.names[member] for member in network.members]
    affiliation = affiliations(
        reference_data, accounts.keys[members], observations.facts.linked_owners(members)
    )
    rules = allowed_accounts(reference_data.rules, network.network_id, names, now)
    allowed = np.array([name in rules for name in names], np.bool_)
    is_open = affiliation.open | allowed
    subject = Subject(members, is_open, members[~is_open], affiliation, observations, baseline, accounts, now)
    # what is open cannot hide, so the suspicion is about the other members
    any_left = len(subject.not_open) > 0
    # who only accompanies a network says nothing of how little known those are who act together
    core = members[~is_open & np.isin(members, list(network.core))]
    typical = replace(subject, not_open=core) if len(core) else subject
    context = NetworkContext(
        members=_members(affiliation, baseline, members, allowed, registry),
        obscurity=member_obscurity(typical) if any_left else None,
        answers={term.name: term.assess(subject) for term in TERMS} if any_left else {},
        open_share=float(is_open.mean()),
        openness=openness(
            affiliation, allowed, rules, names, members, baseline, registry, observations.facts
        ),
        rhythm=_rhythm(members, observations),
        engagements=_engagements(baseline, members),
        quiet_since=_quiet_since(members, observations, now),
    )
    sighting = _sighting(members, accounts, baseline)
    context = before.completed(network, context, sighting)
    covert = covertness(context)
    before.keep(network, context, sighting, covert.score, now)
    return Assessment(context, covert, muting_rule(reference_data.rules, network.network_id, names, now))


def has_evidence(network: Network, observations: AccountObservations) -> bool:
    """Whether anything was seen about a network's members that could make it suspected."""
    members = np.array(network.members, np.int32)
    return len(observations.reference_data.registry) > 0 and any(
        term.has_evidence(members, observations) for term in TERMS
    )


def _sighting(members: I32, accounts: AccountStore, baseline: Baseline) -> Sighting:
    """What is known of the members by now."""
    followers = baseline.followers[members]
    known = followers >= 0
    return Sighting(
        members.tolist(), int(accounts.posts[members].sum()), int(followers[known].sum()), int(known.sum())
    )


def _quiet_since(members: I32, observations: AccountObservations, now: int) -> int | None:
    """Time of the last post of any member if that is long ago; None: they post, or never did."""
    last = observations.last_post(members)
    return last if 0 < last < now - observations.quiet_after_s else None


def _rhythm(members: I32, observations: AccountObservations) -> Measurement | None:
    """Members that post in the same minutes."""
    pairs = observations.rhythm_of(members)
    if pairs is None:
        return None
    observed, expected = int(pairs.observed.sum()), float(pairs.expected.sum())
    p = math.exp(-float(pairs.surprise.max()))
    summary = (
        f"{words.plural(len(pairs.a), 'pair')} of members posted in the same minute {observed:,} times, at least half "
        f"an hour apart; their posting habits would give {words.number(expected)}."
    )
    return Measurement("rhythm", observed, expected, len(pairs.a), p, strength(p), summary)


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
            allowed=is_allowed,
        )
        for profile, count, entity, is_allowed in zip(
            affiliation.profiles,
            followers,
            affiliation.entity.tolist(),
            allowed.tolist(),
            strict=True,
        )
    )


def _engagements(baseline: Baseline, members: I32) -> int | None:
    """Reactions that the members' posts received; None: unknown for all of them."""
    table = baseline.engagement
    if not table.known_posts[members].sum():
        return None
    return int(table.reactions[members].sum())
