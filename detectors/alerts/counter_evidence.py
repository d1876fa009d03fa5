"""The counter-evidence of an alert: facts that speak for an innocent explanation."""

from collections.abc import Iterator

import numpy as np

from detectors.alerts.network_facts import CROWDED, NetworkFacts
from detectors.covertness import words
from detectors.covertness.covertness import SUSPECTED
from detectors.covertness.member_obscurity import MemberObscurity
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.openness import Openness
from schemas.alerts import CounterEvidence
from schemas.shares import TraceKind

_FEW_OBJECTS = 3
"""Objects of a typical pair below which the evidence rests on few posts. A judgement; not measured."""
_OFTEN_CROWDED = 0.1
"""Share of co-shares on crowded objects above which breaking news may explain them. A judgement; not measured."""
_LEAST_LINKS = 3
"""Links shown below which they say nothing about a common site. A judgement; not measured."""


def counter_evidence(context: NetworkContext) -> list[CounterEvidence]:
    """Facts about who the members are that speak for an innocent explanation, weightiest first."""
    found = [*_not_obscure(context), *(_open(context.openness) if context.openness else ())]
    return [CounterEvidence(kind=kind, summary=summary) for kind, summary in found]


def shared_against(facts: NetworkFacts) -> list[CounterEvidence]:
    """Facts about what the members shared that speak for an innocent explanation."""
    return [CounterEvidence(kind=kind, summary=summary) for kind, summary in _shared(facts)]


def _not_obscure(context: NetworkContext) -> Iterator[tuple[str, str]]:
    """The members are known well enough, or nearly everyone here is as unknown."""
    if context.lowest:
        yield (
            "no_contrast",
            "Most other accounts here have as few followers and reactions, so this is no sign of hiding.",
        )
    elif isinstance(context.obscurity, MemberObscurity) and context.obscurity.value < SUSPECTED:
        # the term of obscurity has the figures
        yield "not_obscure", "The typical member is not obscure."


def _open(openness: Openness) -> Iterator[tuple[str, str]]:
    """Facts about who the members are."""
    members = words.plural(openness.members, "member")
    if openness.listed:
        yield (
            "openly_affiliated",
            f"The registry lists {openness.listed} of {members} as run openly by {openness.listed_by}.",
        )
    if openness.allowed:
        reasons = "; ".join(openness.allow_reasons)
        yield "allow_listed", f"A reviewer allows {openness.allowed} of {members}: {reasons}."
    if openness.labelled:
        yield "labelled", f"The platform labels {openness.labelled} of {members}."
    if openness.verified:
        yield "verified_accounts", f"The platform verified {openness.verified} of {members}."
    followers, reactions = openness.followers, openness.reactions_per_post
    if followers is not None and followers.high:
        yield (
            "many_followers",
            f"Half of the members have {words.number(followers.members)} followers or more; three in four other "
            f"accounts have fewer than {words.number(followers.ordinary_upper_quartile)}.",
        )
    if reactions is not None and reactions.high and reactions.members > 0:
        yield (
            "high_engagement",
            f"A typical member gets {words.number(reactions.members)} reactions a post; three in four other accounts "
            f"get fewer than {words.number(reactions.ordinary_upper_quartile)}.",
        )
    copies = openness.credited_copies + openness.uncredited_copies
    if openness.credited_copies > openness.uncredited_copies:
        yield (
            "credited_copies",
            f"Of {copies:,} posts that repeat a registry entity, {openness.credited_copies:,} name their source.",
        )


def _shared(facts: NetworkFacts) -> Iterator[tuple[str, str]]:
    """Facts about what the members shared."""
    objects = float(np.median(facts.objects_per_edge)) if len(facts.objects_per_edge) else None
    if objects is not None and objects < _FEW_OBJECTS:
        yield (
            "few_posts",
            f"A typical member follows only {words.plural(round(objects), 'account')} of these."
            if facts.only_follows
            else f"A typical linked pair shared only {words.plural(round(objects), 'object')}.",
        )
    if facts.crowded > _OFTEN_CROWDED:
        yield (
            "breaking_event",
            f"{facts.crowded:.0%} of the co-shares are of objects that more than {CROWDED} accounts shared at about "
            "the same time, as happens when news breaks.",
        )
    host = _common_host(facts)
    if host is not None:
        yield (
            "shared_newsroom",
            f"Most links shown lead to {host}, whose staff and readers may share them openly.",
        )
    if facts.kinds and all(
        kind.kind in {TraceKind.HASHTAG_SEQUENCE, TraceKind.MENTION} for kind in facts.kinds
    ):
        yield (
            "fandom",
            "Only hashtags and mentions are shared, no links or texts: campaigns, fans and audiences of an event do "
            "the same.",
        )
    if facts.pool is not None and facts.pool_edges > facts.edges:
        yield (
            "prompt_followers",
            "No two of them need to know of each other: one tool that posts for many, or alerts about one account that "
            "many act on at once, look the same.",
        )
    if facts.only_follows:
        yield (
            "only_follows",
            "Only follows are shared, no posts: visitors of one launch or list of recommendations may follow the same "
            "accounts, and buying followers is not the only reason to have them in common.",
        )
    if facts.minute_clock:
        yield (
            "coarse_clock",
            "The source gives times to the minute only, so shares a minute apart may be up to two minutes apart.",
        )


def _common_host(facts: NetworkFacts) -> str | None:
    """The site that at least two thirds of the sampled links lead to, if there are `_LEAST_LINKS` or more."""
    labels = [sample.label for sample in facts.samples if sample.kind is TraceKind.URL]
    hosts = [host for host in (label.split("/")[0].split("?")[0] for label in labels) if "." in host]
    for host in sorted(set(hosts)):
        if len(hosts) >= _LEAST_LINKS and hosts.count(host) * 3 >= 2 * len(hosts):
            return host
    return None
