"""Sends to one receiver what waits for it, one message after another, until each is delivered or given up."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from streams.notify.back_off import wait_s
from streams.notify.delivery import Answer, Deliverer
from streams.notify.outbox import Outbox, Waiting
from streams.notify.receivers import Receiver
from streams.outputs.output_files import OutputError
from streams.settings.notify_settings import NotifySettings

_LOOK_EVERY_S = 0.5
"""Seconds between two looks for messages. Chosen, not measured."""


class LostNotification(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file of dead letters: a message that could not be delivered."""

    at: datetime
    receiver: str
    id: str
    reason: str
    tries: Annotated[int, Meta(ge=0)]
    body: str


class DeadLetterFile:
    """The file that gets what could not be delivered.

    Args:
        path: of the file; it is added to.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def write(self, receiver: str, message_id: str, body: bytes, tries: int, reason: str) -> None:
        """Add a message.

        Raises:
            OutputError: the file cannot be written.
        """
        lost = LostNotification(
            at=datetime.now(UTC),
            receiver=receiver,
            id=message_id,
            reason=reason,
            tries=tries,
            body=body.decode("utf-8", "replace"),
        )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(lost) + b"\n")
        except OSError as error:
            raise OutputError(
                f"notify.dead_letters: {self._path} cannot be written: {error.strerror}."
            ) from error


class Sender:
    """Sends to one receiver.

    Args:
        receiver: who gets the messages.
        outbox: holds them.
        dead: gets those that are given up.
        settings: how often and how long to try.
        log: gets a line for each message that was delivered or given up, and each try that failed.
        draw: random numbers for the waits.
    """

    def __init__(
        self,
        receiver: Receiver,
        outbox: Outbox,
        dead: DeadLetterFile,
        settings: NotifySettings,
        log: Any,
        draw: random.Random | None = None,
    ) -> None:
        self._receiver = receiver
        self._outbox = outbox
        self._dead = dead
        self._settings = settings
        self._log = log.bind(receiver=receiver.name, host=receiver.host)
        self._draw = draw or random.Random()  # noqa: S311 - spreads waits, and keeps no secret
        self._deliverer = Deliverer(receiver, settings.timeout_s)
        self.delivered = 0
        self.given_up = 0

    async def run(self, stopping: Callable[[], bool] = lambda: False, *, until_empty: bool = False) -> None:
        """Send until `stopping` is true, or with `until_empty` until nothing waits.

        Raises:
            OutputError: the state or the dead letters cannot be written.
        """
        try:
            while not stopping():
                waiting = self._outbox.next(self._receiver.name)
                if waiting is None:
                    if until_empty:
                        return
                    await asyncio.sleep(_LOOK_EVERY_S)
                    continue
                rest = waiting.next_at - datetime.now(UTC).timestamp()
                if rest > 0:
                    await asyncio.sleep(min(rest, _LOOK_EVERY_S))
                    continue
                await self._try(waiting)
                await asyncio.sleep(60.0 / self._receiver.settings.per_minute if not until_empty else 0.0)
        finally:
            await self._deliverer.close()

    async def _try(self, waiting: Waiting) -> None:
        answer = await self._deliverer.deliver(waiting.id, waiting.body, waiting.tried)
        tries = waiting.tried + 1
        if answer.delivered:
            self._outbox.done(waiting.id, sent=True)
            self.delivered += 1
            self._log.info("notification delivered", id=waiting.id, tries=tries)
        elif answer.passes and tries < self._settings.tries:
            self._wait(waiting, answer, tries)
        else:
            # first the file: after a crash in between, it has the message twice rather than not at all
            self._dead.write(self._receiver.name, waiting.id, waiting.body, tries, answer.reason)
            self._outbox.done(waiting.id, sent=False)
            self.given_up += 1
            self._log.error(
                "notification given up; it is in the dead letters",
                id=waiting.id,
                tries=tries,
                reason=answer.reason,
            )

    def _wait(self, waiting: Waiting, answer: Answer, tries: int) -> None:
        settings = self._settings
        seconds = wait_s(tries, settings.first_wait_s, settings.longest_wait_s, self._draw)
        seconds = max(seconds, answer.wait_s)
        self._outbox.failed(waiting.id, datetime.now(UTC).timestamp() + seconds)
        self._log.warning(
            "notification failed",
            id=waiting.id,
            tries=tries,
            of=settings.tries,
            again_in_s=round(seconds, 1),
            reason=answer.reason,
        )
