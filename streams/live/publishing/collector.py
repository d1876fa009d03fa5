"""What a run of `lockstep publish` says of itself as a collector: its name, and how far it has come in event time."""

import math

import polars as pl

from detectors.event_time.collector_times import SourceTime
from schemas.errors import UsageError
from streams.live.exchange.decoding import COLLECTOR


class ReachedTime:
    """How far a run has come in event time. One post that is dated far ahead does not say so: others have to follow."""

    def __init__(self) -> None:
        self._source = SourceTime(-math.inf, 0.0)

    def after(self, part: pl.DataFrame) -> int:
        """Event time that is reached after some posts, seconds; 0: none yet.

        Args:
            part: columns key and timestamp, in event order.
        """
        self._source.see_all(part["timestamp"].to_numpy() // 1_000, part["key"].hash().to_numpy())
        return int(self._source.latest) if self._source.latest > 0 else 0


def checked_collector(name: str) -> str:
    """Return `name` if a collector can have it.

    Raises:
        UsageError: it has other characters than letters, digits, dots, - and _, or more than 64.
    """
    if not COLLECTOR.fullmatch(name.encode()):
        raise UsageError(f"--collector: {name!r} is no name. Give 1 to 64 letters, digits, dots, - and _.")
    return name
