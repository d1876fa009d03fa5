"""Lengths of time in words."""

from datetime import timedelta


def duration(length: timedelta) -> str:
    """A length of time in words, in the largest unit of which it has at least two."""
    seconds = int(length.total_seconds())
    for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{seconds} s"
