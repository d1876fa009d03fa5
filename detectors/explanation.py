"""Plain words for what was found: hedged, with numbers that anyone can check, and what is not known."""

from collections.abc import Sequence
from datetime import UTC, datetime

from detectors.findings import Findings, KindFinding
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


def headline(findings: Findings, platforms: Sequence[str]) -> str:
    """One hedged sentence."""
    members = len(findings.members)
    where = f" on {', '.join(platforms)}" if platforms and list(platforms) != ["unknown"] else ""
    what = " and ".join(_SHORT[kind.kind] for kind in findings.kinds[:2]) or "posts"
    return (
        f"{members} accounts{where} appear to act together: they shared the same {what} at nearly the same times, "
        "far more often than chance would give"
    )


def explanation(findings: Findings, threshold_p: float | None) -> str:
    """Why, in a few sentences: what was seen, what chance would give, what is not known."""
    parts = [
        f"Between {_when(findings.start)} and {_when(findings.end)} (UTC) these "
        f"{len(findings.members)} accounts shared "
        f"{findings.objects:,} objects together: the same thing, within a short time of one another."
    ]
    parts += [_kind_sentence(kind) for kind in findings.kinds[:3]]
    core, peripheral = len(findings.network.core), len(findings.network.peripheral)
    if findings.crowd_edges:
        parts.append(
            "Nearly the same set of accounts came together around more than one object, at least an hour apart, which "
            "chance hardly ever does."
        )
    if findings.edges:
        parts.append(_pairs(findings.edges, threshold_p))
    if peripheral:
        parts.append(
            f"{core} are core members; {peripheral} joined at the edge, because what they shared with the members "
            "taken together is beyond chance."
        )
    parts.append(
        "Acting together is not wrong in itself: newsrooms, campaigns, fans and companies do it openly. Whether these "
        "accounts hide something was not assessed: nothing was given about who runs them, who follows them or how "
        "others respond."
    )
    return " ".join(parts)


def signal_summary(kind: KindFinding) -> str:
    """One sentence on one kind of trace."""
    return _kind_sentence(kind)


def _kind_sentence(kind: KindFinding) -> str:
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
