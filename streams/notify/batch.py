"""`lockstep notify` without Kafka: a digest of a file of alerts, or a test of the receivers.

A replay pages nobody. So a file gives each receiver one message, however many alerts it has, and only when a person
runs the command.
"""

import asyncio
import hashlib
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

from schemas.errors import LockstepError
from schemas.service.notifications import Notification
from streams.exports.alert_files import latest_alerts
from streams.notify.choosing import is_wanted
from streams.notify.forms import body_of, digest_notification, trial_notification
from streams.notify.outbox import Outbox
from streams.notify.receivers import Receiver, receivers_of
from streams.notify.sender import DeadLetterFile, Sender
from streams.outputs.output_files import output
from streams.outputs.plain_text import plain
from streams.settings.notify_settings import NotifySettings
from streams.settings.settings import load_settings


class UndeliveredError(LockstepError):
    """Notifications could not be delivered; they are in the dead letters."""


def notify_of_file(path: str, config: str | None, *, dry_run: bool = False) -> str:
    """Send each receiver a digest of the latest alerts in a file.

    Args:
        path: of a file of alerts.
        config: path of the settings.
        dry_run: print the bodies, and send nothing. No secret is needed then.

    Returns:
        A sentence for the user.

    Raises:
        UsageError: a setting is wrong.
        InputError: the file cannot be read, or holds no alerts.
        UndeliveredError: a receiver could not be reached within all tries.
    """
    settings = load_settings(config).notify
    alerts = latest_alerts(path)
    digest = hashlib.sha256("\n".join(alert.alert_id for alert in alerts).encode()).hexdigest()[:16]

    def make(receiver: str, now: datetime) -> Notification | None:
        wanted = [alert for alert in alerts if is_wanted(alert, settings.receivers[receiver], None)]
        if not wanted:
            return None
        return digest_notification(wanted, receiver, digest, settings.link, now)

    if dry_run:
        if not settings.receivers:
            receivers_of(settings)
        with output("-") as file:
            shown = sum(_show(file, settings, name, make) for name in settings.receivers)
        return f"{shown} of {len(settings.receivers)} receivers would get a message. Nothing was sent."
    return _send(settings, receivers_of(settings), make)


def try_receivers(config: str | None) -> str:
    """Send each receiver a message that is about no alert; raises and returns as `notify_of_file`."""
    settings = load_settings(config).notify
    return _send(settings, receivers_of(settings), trial_notification)


def _show(
    file: BinaryIO,
    settings: NotifySettings,
    name: str,
    make: Callable[[str, datetime], Notification | None],
) -> bool:
    message = make(name, datetime.now(UTC))
    if message is not None:
        file.write(body_of(message, settings.receivers[name].form) + b"\n")
    return message is not None


def _send(
    settings: NotifySettings,
    receivers: Sequence[Receiver],
    make: Callable[[str, datetime], Notification | None],
) -> str:
    now = datetime.now(UTC)
    outbox = Outbox(":memory:", settings.most_waiting)
    nothing = []
    for receiver in receivers:
        message = make(receiver.name, now)
        if message is None:
            nothing.append(receiver.name)
        else:
            outbox.add(receiver, message.id, body_of(message, receiver.settings.form), now)
    log = _Spoken({})
    dead = DeadLetterFile(settings.dead_letters)
    senders = [Sender(receiver, outbox, dead, settings, log) for receiver in receivers]

    async def run() -> None:
        await asyncio.gather(*(sender.run(until_empty=True) for sender in senders))

    asyncio.run(run())
    if given_up := sum(sender.given_up for sender in senders):
        raise UndeliveredError(
            f"{given_up} of {len(receivers)} receivers did not take the message; it is in {settings.dead_letters}."
        )
    sent = sum(sender.delivered for sender in senders)
    quiet = f" No alert is for {', '.join(nothing)}: see least_severity." if nothing else ""
    return f"{sent} of {len(receivers)} receivers have the message.{quiet}"


class _Spoken:
    """The log of a command: lines for a person on stderr."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def bind(self, **values: Any) -> "_Spoken":
        return _Spoken(self._values | values)

    def info(self, event: str, **values: Any) -> None:
        self._say(event, values)

    def warning(self, event: str, **values: Any) -> None:
        self._say(event, values)

    def error(self, event: str, **values: Any) -> None:
        self._say(event, values)

    def _say(self, event: str, values: dict[str, Any]) -> None:
        who = self._values.get("receiver", "")
        said = ", ".join(f"{name} {value}" for name, value in values.items() if name != "id")
        print(plain(f"{who}: {event} ({said})", 500), file=sys.stderr, flush=True)
