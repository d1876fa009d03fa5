"""What waits to be sent, what was sent, and what each receiver knows: one SQLite file.

An alert is taken in one transaction: what each receiver got before, and the message that it gets now. A message of the
same id is never added twice, so the same alert may be taken again after a crash. The file is locked while it is used.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from schemas.alerts import Alert
from schemas.errors import UsageError
from streams.notify.choosing import is_wanted, rank
from streams.notify.forms import alert_notification, body_of
from streams.notify.receivers import Receiver
from streams.outputs.output_files import OutputError
from streams.settings.notify_settings import When

_KEPT_S = 30 * 86_400.0
"""Seconds for which what was sent is remembered. Chosen, not measured."""
_KNOWN_S = 400 * 86_400.0
"""Seconds for which a receiver knows a network: as long as alerts are kept on their topic, with a margin."""

_TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, receiver TEXT NOT NULL, body BLOB, made REAL NOT NULL, tried INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting', partition INTEGER, position INTEGER);
CREATE INDEX IF NOT EXISTS waiting ON messages (receiver, made) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS known (
    receiver TEXT, network_id TEXT, severity INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (receiver, network_id));
CREATE TABLE IF NOT EXISTS digest_entries (
    receiver TEXT, network_id TEXT, revision INTEGER NOT NULL, alert BLOB NOT NULL, PRIMARY KEY (receiver, network_id));
CREATE TABLE IF NOT EXISTS digests (receiver TEXT PRIMARY KEY, due REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits."""

    id: str
    body: bytes
    tried: int
    next_at: float
    """Earliest time of the next try, seconds since 1970 UTC."""


class Outbox:
    """The file, opened.

    Args:
        path: of the file; `:memory:` keeps it in memory.
        most_waiting: messages that may wait for one receiver.

    Raises:
        UsageError: it cannot be opened, is another kind of file, or is in use.
    """

    def __init__(self, path: str, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        try:
            if path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, isolation_level=None, timeout=0.0)
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute("BEGIN EXCLUSIVE")
            for statement in _TABLES.split(";"):
                self._file.execute(statement)
            self._file.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            in_use = "locked" in str(error)
            raise UsageError(
                f"notify.state_file: {path} "
                + (
                    "is in use: another `lockstep notify` runs with it."
                    if in_use
                    else f"cannot be used: {error}."
                )
            ) from None

    def close(self) -> None:
        """Close the file and release it."""
        self._file.close()

    def take(
        self,
        alert: Alert,
        receivers: Sequence[Receiver],
        link: str | None,
        now: datetime,
        place: tuple[int, int] | None = None,
    ) -> list[tuple[Receiver, str, bytes]]:
        """Take an alert: keep what each receiver gets of it.

        Args:
            alert: the alert.
            receivers: all of them.
            link: the setting `notify.link`.
            now: the wall clock, UTC.
            place: partition and offset of the alert; None: of a file.

        Returns:
            Messages for which there was no room, with their receiver and id.
        """
        refused = []
        with self._change():
            for receiver in receivers:
                row = self._file.execute(
                    "SELECT severity FROM known WHERE receiver = ? AND network_id = ?",
                    (receiver.name, alert.network_id),
                ).fetchone()
                wanted = is_wanted(alert, receiver.settings, None if row is None else row[0])
                if receiver.settings.when is When.DAILY:
                    self._take_for_digest(alert, receiver.name, wanted=wanted)
                elif wanted:
                    message = alert_notification(alert, receiver.name, link, now)
                    body = body_of(message, receiver.settings.form)
                    if self.waiting(receiver.name) < self._most_waiting:
                        self._insert(receiver.name, message.id, body, now, place)
                    else:
                        refused.append((receiver, message.id, body))
                if wanted:
                    highest = max(rank(alert.severity), -1 if row is None else row[0])
                    self._file.execute(
                        "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)",
                        (receiver.name, alert.network_id, highest, now.timestamp()),
                    )
        return refused

    def add(self, receiver: Receiver, message_id: str, body: bytes, now: datetime) -> None:
        """Add a message that is about no single alert."""
        with self._change():
            self._insert(receiver.name, message_id, body, now, None)

    def next(self, receiver: str) -> Waiting | None:
        """The message that waits longest for a receiver. One that failed comes before those after it."""
        row = self._file.execute(
            "SELECT id, body, tried, next_at FROM messages WHERE receiver = ? AND state = 'waiting' "
            "ORDER BY made, rowid LIMIT 1",
            (receiver,),
        ).fetchone()
        return None if row is None else Waiting(*row)

    def waiting(self, receiver: str) -> int:
        """How many messages wait for a receiver."""
        (count,) = self._file.execute(
            "SELECT count(*) FROM messages WHERE receiver = ? AND state = 'waiting'", (receiver,)
        ).fetchone()
        return int(count)

    def left_over(self, receivers: Sequence[Receiver]) -> list[tuple[str, Waiting]]:
        """Messages that wait for receivers which are no longer in the settings, with the names of these.

        Nobody would send them, and offsets would never pass them.
        """
        rows = self._file.execute(
            "SELECT receiver, id, body, tried, next_at FROM messages WHERE state = 'waiting' ORDER BY made, rowid"
        ).fetchall()
        names = {receiver.name for receiver in receivers}
        return [(name, Waiting(*waiting)) for name, *waiting in rows if name not in names]

    def failed(self, message_id: str, next_at: float) -> None:
        """Note a try that failed, and when the next one may be."""
        with self._change():
            self._file.execute(
                "UPDATE messages SET tried = tried + 1, next_at = ? WHERE id = ?", (next_at, message_id)
            )

    def done(self, message_id: str, *, sent: bool) -> None:
        """Note that a message was delivered, or given up. Its body is forgotten."""
        with self._change():
            self._file.execute(
                "UPDATE messages SET state = ?, body = NULL WHERE id = ?",
                ("sent" if sent else "dead", message_id),
            )

    def settled(self, partition: int, position: int) -> int:
        """The offset up to which everything of a partition was delivered or given up.

        Args:
            partition: of the topic of alerts.
            position: the next offset to be read.
        """
        (least,) = self._file.execute(
            "SELECT min(position) FROM messages WHERE state = 'waiting' AND partition = ?", (partition,)
        ).fetchone()
        return position if least is None else min(position, int(least))

    def digest(self, receiver: str, due: float) -> list[Alert] | None:
        """The alerts of a digest that is due; None: it was made, or this is the first day. Call `digest_made` then.

        Args:
            receiver: its name.
            due: the latest time at which one was due, seconds since 1970 UTC.
        """
        row = self._file.execute("SELECT due FROM digests WHERE receiver = ?", (receiver,)).fetchone()
        if row is None:
            with self._change():
                self._file.execute("INSERT INTO digests VALUES (?, ?)", (receiver, due))
        if row is None or row[0] >= due:
            return None
        rows = self._file.execute("SELECT alert FROM digest_entries WHERE receiver = ?", (receiver,))
        return [msgspec.json.decode(alert, type=Alert) for (alert,) in rows]

    def digest_made(
        self, receiver: Receiver, due: float, message: tuple[str, bytes] | None, now: datetime
    ) -> None:
        """Note that a digest was made, and begin the next one.

        Args:
            receiver: who gets it.
            due: as for `digest`.
            message: its id and body; None: there was nothing to send.
            now: the wall clock, UTC.
        """
        with self._change():
            if message is not None:
                self._insert(receiver.name, *message, now, None)
            self._file.execute("DELETE FROM digest_entries WHERE receiver = ?", (receiver.name,))
            self._file.execute("INSERT OR REPLACE INTO digests VALUES (?, ?)", (receiver.name, due))

    def forget_old(self, now: datetime) -> None:
        """Forget what was sent, and networks without alerts, long ago."""
        with self._change():
            self._file.execute(
                "DELETE FROM messages WHERE state != 'waiting' AND made < ?", (now.timestamp() - _KEPT_S,)
            )
            self._file.execute("DELETE FROM known WHERE at < ?", (now.timestamp() - _KNOWN_S,))

    def _take_for_digest(self, alert: Alert, receiver: str, *, wanted: bool) -> None:
        row = self._file.execute(
            "SELECT revision FROM digest_entries WHERE receiver = ? AND network_id = ?",
            (receiver, alert.network_id),
        ).fetchone()
        if alert.suppression is not None:
            self._file.execute(
                "DELETE FROM digest_entries WHERE receiver = ? AND network_id = ?",
                (receiver, alert.network_id),
            )
        elif (wanted and row is None) or (row is not None and alert.revision > row[0]):
            # a network that is in it is shown as it is now
            self._file.execute(
                "INSERT OR REPLACE INTO digest_entries VALUES (?, ?, ?, ?)",
                (receiver, alert.network_id, alert.revision, msgspec.json.encode(alert)),
            )

    def _insert(
        self, receiver: str, message_id: str, body: bytes, now: datetime, place: tuple[int, int] | None
    ) -> None:
        self._file.execute(
            "INSERT OR IGNORE INTO messages (id, receiver, body, made, partition, position) VALUES (?, ?, ?, ?, ?, ?)",
            (message_id, receiver, body, now.timestamp(), *(place or (None, None))),
        )

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One transaction.

        Raises:
            OutputError: the file cannot be written, for example because the disk is full.
        """
        try:
            self._file.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise OutputError(f"notify.state_file: cannot be written: {error}.") from error
