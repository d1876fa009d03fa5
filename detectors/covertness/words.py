"""Words that alert texts share: numbers, plurals, chances, times and lists of entities."""

from collections.abc import Sequence
from datetime import UTC, datetime

from detectors.reference.registry import Registry

_MOST_NAMED = 3
"""Entities that a sentence names; it counts the rest. Chosen to keep a sentence short; not measured."""


def number(value: float) -> str:
    """A count or a mean, with two significant digits below ten."""
    if value >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "less than 0.01"


def plural(count: int, noun: str) -> str:
    """`1 account`, `2 accounts`, `2 entities`."""
    if count == 1:
        return f"{count:,} {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("ty") else f"{count:,} {noun}s"


def chance(p: float) -> str:
    """A chance as `1 in N`."""
    return f"1 in {1 / p:,.0f}" if p > 1e-9 else "less than 1 in a billion"


def listing(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: `a minute`, `10 minutes`, `2 hours`, `7 days`."""
    for unit, name, one in ((86_400, "day", "a day"), (3600, "hour", "an hour"), (60, "minute", "a minute")):
        if seconds >= unit and seconds % unit == 0:
            return one if seconds == unit else plural(int(seconds // unit), name)
    return plural(int(seconds), "second")


def utc(seconds: int) -> datetime:
    """A moment of event time, seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def day(seconds: int) -> str:
    """`28 January 2021`: the day of a moment, in UTC."""
    return _day(utc(seconds))


def period(start: int, end: int) -> str:
    """`between 28 and 31 January 2021` or `on 28 January 2021`; days in UTC.

    Args:
        start: seconds since 1970.
        end: seconds since 1970, not before `start`.
    """
    first, last = utc(start), utc(end)
    if first.date() == last.date():
        return f"on {_day(first)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"between {first.day} and {_day(last)}"
    if first.year == last.year:
        return f"between {first.day} {first:%B} and {_day(last)}"
    return f"between {_day(first)} and {_day(last)}"


def entities(registry: Registry, numbers: Sequence[int]) -> str:
    """The first few entities by name; empty if there are none."""
    names = [registry.entities[entity].name for entity in numbers[:_MOST_NAMED]]
    unnamed = len(numbers) - len(names)
    return listing([*names, f"{unnamed} more"] if unnamed else names)


def paths(registry: Registry, numbers: Sequence[int]) -> str:
    """How the first few entities belong to others, by the registry; empty if they stand alone."""
    relations = [
        registry.relation(entity) for entity in numbers[:_MOST_NAMED] if len(registry.path(entity)) > 1
    ]
    return f"By the registry: {'; '.join(relations)}." if relations else ""


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B} {moment.year}"
