"""Fills a board from the files of a run, and says how far it has come."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

import msgspec

from schemas.alerts import Alert
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.errors import InputError
from schemas.networks import NetworkSnapshot
from streams.desk.cases.board import Board
from streams.exports.alert_files import lines_of
from streams.sources.files.compressed import ByteInput

T = TypeVar("T")
_SAY_EVERY_S = 3.0
"""Seconds between two lines on how far reading has come. Chosen, not measured."""


class AlertHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a verdict needs to know of an alert; all else is skipped, which is ten times faster."""

    network_id: str
    alert_id: str
    revision: int
    event_time_end: datetime
    successor_id: str | None = None


def heads_of(path: str, say: Callable[[str], None]) -> Iterator[AlertHead]:
    """The heads of the alerts of a file, plain or compressed.

    Raises:
        InputError: the file cannot be read, or a line is no alert.
    """
    return (head for head, _ in _records(path, AlertHead, "an alert", say))


def read_alerts(board: Board, path: str, say: Callable[[str], None]) -> None:
    """Take in the alerts of a file, plain or compressed; `-` is standard input.

    Raises:
        InputError: the file cannot be read, or a line is no alert.
    """
    for alert, line in _records(path, Alert, "an alert", say):
        board.take_alert(alert, line)


def read_networks(board: Board, path: str, say: Callable[[str], None]) -> None:
    """Take in the networks of the same run: all ties and samples. Networks that no alert is about are left out.

    Raises:
        InputError: the file cannot be read, or a line is no network.
    """
    for network, line in _records(path, NetworkSnapshot, "a network", say):
        row = board.rows.get(network.network_id)
        if row is not None and row.revision == network.revision:
            board.take_network(network, line)


def _records(path: str, kind: type[T], noun: str, say: Callable[[str], None]) -> Iterator[tuple[T, bytes]]:
    """The records of a file with their lines."""
    stream = ByteInput(path)
    decoder = msgspec.json.Decoder(kind)
    said_at = time.monotonic()
    for number, line in enumerate(lines_of(stream), start=1):
        if not line.strip():
            continue
        try:
            record = decoder.decode(line)
        except DECODING_ERRORS as error:
            raise InputError(
                f"{stream.name}: line {number} is not {noun}: {decoding_fault(error)}."
            ) from error
        yield record, line
        if time.monotonic() - said_at > _SAY_EVERY_S:
            said_at = time.monotonic()
            say(f"{stream.name}: {number:,} lines read.")
