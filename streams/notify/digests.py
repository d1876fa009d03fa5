"""The daily digest: when it is due, and what it holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from streams.notify.forms import body_of, digest_notification
from streams.notify.outbox import Outbox
from streams.notify.receivers import Receiver
from streams.settings.notify_settings import When


def last_due(daily_at: str, now: datetime) -> datetime:
    """The latest time, not after `now`, at which a digest was due.

    Args:
        daily_at: hours and minutes, UTC.
        now: UTC.
    """
    hours, minutes = map(int, daily_at.split(":"))
    today = now.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def make_digests(receivers: Sequence[Receiver], outbox: Outbox, link: str | None, now: datetime) -> list[str]:
    """Add the digests that are due to the outbox; a day without alerts makes none. Returns who gets one."""
    made = []
    for receiver in receivers:
        if receiver.settings.when is not When.DAILY:
            continue
        due = last_due(receiver.settings.daily_at, now)
        alerts = outbox.digest(receiver.name, due.timestamp())
        if alerts is None:
            continue
        message = None
        if alerts:
            notification = digest_notification(alerts, receiver.name, f"{due:%Y-%m-%d}", link, now)
            message = notification.id, body_of(notification, receiver.settings.form)
            made.append(receiver.name)
        outbox.digest_made(receiver, due.timestamp(), message, now)
    return made
