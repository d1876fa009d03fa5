"""Read the latest alerts of the live service from Kafka: a consumer to start from.

    .venv/bin/python examples/read_alerts.py [--config FILE] [--severity LEAST] [--covert] [--platform NAME] [--follow]

Prints the latest alert of each network, highest priority first. With --follow it also prints new alerts, until Ctrl-C.
It filters by the headers of the messages, so an alert that is not wanted is never decoded. A worker that takes over
from another may write a revision again: `Alerts` leaves out what it has seen.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.alerts import Alert, Severity
from schemas.errors import LockstepError
from schemas.networks import Lifecycle
from schemas.service.alert_headers import COVERT, PLATFORMS, REVISION, SEVERITY, SUSPECTED
from schemas.service.progress import Progress
from schemas.service.topic import Role
from schemas.service.topics import ALERTS_LATEST, PROGRESS
from streams.live.broker.connection import Connection, client_arguments, connection
from streams.live.broker.topic_admin import require_topics
from streams.outputs.plain_text import plain
from streams.settings.settings import Settings, load_settings

_decoder = msgspec.json.Decoder(Alert)
_SEVERITIES = [severity.value for severity in Severity]


@dataclass(frozen=True)
class Wanted:
    """Which alerts to print, by their headers."""

    severity: str = Severity.INFO.value
    """This one, or any above it."""
    covert: bool = False
    """Only networks that are suspected covert."""
    platform: str | None = None
    """Only networks with members on this platform."""

    def takes(self, headers: Mapping[str, str]) -> bool:
        """Whether an alert with these headers is wanted. A severity of a later version counts as the highest."""
        severity = headers.get(SEVERITY.name)
        known = severity in _SEVERITIES
        return (
            (not known or _SEVERITIES.index(str(severity)) >= _SEVERITIES.index(self.severity))
            and (not self.covert or headers.get(COVERT.name) == SUSPECTED)
            and (self.platform is None or self.platform in headers.get(PLATFORMS.name, "").split(","))
        )


class Alerts:
    """The alerts read so far.

    Args:
        wanted: which of them to keep.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.latest: dict[str, Alert] = {}
        """The latest alert of each network, where it is wanted."""
        self.revisions: dict[str, int] = {}
        """The latest revision of each network, wanted or not, deleted or not; 0: only the deletion was left."""
        self.known: set[str] = set()
        """Networks that have an alert, wanted or not, and not deleted."""
        self.strange = 0
        """Count of messages without the headers of an alert."""
        self._wanted = wanted

    def take(self, key: bytes, headers: Mapping[str, str], value: bytes | None) -> Alert | None:
        """Take a message; give its alert if that is new and wanted."""
        network_id = key.decode()
        if value is None:
            # absorbed by another network, or closed long ago
            self.known.discard(network_id)
            self.latest.pop(network_id, None)
            self.revisions.setdefault(network_id, 0)
            return None
        if not headers.get(REVISION.name, "").isdecimal():
            self.strange += 1
            return None
        revision = int(headers[REVISION.name])
        if revision <= self.revisions.get(network_id, 0):
            return None
        self.revisions[network_id] = revision
        self.known.add(network_id)
        self.latest.pop(network_id, None)
        if not self._wanted.takes(headers):
            return None
        alert = self.latest[network_id] = _decoder.decode(value)
        return alert


async def read(settings: Settings, wanted: Wanted, *, follow: bool) -> None:
    """Print the latest alert of each network, and with `follow` also those that come later.

    Raises:
        LockstepError: the brokers cannot be reached, or a topic is absent.
    """
    broker = connection(settings.kafka)
    await require_topics(broker, settings.kafka.topic_prefix, Role.CONSUMER)
    topic = ALERTS_LATEST.full_name(settings.kafka.topic_prefix)
    # a service would keep what it has read; this example reads the whole topic each time
    consumer = AIOKafkaConsumer(
        topic, **client_arguments(broker, "read-alerts"), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        left = await consumer.end_offsets(consumer.assignment())
        alerts = Alerts(wanted)
        while left or follow:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = {name: content.decode(errors="replace") for name, content in record.headers}
                    alert = alerts.take(record.key, headers, record.value)
                    if alert is not None and not left:
                        print(_line(alert), flush=True)
            if left:
                left = {part: end for part, end in left.items() if await consumer.position(part) < end}
                if not left:
                    await _show(alerts, broker, follow=follow)
    finally:
        await consumer.stop()


async def _show(alerts: Alerts, broker: Connection, *, follow: bool) -> None:
    """Print what was there at the start. What is no alert goes to stderr."""
    ranked = sorted(alerts.latest.values(), key=lambda alert: (_is_closed(alert), -alert.priority))
    for alert in ranked:
        print(_line(alert), flush=True)
    if alerts.strange:
        _say(
            f"{alerts.strange:,} messages were left out: they are of an earlier version (docs/operations/upgrade.md)."
        )
    if not alerts.revisions:
        _say(nothing_yet(await _progress(broker)))
    elif not alerts.known:
        _say("No alerts now: no network is open, and none was closed lately.")
    elif not ranked:
        _say("There are alerts, but none that is wanted.")
    if follow:
        _say("Waiting for new alerts. Ctrl-C ends.")


def nothing_yet(progress: Progress | None) -> str:
    """Why there may be no alert."""
    if progress is None:
        return "No alerts yet: no worker has said how far it is. Start `lockstep worker`, and publish posts."
    if progress.watermark is None:
        return (
            f"No alerts yet: no post has been judged. {progress.held_rows:,} posts wait for their time "
            f"(at {progress.at:%Y-%m-%d %H:%M:%S} UTC)."
        )
    return (
        f"No alerts yet: posts up to {progress.watermark:%Y-%m-%d %H:%M} UTC were judged, and no network was found "
        f"(at {progress.at:%Y-%m-%d %H:%M:%S} UTC)."
    )


async def _progress(broker: Connection) -> Progress | None:
    """The latest progress of detection; None if there is none."""
    consumer = AIOKafkaConsumer(**client_arguments(broker, "read-alerts"))
    await consumer.start()
    try:
        part = TopicPartition(PROGRESS.full_name(broker.settings.topic_prefix), 0)
        consumer.assign([part])
        begin = (await consumer.beginning_offsets([part]))[part]
        end = (await consumer.end_offsets([part]))[part]
        latest: Progress | None = None
        consumer.seek(part, max(begin, end - 1))
        while await consumer.position(part) < end:
            for record in (await consumer.getmany(part, timeout_ms=500)).get(part, []):
                latest = msgspec.json.decode(record.value, type=Progress)
        return latest
    finally:
        await consumer.stop()


def _line(alert: Alert) -> str:
    # a headline may quote posts: control characters in it must not reach the terminal
    text = f"{alert.priority:3} {alert.severity:8} {alert.network_id} revision {alert.revision}: "
    return plain(text + ("(closed) " if _is_closed(alert) else "") + alert.headline, 400)


def _is_closed(alert: Alert) -> bool:
    return alert.lifecycle is Lifecycle.RESOLVED or alert.successor_id is not None


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Read the latest alerts of the live service.")
    options.add_argument("--config", metavar="FILE", help="settings, as for the worker")
    options.add_argument("--severity", metavar="LEAST", choices=_SEVERITIES, default=Severity.INFO.value)
    options.add_argument("--covert", action="store_true", help="only networks that are suspected covert")
    options.add_argument("--platform", metavar="NAME", help="only networks with members on this platform")
    options.add_argument("--follow", action="store_true", help="also print new alerts, until Ctrl-C")
    chosen = options.parse_args()
    which = Wanted(chosen.severity, chosen.covert, chosen.platform)
    try:
        asyncio.run(read(load_settings(chosen.config), which, follow=chosen.follow))
    except KeyboardInterrupt:
        _say("Stopped.")
    except LockstepError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        # the reader of stdout has gone; flush nothing to it when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
