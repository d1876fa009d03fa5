"""Which networks the summary and the report show: `--top`, `--since`, `--platform`, `--lang`, `--min-members`.

Only what is shown changes. Detection sees all posts, and files of alerts, networks and pairs hold everything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.alerts import Alert
from schemas.errors import UsageError
from schemas.values import platform_name
from streams.outputs.plain_text import plain
from streams.settings.showing_options import ShowingOptions

_SPAN = re.compile(r"([0-9]{1,5})([hdw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Showing:
    """What fits."""

    top: int | None = None
    since: datetime | timedelta | None = None
    """A time, or a span before the last post."""
    platforms: frozenset[str] = frozenset()
    """Names as Lockstep writes them; empty: all."""
    languages: frozenset[str] = frozenset()
    """Codes in lower case; empty: all."""
    min_members: int = 0
    asked: str = ""
    """The options as they were given; empty: none was."""

    def fitting(self, ranked: Sequence[Alert], last: datetime | None) -> list[Alert]:
        """The networks that fit, in their order.

        Args:
            ranked: latest alerts.
            last: time of the last post.
        """
        since = self.since
        if isinstance(since, timedelta):
            since = None if last is None else last - since
        return [alert for alert in ranked if self._fits(alert, since)]

    def _fits(self, alert: Alert, since: datetime | None) -> bool:
        spoken = {part for code in alert.languages for part in (code.lower(), code.lower().partition("-")[0])}
        return (
            alert.member_count >= self.min_members
            and (since is None or alert.event_time_end >= since)
            and (not self.platforms or not self.platforms.isdisjoint(alert.platforms))
            and (not self.languages or not self.languages.isdisjoint(spoken))
        )

    def note(self, shown: int, fitting: int, networks: int) -> str | None:
        """What is shown, in a sentence; None: nothing was asked for.

        Args:
            shown: networks that are shown.
            fitting: networks that fit.
            networks: all of them.
        """
        if not self.asked:
            return None
        return f"Shown: {shown:,} of {fitting:,} networks that fit {self.asked}, of {networks:,} in all."


def showing_of(options: ShowingOptions) -> Showing:
    """What the options ask for.

    Raises:
        UsageError: a time cannot be read.
    """
    given = [
        *([f"--top {options.top}"] if options.top is not None else []),
        *([f"--since {options.since}"] if options.since is not None else []),
        *(f"--platform {name}" for name in options.platform or ()),
        *(f"--lang {code}" for code in options.lang or ()),
        *([f"--min-members {options.min_members}"] if options.min_members is not None else []),
    ]
    return Showing(
        top=options.top,
        since=None if options.since is None else _time(options.since),
        platforms=frozenset(map(platform_name, options.platform or ())),
        languages=frozenset(code.strip().lower().replace("_", "-") for code in options.lang or ()),
        min_members=options.min_members or 0,
        asked=plain(" ".join(given), 200),
    )


def _time(text: str) -> datetime | timedelta:
    if span := _SPAN.fullmatch(text.strip()):
        return int(span[1]) * _UNITS[span[2]]
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"--since: {plain(text, 40)!r} is no time. Give a date such as 2024-03-05, a time in UTC such as "
            "2024-03-05T08:00, or a span before the last post such as 7d or 12h."
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
