"""From when a term counts: detection compares the end of a mute with the time of posts, and not with the clock."""

from datetime import UTC, datetime, timedelta

_CLOCK_IS_NEAR = timedelta(days=30)
"""Posts at most this old mean that event time runs with the clock. Chosen, not measured."""


def term_start(newest: datetime | None) -> datetime:
    """The event time from which a term such as seven days counts, UTC.

    It is the clock where posts are recent. Where they are not, as in a dump of last year, it is the newest post.

    Args:
        newest: event time of the newest post in any alert; None: there is no alert.
    """
    now = datetime.now(UTC)
    return now if newest is None or now - newest < _CLOCK_IS_NEAR else newest
