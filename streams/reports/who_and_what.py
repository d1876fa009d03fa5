"""Who is in a network and what they did, in a few words each, for a line of a table."""

from schemas.alerts import Alert
from streams.outputs.plain_text import plain
from streams.reports.latest_alerts import nouns, shared_kinds

_NAMED = 2
_NAME_CHARS = 24
_OBJECT_CHARS = 60
_READABLE = ("url", "text", "hashtag_sequence")
"""Kinds whose objects a person can read; of the others the objects are ids."""
_COPIES = "unattributed_copies"


def who(alert: Alert) -> str:
    """The first members by handle, or else by id, and how many more there are."""
    named = [
        f"@{plain(member.handle, _NAME_CHARS)}"
        if member.handle
        else plain(member.account_id.removeprefix("unknown:"), _NAME_CHARS)
        for member in alert.members[:_NAMED]
    ]
    more = alert.member_count - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def what(alert: Alert) -> str:
    """What they shared with an example, and what they copied; the headline where neither is known."""
    kinds = shared_kinds(alert)[:2]
    parts = []
    copied = next(
        (one.entity.name for one in alert.evidence if one.kind == _COPIES and one.entity is not None), None
    )
    if copied is not None:
        parts.append(f"copies of {plain(copied, _OBJECT_CHARS)}")
    if kinds:
        parts.append(" and ".join(kinds))
    example = _example(alert, kinds)
    if example:
        parts.append(f"\u201c{example}\u201d")
    return ", ".join(parts) or plain(alert.headline, 100)


def _example(alert: Alert, kinds: list[str]) -> str | None:
    """An object of the main kinds that can be read; else one that can be read."""
    readable = [one for one in alert.evidence if one.kind in _READABLE]
    readable.sort(key=lambda one: nouns([one.kind])[0] not in kinds)
    return plain(readable[0].object, _OBJECT_CHARS) if readable else None
