"""Read the alerts of the live service from Kafka: a consumer to start from.

    .venv/bin/python examples/read_alerts.py [--config FILE] [--follow]

Prints the latest alert of each network, highest priority first. With --follow it also prints new alerts, until Ctrl-C.
A worker that takes over from another may write an alert again, with the same `alert_id`. If you act on alerts, remember
the ids that you have handled, as `Alerts` does here.
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
    """The alerts read so far."""

    def __init__(self) -> None:
        self.latest: dict[str, Alert] = {}
        """The latest alert of each network."""
        self._seen: set[str] = set()

    def take(self, alert: Alert) -> bool:
        """Remember an alert. Returns whether it is new; a repetition is not."""
        if alert.alert_id in self._seen:
            return False
        self._seen.add(alert.alert_id)
        known = self.latest.get(alert.network_id)
        if known is None or known.revision < alert.revision:
            self.latest[alert.network_id] = alert
        return True


async def read(settings: Settings, *, follow: bool) -> None:
    """Print the alerts on the topic, and with `follow` also those that come later.

    Raises:
        LockstepError: the brokers cannot be reached, or the topic is absent.
    """
    broker = connection(settings.kafka)
    await require_topics(broker, settings.kafka.topic_prefix, Role.CONSUMER)
    topic = ALERTS.full_name(settings.kafka.topic_prefix)
    # a service would name a group and commit offsets; this example reads everything each time
    consumer = AIOKafkaConsumer(
        topic, **client_arguments(broker, "read-alerts"), auto_offset_reset="earliest"
    )
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
                left = {part: end for part, end in left.items() if await consumer.position(part) < end}
                if not left:
                    for alert in sorted(alerts.latest.values(), key=lambda alert: -alert.priority):
                        print(_line(alert), flush=True)
    finally:
        await consumer.stop()


def _line(alert: Alert) -> str:
    # a headline may quote posts: control characters in it must not reach the terminal
    text = f"{alert.priority:3} {alert.severity:8} {alert.network_id} revision {alert.revision}: {alert.headline}"
    return plain(text, 400)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Read the alerts of the live service.")
    options.add_argument("--config", metavar="FILE", help="settings, as for the worker")
    options.add_argument("--follow", action="store_true", help="also print new alerts")
    chosen = options.parse_args()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(read(load_settings(chosen.config), follow=chosen.follow))
    except LockstepError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        # the reader of stdout has gone; flush nothing to it when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
