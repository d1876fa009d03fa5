"""Who is in a network and what they did, in a few words each: for a line of a table, and while a run goes on."""

from rich.console import Console
from rich.text import Text

from schemas.alerts import Alert, Severity
from streams.heartbeat import heartbeat
from streams.outputs.plain_text import plain
from streams.reports.latest_alerts import nouns, shared_kinds

_NAMED_EARLY = 3
"""Networks that have a line; all of them are in the table at the end. Chosen: they should not fill a screen."""
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


class FirstSuspects:
    """Names the first suspected networks as soon as they are raised, so that nobody waits for the end of a long run.

    Args:
        console: where to.
        shown: False to say nothing.
    """

    def __init__(self, console: Console, *, shown: bool) -> None:
        self._console = console
        self._most = _NAMED_EARLY if shown else 0
        self._known: set[str] = set()

    def see(self, alert: Alert) -> None:
        """Say who is suspected, if this is the first alert that suspects its network."""
        if (
            alert.severity is Severity.INFO
            or alert.network_id in self._known
            or len(self._known) >= self._most
        ):
            return
        self._known.add(alert.network_id)
        until = f"{alert.event_time_end:%Y-%m-%d %H:%M}"
        line = f"suspected covert in data up to {until} UTC: {who(alert)}, {what(alert)}"
        self._console.print(Text(line), soft_wrap=True)
        heartbeat.spoke()
