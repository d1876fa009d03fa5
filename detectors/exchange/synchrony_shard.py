"""A shard of synchrony, apart from the rest of detection: shares of a step in, what they gave out.

Where the state of detection begins empty, a *lineage* begins: its accounts, posts and steps are numbered anew, and the
shard begins empty, too. Within a lineage, each step follows from the ones before it. A step may come again, because
detection went back to an earlier state: it is known and left out. A step that cannot be next ends the lineage, and
detection has to begin another.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.dtypes import I64
from detectors.config import KINDS, DetectionConfig
from detectors.exchange.epoch_messages import Columns
from detectors.exchange.synchrony_rows import STATUS, SynchronyRows
from detectors.shards import VIRTUAL_SHARDS, parts_of
from detectors.synchrony.co_share_kernels import Shares, picked
from detectors.synchrony.synchrony_stage import SynchronyStage
from schemas.errors import LockstepError

SHARE_DTYPES = tuple(np.dtype(kind) for kind in (np.int64, np.int32, np.int64, np.uint8, np.uint64))
"""Types of the columns of `Shares`."""
_DAY_S = 86_400
_REMEMBERED = 1_024
"""Steps whose checksums are remembered, to see that one that comes again is the same: a week of ticks. Chosen."""
_LINEAGES = 64
"""Earlier lineages that are remembered, so that none of them begins again. Chosen: a lineage ends only when no snapshot
can be used."""


class LineageLost(LockstepError):
    """Detection and its shards no longer agree on what came before. Detection has to begin a new lineage."""


class ShareStep(NamedTuple):
    """Shares of one shard, for one step."""

    lineage: str
    step: int
    """Number of the step in its lineage, from 1."""
    until: int
    """Event time, seconds; every share before it has been given."""
    checksum: int
    """CRC-32 of the columns."""
    columns: Columns
    """Of `Shares`, in event order."""


class SynchronyShard:
    """Some parts of the stage of synchrony, on a worker of their own choice.

    Args:
        config: as for `SynchronyStage`.
        shard: number of the shard.
        shards: count of all shards; one of `detectors.shards.SHARD_COUNTS`.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: DetectionConfig, shard: int, shards: int) -> None:
        held = parts_of(shards)[shard]
        self._stage = SynchronyStage(config, parts=len(held), of=VIRTUAL_SHARDS, first=held.start)

    def close(self, until: int, rows: Sequence[Columns]) -> SynchronyRows:
        """Take the shares of a step.

        Args:
            until: event time at which it ends, seconds.
            rows: columns of `Shares`, of each producer; each in event order.
        """
        columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
        stage, shares = self._stage, Shares(*columns)
        # posts are numbered in event order; the shares of one post come from one producer, in the order of kinds
        shares = picked(shares, np.argsort(shares.post, kind="stable"))
        before = [part.position for part in stage.parts]
        found = stage.push(shares, until)
        status = np.zeros(len(stage.parts), STATUS)
        logged = []
        for record, part, position in zip(status, stage.parts, before, strict=True):
            added = part.position - position
            logged.append(part.log.shares[len(part.log.shares) - added :])
            record["logged"], record["waiting"] = added, part.waiting
            record["evicted_early"], record["held"] = part.evicted_early, part.held
            record["cut_short"], record["viral"] = part.tally.cut_short.sum(), part.tally.viral.sum()
        emitted = np.concatenate(logged)
        emitted["after"] = 0
        stage.age(until - _DAY_S)
        return SynchronyRows(found.co_shares, found.exposures, emitted, status)


class SynchronySteps:
    """A shard as a function of its steps.

    Args:
        config: as for `SynchronyStage`.
        shard: number of the shard.
        shards: count of all shards.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_config", "_shard", "_shards"})
    _ended: list[str]
    """Lineages that the shard follows no longer."""

    def __init__(self, config: DetectionConfig, shard: int, shards: int) -> None:
        self._config, self._shard, self._shards = config, shard, shards
        self.lineage = ""
        """The lineage that the shard follows; empty: it has followed none."""
        self.step = 0
        """The latest step that was taken."""
        self.until = 0
        """Event time that this step has passed, seconds."""
        self.repeats = 0
        """Count of steps that came again."""
        self._ended = []
        self._checksums: I64 = np.zeros(_REMEMBERED, np.int64)
        """Of the latest steps, by the rest of their number."""
        self._stage = SynchronyShard(config, shard, shards)

    def take(self, given: ShareStep) -> SynchronyRows | None:
        """Take a step.

        Returns:
            What it gave; None if it came before.

        Raises:
            LineageLost: it cannot be the next step, or its lineage has ended. The shard does not follow this lineage
                any more.
        """
        if given.lineage in self._ended:
            raise LineageLost(f"shard {self._shard}: this lineage has ended.")
        if given.lineage != self.lineage:
            self._begin(given.lineage)
        if given.step <= self.step:
            self.repeats += 1
            if given.step > self.step - _REMEMBERED and self._known(given.step) != given.checksum:
                raise self._lost(f"step {given.step} came with other shares than before")
            return None
        if given.step != self.step + 1:
            raise self._lost(f"step {given.step} came after step {self.step}")
        if fault := self._fault(given):
            raise self._lost(f"step {given.step}: {fault}")
        rows = self._stage.close(given.until, [given.columns])
        self.step, self.until = given.step, given.until
        self._checksums[given.step % _REMEMBERED] = given.checksum
        return rows

    def _known(self, step: int) -> int:
        return int(self._checksums[step % _REMEMBERED])

    def _begin(self, lineage: str) -> None:
        if self.lineage:
            self._end()
        self.lineage, self.step, self.until = lineage, 0, 0
        self._stage = SynchronyShard(self._config, self._shard, self._shards)

    def _end(self) -> None:
        self._ended = [*self._ended, self.lineage][-_LINEAGES:]
        self.lineage = ""

    def _lost(self, why: str) -> LineageLost:
        self._end()
        return LineageLost(f"shard {self._shard}: {why}.")

    def _fault(self, given: ShareStep) -> str | None:
        """Why the shares cannot be those of this shard's next step; None: they can."""
        shares = Shares(*given.columns)
        if not len(shares.time):
            return None
        if int(shares.time[0]) < self.until or int(shares.time[-1]) > given.until:
            return "its shares are not of its time"
        if (np.diff(shares.time) < 0).any():
            return "its shares are not in order"
        if int(shares.kind.max()) >= len(KINDS) or int(shares.account.min()) < 0:
            return "its shares are of no kind or account"
        return None
