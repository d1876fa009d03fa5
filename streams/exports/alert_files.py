"""The last word on each network, read from the files of alerts and networks that a run wrote."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from schemas.alerts import Alert
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.errors import InputError
from schemas.networks import NetworkSnapshot
from streams.outputs.network_record import completed
from streams.sources.files.compressed import ByteInput

T = TypeVar("T")
_SAY_EVERY_S = 3.0
"""Seconds between two lines on how far reading has come. Chosen, not measured."""


def latest_alerts(path: str) -> list[Alert]:
    """The latest alert of each network that no other absorbed, in the order of the first ones.

    Args:
        path: of a file of alerts, plain or compressed; `-` is standard input.

    Raises:
        InputError: the file cannot be read, or a line is no alert.
    """
    latest: dict[str, Alert] = {}
    for alert in every_alert(path):
        known = latest.get(alert.network_id)
        if known is None or alert.revision >= known.revision:
            latest[alert.network_id] = alert
    return [alert for alert in latest.values() if alert.successor_id is None]


def every_alert(path: str) -> Iterator[Alert]:
    """All alerts of a file, one after another; raises as `latest_alerts`."""
    return (alert for alert, _ in records_of(path, Alert, "an alert"))


def with_networks(alerts: list[Alert], path: str) -> list[Alert]:
    """The alerts with all that the records of their networks have.

    Args:
        alerts: as `latest_alerts` gives them.
        path: of the file of networks of the same run.

    Raises:
        InputError: the file cannot be read, a line is no network, or it lacks the network of an alert.
    """
    wanted = {(alert.network_id, alert.revision) for alert in alerts}
    networks = {
        (network.network_id, network.revision): network
        for network, _ in records_of(path, NetworkSnapshot, "a network")
        if (network.network_id, network.revision) in wanted
    }
    missing = next((alert for alert in alerts if (alert.network_id, alert.revision) not in networks), None)
    if missing is not None:
        raise InputError(
            f"{path}: has no revision {missing.revision} of {missing.network_id}. Give the file of networks that the "
            "run of these alerts wrote."
        )
    return [completed(alert, networks[alert.network_id, alert.revision]) for alert in alerts]


def records_of(
    path: str, kind: type[T], noun: str, say: Callable[[str], None] = lambda line: None
) -> Iterator[tuple[T, bytes]]:
    """The records of a file with their lines; a line at a time is held.

    Args:
        path: of the file, plain or compressed; `-` is standard input.
        kind: of the records.
        noun: what a record is called, with its article.
        say: called every few seconds with how far reading has come.

    Raises:
        InputError: the file cannot be read, or a line is no such record.
    """
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


def lines_of(stream: ByteInput) -> Iterator[bytes]:
    """The lines of an input, without their ends; a line and a block at a time are held."""
    rest = b""
    for block in stream.blocks():
        *lines, rest = (rest + block.data).split(b"\n")
        yield from lines
    yield rest
