"""Fills a board from the files of a run, and says how far it has come."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from schemas.alerts import Alert
from schemas.networks import NetworkSnapshot
from streams.desk.cases.board import Board
from streams.exports.alert_files import records_of


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
    return (head for head, _ in records_of(path, AlertHead, "an alert", say))


def read_alerts(board: Board, path: str, say: Callable[[str], None]) -> None:
    """Take in the alerts of a file, plain or compressed; `-` is standard input.

    Raises:
        InputError: the file cannot be read, or a line is no alert.
    """
    for alert, line in records_of(path, Alert, "an alert", say):
        board.take_alert(alert, line)


def read_networks(board: Board, path: str, say: Callable[[str], None]) -> None:
    """Take in the networks of the same run: all ties and samples. Networks that no alert is about are left out.

    Raises:
        InputError: the file cannot be read, or a line is no network.
    """
    for network, line in records_of(path, NetworkSnapshot, "a network", say):
        row = board.rows.get(network.network_id)
        if row is not None and row.revision == network.revision:
            board.take_network(network, line)
