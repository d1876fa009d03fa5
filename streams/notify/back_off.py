"""How long to wait before the next try: twice as long each time, less a random part, so that senders spread."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_ASKED_S = 3_600.0
"""Most seconds that a receiver may ask to wait. Chosen, not measured."""


def wait_s(tried: int, first_s: float, longest_s: float, draw: random.Random) -> float:
    """Seconds until the next try: between a half and the whole of `first_s` times two to the power of `tried - 1`.

    Args:
        tried: how many tries there were, from 1.
        first_s: seconds after the first.
        longest_s: most seconds.
        draw: random numbers.
    """
    whole = min(longest_s, first_s * 2.0 ** min(tried - 1, 60))
    return whole * (0.5 + 0.5 * draw.random())


def asked_wait_s(value: str | None, now: datetime) -> float:
    """Seconds that a header `Retry-After` asks for (RFC 9110, 10.2.3), at most an hour; 0: it says nothing."""
    if value is None:
        return 0.0
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return min(float(value[:9]), LONGEST_ASKED_S)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max(0.0, (until - now).total_seconds()), LONGEST_ASKED_S)
