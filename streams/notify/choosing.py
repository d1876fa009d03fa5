"""Which alerts a receiver gets: those that are severe enough, and new to it."""

from schemas.alerts import Alert, Severity
from streams.settings.notify_settings import Novelty, ReceiverSettings

SEVERITIES = tuple(Severity)
"""In rising order."""


def rank(severity: Severity) -> int:
    """The place of a severity, from 0."""
    return SEVERITIES.index(severity)


def is_wanted(alert: Alert, settings: ReceiverSettings, before: int | None) -> bool:
    """Whether a receiver gets an alert.

    Args:
        alert: the alert. Muted ones are never sent.
        settings: of the receiver.
        before: rank of the highest severity that the receiver got of this network; None: it got nothing.
    """
    if alert.suppression is not None or rank(alert.severity) < rank(settings.least_severity):
        return False
    if before is None or settings.novelty is Novelty.ALL:
        return True
    return settings.novelty is Novelty.RAISED and rank(alert.severity) > before
