"""Read the alerts of the live service from Kafka: a consumer to start from.

    .venv/bin/python examples/read_alerts.py [--config FILE] [--follow]

Prints the newest alert of each network, the most noteworthy first; with --follow also those that come, until Ctrl-C.
A worker that takes over from another may tell an alert again, with the same `alert_id`. Whoever acts on alerts has to
remember the ids that were dealt with, as `Alerts` does here.
"""

import argparse
import asyncio
import os
import sys
from contextlib import suppress

import msgspec
from aiokafka import AIOKafkaConsumer

from schemas.alerts import Alert
from schemas.errors import LockstepError
from schemas.service.topics import ALERTS, Role
from streams.live.broker.connection import client_arguments, connection
from streams.live.broker.topic_admin import require_topics
from streams.outputs.plain_text import plain
from streams.settings.settings import Settings, load_settings

_decoder = msgspec.json.Decoder(Alert)


class Alerts:
    """What was told so far."""

    def __init__(self) -> None:
        self.latest: dict[str, Alert] = {}
        """The newest alert of each network."""
        self._seen: set[str] = set()

    def take(self, alert: Alert) -> bool:
        """Whether an alert is new; a repetition is not."""
        if alert.alert_id in self._seen:
            return False
        self._seen.add(alert.alert_id)
        known = self.latest.get(alert.network_id)
        if known is None or known.revision < alert.revision:
            self.latest[alert.network_id] = alert
        return True


async def read(settings: Settings, *, follow: bool) -> None:
    """Print what is on the topic, and with `follow` what comes after it.

    Raises:
        LockstepError: the brokers cannot be reached, or the topic is absent.
    """
    way = connection(settings.kafka)
    await require_topics(way, settings.kafka.topic_prefix, Role.CONSUMER)
    topic = ALERTS.full_name(settings.kafka.topic_prefix)
    # a service of its own would name a group and commit offsets; this reads everything each time
    consumer = AIOKafkaConsumer(topic, **client_arguments(way, "read-alerts"), auto_offset_reset="earliest")
    await consumer.start()
    try:
        left = await consumer.end_offsets(consumer.assignment())
        alerts = Alerts()
        while left or follow:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    alert = _decoder.decode(record.value)
                    if alerts.take(alert) and not left:
                        print(_line(alert), flush=True)
            if left:
                left = {tp: end for tp, end in left.items() if await consumer.position(tp) < end}
                if not left:
                    for alert in sorted(alerts.latest.values(), key=lambda alert: -alert.priority):
                        print(_line(alert), flush=True)
    finally:
        await consumer.stop()


def _line(alert: Alert) -> str:
    # a headline may hold what strangers wrote: nothing in it may steer the terminal
    text = f"{alert.priority:3} {alert.severity:8} {alert.network_id} revision {alert.revision}: {alert.headline}"
    return plain(text, 400)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Read the alerts of the live service.")
    options.add_argument("--config", metavar="FILE", help="settings, as for the worker")
    options.add_argument("--follow", action="store_true", help="go on with alerts as they come")
    chosen = options.parse_args()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(read(load_settings(chosen.config), follow=chosen.follow))
    except LockstepError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        # whoever read has gone; nothing may be flushed to them when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
