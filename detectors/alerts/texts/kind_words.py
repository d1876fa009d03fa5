"""Words for the kinds of traces: what accounts did together, in texts of alerts."""

from collections.abc import Sequence
from typing import NamedTuple

from detectors.alerts.network_facts import KindFacts
from detectors.covertness import words
from schemas.shares import TraceKind


class _Kind(NamedTuple):
    verb: str
    one: str
    many: str
    near: str = ""
    """What counts as the same beside equal objects."""


_KINDS = {
    TraceKind.REPOST: _Kind("reposted", "post", "posts"),
    TraceKind.URL: _Kind("posted", "link", "links"),
    TraceKind.TEXT: _Kind("posted", "text", "texts", " or near-copies"),
    TraceKind.HASHTAG_SEQUENCE: _Kind("used", "sequence of hashtags", "sequences of hashtags"),
    TraceKind.MENTION: _Kind("mentioned", "account", "accounts"),
    TraceKind.REPLY: _Kind("replied to", "post", "posts"),
    TraceKind.MEDIA: _Kind("posted", "image or video", "images or videos"),
    TraceKind.FOLLOW: _Kind("followed", "account", "accounts"),
}


def acts(kinds: Sequence[KindFacts]) -> str:
    """`posted the same 58 links and 12 texts`, `posted the same link and reposted the same 3 posts`."""
    objects_by_verb: dict[str, list[str]] = {}
    for kind in kinds:
        of_kind = _KINDS[kind.kind]
        known = objects_by_verb.setdefault(of_kind.verb, [])
        one = f"1 {of_kind.one}" if known else of_kind.one
        known.append(one if kind.objects == 1 else f"{kind.objects:,} {of_kind.many}")
    return words.listing(
        [f"{verb} the same {words.listing(objects)}" for verb, objects in objects_by_verb.items()]
    )


def counted_acts(kind: KindFacts) -> str:
    """`posted the same 2 links`."""
    of_kind = _KINDS[kind.kind]
    objects = of_kind.one if kind.objects == 1 else f"{kind.objects:,} {of_kind.many}"
    return f"{of_kind.verb} the same {objects}"


def co_shares(kind: KindFacts) -> str:
    """The finding of one kind in one sentence, counted by pairs of members."""
    if kind.kind is TraceKind.FOLLOW:
        return (
            f"Within {words.span(kind.window_s)}, {words.plural(kind.observed, 'account')} began to follow the same "
            f"two accounts, of {words.number(kind.objects)} that members follow together; chance would give "
            f"{words.number(kind.expected)}."
        )
    near = _KINDS[kind.kind].near
    return (
        f"Pairs of members {counted_acts(kind)}{near} within {words.span(kind.window_s)} of each other, "
        f"{times(kind.observed)}; chance would give {words.number(kind.expected)}."
    )


def times(count: int) -> str:
    """`once`, `20 times`."""
    return "once" if count == 1 else f"{count:,} times"
