"""Plain words for what was found: hedged, with numbers that anyone can check, and what is not known."""

from collections.abc import Sequence
from datetime import UTC, datetime

from detectors.alerts.network_facts import KindFacts, NetworkFacts
from detectors.covertness.context_words import chance
from detectors.covertness.covertness import SUSPECTED, Covertness, strength
from detectors.covertness.network_context import NetworkContext
from schemas.shares import TraceKind

_WHAT = {
    TraceKind.REPOST: "reposts",
    TraceKind.URL: "links",
    TraceKind.TEXT: "texts (the same or nearly so)",
    TraceKind.HASHTAG_SEQUENCE: "tags in the same order",
    TraceKind.MENTION: "mentions",
    TraceKind.REPLY: "replies to the same posts",
    TraceKind.MEDIA: "images or videos",
}
_SHORT = {**_WHAT, TraceKind.TEXT: "texts", TraceKind.HASHTAG_SEQUENCE: "tags", TraceKind.REPLY: "replies"}


_STRONG = {
    "registry_followers": "accounts of the registry follow them",
    "unattributed_copies": "they repeat a registry entity's content without credit",
    "hidden_mentions": "they name its handle so that no link arises",
    "shared_infrastructure": "they link to sites of its companies or affiliates",
    "amplified_copies": "they pass on copies of a registry entity's content far beyond their authors' followers",
    "unlabelled_affiliates": "some are tied to companies or affiliates of the registry without a sign of it",
}


_ABSENT = {
    "registry_followers": "followers from the registry",
    "unattributed_copies": "copies of a registry entity's content without credit",
    "hidden_mentions": "hidden mentions of its handles",
    "shared_infrastructure": "links to sites of its companies or affiliates",
    "amplified_copies": "such copies passed on beyond their authors' followers",
}


def headline(findings: NetworkFacts, platforms: Sequence[str], covert: Covertness) -> str:
    """One hedged sentence."""
    members = len(findings.members)
    where = f" on {', '.join(platforms)}" if platforms and list(platforms) != ["unknown"] else ""
    what = " and ".join(_SHORT[kind.kind] for kind in findings.kinds[:2]) or "posts"
    if covert.suspected:
        strong = [_STRONG[name] for name in covert.strong[:2]]
        why = " and ".join(strong) or "their context is beyond chance"
        obscure = any(term.name == "obscurity" for term in covert.terms)
        known = "most of them obscure" if obscure else "as little known as most others here"
        return (
            f"{members} accounts{where}, {known}, are suspected to be a covert network: they share the "
            f"same {what} at nearly the same times, and {why}"
        )
    return (
        f"{members} accounts{where} appear to act together: they shared the same {what} at nearly the same times, "
        "far more often than chance would give"
    )


def explanation(
    findings: NetworkFacts, threshold_p: float | None, context: NetworkContext, covert: Covertness
) -> str:
    """Why, in a few sentences: what was seen, what chance would give, what is not known."""
    parts = [
        f"Between {_when(findings.start)} and {_when(findings.end)} (UTC) these "
        f"{len(findings.members)} accounts shared "
        f"{findings.objects:,} objects together: the same thing, within a short time of one another."
        if findings.objects
        else f"These {len(findings.members)} accounts act together in other ways than by sharing things at one time."
    ]
    parts += [_kind_sentence(kind) for kind in findings.kinds[:3]]
    core, peripheral = len(findings.network.core), len(findings.network.peripheral)
    if findings.crowd_edges:
        parts.append(
            "Nearly the same set of accounts came together around more than one object, at least an hour apart, which "
            "chance hardly ever does."
        )
    if findings.copy_edges:
        parts.append(
            "Many of them repeat the same originals without credit, again and again, which those who pass on such "
            "news with credit do not."
        )
    if "rhythm" in context.said:
        parts.append(context.said["rhythm"])
    if findings.edges:
        parts.append(_pairs(findings.edges, threshold_p))
    if peripheral:
        parts.append(
            f"{core} are core members; {peripheral} joined at the edge, because what they shared with the members "
            "taken together is beyond chance."
        )
    parts.append(
        "Acting together is not wrong in itself: newsrooms, campaigns, fans and companies do it openly."
    )
    parts += _about_covertness(context, covert)
    return " ".join(parts)


def _about_covertness(context: NetworkContext, covert: Covertness) -> list[str]:
    """What is known of who they are, what it means, and what is not known."""
    told = [
        context.said[name]
        for name in sorted(context.said, key=lambda name: name not in covert.strong)
        if name not in context.absent and name != "rhythm"
    ]
    if context.absent:
        told.append(f"Looked for and not found: {', '.join(_ABSENT[name] for name in context.absent)}.")
    if covert.suspected:
        parts = ["What sets these accounts apart:", *told]
        if covert.context_p is not None and strength(covert.context_p) >= SUSPECTED:
            parts.append(
                "So much context has a chance of "
                f"{chance(covert.context_p)} among ordinary accounts of their size and output."
            )
        parts.append(
            "That is a suspicion drawn from data: it says neither who runs the accounts nor why, and a person has to "
            "check it."
        )
    elif covert.score is not None:
        parts = ["They are not suspected of hiding anything.", *told]
    else:
        parts = ["Whether these accounts hide something could not be assessed.", *told]
    if context.unknown:
        parts.append(f"Not known: {'; '.join(context.unknown)}.")
    return parts


def signal_summary(kind: KindFacts) -> str:
    """One sentence on one kind of trace."""
    return _kind_sentence(kind)


def _kind_sentence(kind: KindFacts) -> str:
    expected = f"about {kind.expected:,.0f}" if kind.expected >= 10 else f"{kind.expected:.2g}"
    if kind.expected < 0.01:
        expected = "less than 0.01"
    return (
        f"Same {_WHAT[kind.kind]} within {_span(kind.window_s)}: {kind.observed:,} "
        f"co-shares between members, where chance would give {expected}."
    )


def _span(seconds: int) -> str:
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return "an hour" if hours == 1 else f"{hours} hours"
    if seconds % 60 == 0:
        minutes = seconds // 60
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{seconds} seconds"


def _pairs(count: int, threshold_p: float | None) -> str:
    """One sentence on the pairs that passed the gate by themselves."""
    one = count == 1
    chance = ""
    if threshold_p is not None:
        each = "" if one else "each "
        chance = f", {each}with a chance of less than {_probability(threshold_p)} of being a coincidence"
    if one:
        return f"1 pair of accounts stands out on its own{chance}."
    return f"{count:,} pairs of accounts stand out on their own{chance}."


def _probability(p: float) -> str:
    return f"1 in {1 / p:,.0f}" if p > 1e-9 else "1 in a billion"


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
