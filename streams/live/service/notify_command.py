"""`lockstep notify --live`: one process that follows alerts and sends notifications."""

import asyncio
import os
import signal
import socket
from typing import Any

from schemas.errors import UsageError
from schemas.service.topic import Role
from schemas.service.topics import is_replay
from streams.live.broker.connection import Connection, connection
from streams.live.broker.outages import BrokerWatch
from streams.live.broker.sessions import Sessions
from streams.live.broker.topic_admin import require_topics
from streams.live.notifying.following import AlertFollower
from streams.live.service.logs import set_up
from streams.notify.outbox import Outbox
from streams.notify.receivers import Receiver, receivers_of
from streams.notify.sender import DeadLetterFile, Sender
from streams.settings.settings import Settings, load_settings

_SENDING_S = 2.5
"""Seconds that a try may still take after a signal. Chosen, not measured; an operator may count on 5 in all."""
_LEAVING_S = 2.0
"""Seconds for committing what is settled. Chosen, not measured: it takes milliseconds when the brokers answer."""


def notify(config: str | None) -> int:
    """Follow the alerts until a signal says to stop.

    Returns:
        The exit status: 0 after a signal, 1 when something failed.

    Raises:
        UsageError: a setting is wrong, or the topics are those of a replay.
        BrokerError: the brokers cannot be reached, or a topic is absent.
    """
    settings = load_settings(config)
    prefix = settings.kafka.topic_prefix
    if is_replay(prefix):
        raise UsageError(f"kafka.topic_prefix: {prefix} is of a replay, whose alerts page nobody.")
    receivers = receivers_of(settings.notify)
    broker = connection(settings.kafka)
    asyncio.run(require_topics(broker, prefix, Role.CONSUMER))
    outbox = Outbox(settings.notify.state_file, settings.notify.most_waiting)
    log = set_up(f"{socket.gethostname()}-{os.getpid()}", prefix)
    try:
        _give_up_left_over(settings, receivers, outbox, log)
        return asyncio.run(_Process(settings, receivers, broker, outbox, log).run())
    finally:
        outbox.close()


def _give_up_left_over(settings: Settings, receivers: list[Receiver], outbox: Outbox, log: Any) -> None:
    """Messages for receivers that were taken out of the settings become dead letters."""
    dead = DeadLetterFile(settings.notify.dead_letters)
    for name, waiting in outbox.left_over(receivers):
        dead.write(name, waiting.id, waiting.body, waiting.tried, "the receiver is no longer in the settings")
        outbox.done(waiting.id, sent=False)
        log.error(
            "no such receiver any more; the notification is in the dead letters", receiver=name, id=waiting.id
        )


class _Process:
    """The follower and a sender for each receiver; if one of them fails, all end."""

    def __init__(
        self, settings: Settings, receivers: list[Receiver], broker: Connection, outbox: Outbox, log: Any
    ) -> None:
        dead = DeadLetterFile(settings.notify.dead_letters)
        self._log = log
        self._watch = BrokerWatch(broker, log)
        self._follower = AlertFollower(broker, settings.notify, receivers, outbox, dead, log)
        self._senders = [Sender(receiver, outbox, dead, settings.notify, log) for receiver in receivers]
        self._stop = asyncio.Event()
        self._sent = asyncio.Event()
        """Nothing is being sent any more: the follower commits what is settled, and ends."""

    async def run(self) -> int:
        """Work until a signal, or until something fails; returns the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        watching = asyncio.create_task(self._watch.run())
        following = asyncio.create_task(
            Sessions("notify", self._watch, self._log).run(
                lambda: self._follower.session(self._sent.is_set), self._sent.is_set, self._follower.quiet_s
            )
        )
        sending = [asyncio.create_task(sender.run(self._stop.is_set)) for sender in self._senders]
        stopped = asyncio.create_task(self._stop.wait())
        working = [following, *sending]
        await asyncio.wait([stopped, *working], return_when=asyncio.FIRST_COMPLETED)
        self._stop.set()
        await asyncio.wait(sending, timeout=_SENDING_S)
        self._sent.set()
        await asyncio.wait(working, timeout=_LEAVING_S)
        for task in (watching, *working):
            task.cancel()
        await asyncio.gather(watching, *working, stopped, return_exceptions=True)
        failed = [task.exception() for task in working if not task.cancelled() and task.exception()]
        for error in failed:
            self._log.error("notifying failed", reason=f"{type(error).__name__}: {error}")
        self._log.info(
            "notifying stopped",
            delivered=sum(sender.delivered for sender in self._senders),
            given_up=sum(sender.given_up for sender in self._senders),
        )
        return 1 if failed else 0
