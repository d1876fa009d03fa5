"""Synchrony in two places: parts that settle shares elsewhere, and the stage that receives what they found.

A part emits, for each epoch, its co-shares, its exposures, the shares that it logged, and its counts. The receiving
stage keeps the logs, since timing is tested where pairs are.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.dtypes import StructArray
from detectors.config import DetectionConfig
from detectors.exchange.epoch_messages import Columns
from detectors.shards import VIRTUAL_SHARDS
from detectors.synchrony.co_share_kernels import Shares, picked
from detectors.synchrony.synchrony_stage import Synchrony, SynchronyStage, joined

_DAY_S = 86_400
STATUS = np.dtype([("waiting", np.bool_), ("evicted_early", np.int64), ("held", np.int64)])
"""Whether shares wait to settle, and counts as those of `SynchronyStage`; one record."""


class SynchronyRows(NamedTuple):
    """What a part emits for one epoch."""

    co_shares: StructArray
    exposures: StructArray
    logged: StructArray  # of `detectors.synchrony.share_log.LOGGED`
    status: StructArray  # of STATUS, one record


class SynchronyShard:
    """One part of the stage of synchrony, on a worker of its own choice.

    Args:
        config: as for `SynchronyStage`.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: DetectionConfig) -> None:
        self._stage = SynchronyStage(config, parts=1, of=VIRTUAL_SHARDS)

    def close(self, epoch: int, rows: Sequence[Columns]) -> SynchronyRows:
        """Take the shares of a closed epoch.

        Args:
            epoch: event time at which it ends, seconds.
            rows: columns of `Shares`, of each producer; each in event order.
        """
        columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
        stage, shares = self._stage, Shares(*columns)
        # posts are numbered in event order; the shares of one post come from one producer, in the order of kinds
        shares = picked(shares, np.argsort(shares.post, kind="stable"))
        found = stage.push(shares, epoch)
        log = stage.parts[0].log
        logged = log.shares[len(log.shares) - len(shares.time) :].copy()
        logged["after"] = 0
        stage.age(epoch - _DAY_S)
        status = np.array([(stage.waiting, stage.evicted_early, stage.held)], STATUS)
        return SynchronyRows(found.co_shares, found.exposures, logged, status)


class ReceivedSynchrony(SynchronyStage):
    """The stage of synchrony where its parts run elsewhere: it is given what they found, and holds their logs."""

    not_state: ClassVar[frozenset[str]] = SynchronyStage.not_state | {"_found"}

    def __init__(self, config: DetectionConfig) -> None:
        super().__init__(config)
        self._status: StructArray = np.zeros(VIRTUAL_SHARDS, STATUS)
        self._found: list[SynchronyRows] = []

    @property
    def waiting(self) -> bool:
        """Whether any share had yet to settle when the last epoch closed."""
        return bool(self._status["waiting"].any())

    @property
    def evicted_early(self) -> int:
        """As for `SynchronyStage`, when the last epoch closed."""
        return int(self._status["evicted_early"].sum())

    @property
    def held(self) -> int:
        """As for `SynchronyStage`, when the last epoch closed."""
        return int(self._status["held"].sum())

    def receive(self, rows: Sequence[SynchronyRows]) -> None:
        """Take what all parts emitted for an epoch, in the order of the parts; `push` hands it on when it ends."""
        self._found = list(rows)

    def push(self, shares: Shares, until: int) -> Synchrony:
        """What was received for the epoch that ends at `until`; the shares themselves went to the parts."""
        found, self._found = self._found, []
        for part, rows in zip(self.parts, found, strict=False):
            part.log.extend(rows.logged)
        for number, rows in enumerate(found):
            self._status[number] = rows.status[0]
        return joined([Synchrony(rows.co_shares, rows.exposures) for rows in found] or [self.nothing()])
