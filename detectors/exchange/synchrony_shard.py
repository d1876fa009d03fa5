"""A shard of synchrony, apart from the rest of detection: shares of a stretch of event time in, what they gave out.

Where the state of detection begins empty, a *lineage* begins: its accounts, posts and stretches are numbered anew, and
the shard begins empty, too. Within a lineage, each stretch follows from the ones before it. A stretch may come again,
because detection went back to an earlier state: it is known and left out. A stretch that cannot be next ends the
lineage, and detection has to begin another.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I64
from detectors.config import KINDS, DetectionConfig
from detectors.event_time.ticks import next_tick
from detectors.exchange.epoch_messages import Columns
from detectors.exchange.stretches import SettledShares, Stretch
from detectors.exchange.synchrony_rows import STATUS, SynchronyRows
from detectors.shards import VIRTUAL_SHARDS, parts_of
from detectors.synchrony.co_share_kernels import Shares, picked
from detectors.synchrony.open_epoch import NO_SHARES
from detectors.synchrony.synchrony_stage import SynchronyStage, concatenated
from schemas.errors import LockstepError

_DAY_S = 86_400
_REMEMBERED = 1_024
"""Stretches whose checksums are remembered, to see that one that comes again is the same. Chosen."""
_LINEAGES = 64
"""Earlier lineages that are remembered, so that none of them begins again. Chosen: a lineage ends only when no snapshot
can be used."""


class LineageLost(LockstepError):
    """Detection and its shards no longer agree on what came before. Detection has to begin a new lineage."""


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
        self._day = 0
        """Day since 1970 at which the log was last aged."""

    @property
    def waiting(self) -> bool:
        """Whether any share has yet to settle."""
        return self._stage.waiting

    def close(self, until: int, rows: Sequence[Columns]) -> SynchronyRows:
        """Take shares, and settle what can be settled before `until`.

        Args:
            until: event time, seconds; every share before it has been given.
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
        emitted = concatenated(logged)
        emitted["after"] = 0
        if until // _DAY_S > self._day:
            # nothing here reads the log but what was just added
            self._day = until // _DAY_S
            stage.age(until - _DAY_S)
        return SynchronyRows(found.co_shares, found.exposures, emitted, status)


class SynchronySteps:
    """A shard as a function of its stretches.

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
        """The lineage that the shard follows; empty: it follows none."""
        self.step = 0
        """The latest stretch that was taken."""
        self.until = 0
        """Event time that has passed, seconds."""
        self.repeats = 0
        """Count of stretches that came again."""
        self._ended = []
        self._checksums: I64 = np.zeros(_REMEMBERED, np.int64)
        """Of the latest stretches, by the rest of their number."""
        self._stage = SynchronyShard(config, shard, shards)

    def take(self, given: Stretch) -> list[SettledShares] | None:
        """Take a stretch.

        Returns:
            What settled in it; None if it came before.

        Raises:
            LineageLost: it cannot be the next stretch, or its lineage has ended. The shard does not follow this lineage
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
        settled = self._settled(given)
        self.step = given.step
        self._checksums[given.step % _REMEMBERED] = given.checksum
        return settled

    def _settled(self, stretch: Stretch) -> list[SettledShares]:
        found: list[SettledShares] = []
        begin = 0
        pushes = zip(stretch.given["until"].tolist(), stretch.given["shares"].tolist(), strict=True)
        for number, (until, count) in enumerate(pushes, start=1):
            self._pass_ticks(until, found)
            if count or self._stage.waiting:
                shares = picked(stretch.shares, slice(begin, begin + count))
                found.append(SettledShares(until, number, self._stage.close(until, [shares])))
            begin += count
            self.until = until
        self._pass_ticks(stretch.end + 1, found)
        self.until = max(self.until, stretch.end)
        return found

    def _pass_ticks(self, before: int, found: list[SettledShares]) -> None:
        """Let time pass from tick to tick while shares wait; every tick passed is before `before`."""
        tick_s = self._config.time.tick_s
        tick = next_tick(self.until, tick_s)
        while tick < before and self._stage.waiting:
            found.append(SettledShares(tick, 0, self._stage.close(tick, [NO_SHARES])))
            self.until = tick
            tick += tick_s

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

    def _fault(self, stretch: Stretch) -> str | None:
        """Why the shares cannot be those of this shard's next stretch; None: they can."""
        until, counts = stretch.given["until"], stretch.given["shares"]
        shares = stretch.shares
        if (counts < 0).any() or int(counts.sum()) != len(shares.time):
            return "it has other shares than its pushes"
        if (np.diff(np.concatenate([[self.until], until, [max(stretch.end, self.until)]])) < 0).any():
            return "its pushes are not in order"
        if not len(shares.time):
            return None
        if (np.diff(shares.time) < 0).any() or int(shares.time[0]) < self.until:
            return "its shares are not in order"
        if (shares.time > np.repeat(until, counts)).any():
            return "its shares are not of its time"
        if int(shares.kind.max()) >= len(KINDS) or int(shares.account.min()) < 0:
            return "its shares are of no kind or account"
        return None
