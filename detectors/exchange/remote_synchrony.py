"""The stage of synchrony for detection whose shards run elsewhere: it sends shares and waits for what they give."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from detectors.config import DetectionConfig
from detectors.exchange.epoch_messages import Columns
from detectors.exchange.synchrony_rows import ReceivedSynchrony, SynchronyRows
from detectors.exchange.synchrony_shard import LineageLost
from detectors.shards import parted
from detectors.synchrony.co_share_kernels import Shares, picked
from detectors.synchrony.synchrony_stage import Synchrony, joined

SHARES_A_STEP = 1 << 15
"""Shares in one step, at most: 950 kB, so that each shard gets its own in one message of less than 1 MiB."""


class Shards(Protocol):
    """The shards of synchrony, wherever they are."""

    @property
    def count(self) -> int:
        """Of the shards."""
        ...

    def begin(self) -> tuple[str, int]:
        """The name of a new lineage, and the place from which on its answers will stand."""
        ...

    def settle(
        self, lineage: str, step: int, until: int, shares: Sequence[Columns], place: int
    ) -> tuple[list[SynchronyRows], int]:
        """Hand a step to all shards, and wait for their answers.

        Args:
            lineage: of the steps.
            step: its number.
            until: event time that it passes, seconds.
            shares: columns of `Shares`, by shard.
            place: where the answers to this step stand, or later.

        Returns:
            The answers, by shard, and the place for the next step.

        Raises:
            LineageLost: a shard cannot go on.
        """
        ...


class RemoteSynchrony(ReceivedSynchrony):
    """The stage of synchrony where its shards run elsewhere.

    Its state says which steps were handed out. So detection that goes on from an earlier state hands out the same steps
    again; the shards leave them out, and their answers are still there.

    Args:
        config: as for `SynchronyStage`.
        shards: where they are.
    """

    not_state: ClassVar[frozenset[str]] = ReceivedSynchrony.not_state | {"_shards"}

    def __init__(self, config: DetectionConfig, shards: Shards) -> None:
        super().__init__(config)
        self._shards = shards
        self.lineage, self._place = shards.begin()
        self._count = shards.count
        self.step = 0
        """The latest step that was handed out."""
        self._posts = 0
        self._accounts = 0
        """Numbers of posts and accounts in shares so far are below these."""

    def push(self, shares: Shares, until: int) -> Synchrony:
        """As for `SynchronyStage`.

        Raises:
            LineageLost: a shard cannot go on. Detection has to begin anew.
        """
        found = []
        for begin in range(0, max(len(shares.time), 1), SHARES_A_STEP):
            last = begin + SHARES_A_STEP >= len(shares.time)
            step = picked(shares, slice(begin, begin + SHARES_A_STEP))
            if len(step.time) or self.waiting:
                found.append(self._settled(step, until if last else int(step.time[-1])))
        return joined(found) if found else self.nothing()

    def _settled(self, shares: Shares, until: int) -> Synchrony:
        if self._count != self._shards.count:
            raise LineageLost(f"there were {self._count} shards and are {self._shards.count} now.")
        rows, begins = parted(shares.object, self._count)
        columns = [
            tuple(np.ascontiguousarray(column[rows[begin:end]]) for column in shares)
            for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True)
        ]
        self.step += 1
        if len(rows):
            self._posts = max(self._posts, int(shares.post.max()) + 1)
            self._accounts = max(self._accounts, int(shares.account.max()) + 1)
        found, self._place = self._shards.settle(self.lineage, self.step, until, columns, self._place)
        for shard, answer in enumerate(found):
            if fault := self._fault(answer):
                raise LineageLost(f"shard {shard}: {fault}.")
        return self._taken(found)

    def _fault(self, rows: SynchronyRows) -> str | None:
        """Why an answer cannot be one to the shares so far; None: it can. Kernels take its numbers unseen."""
        for records, posts, accounts in (
            (rows.co_shares, ("later_post", "earlier_post"), ("later", "earlier")),
            (rows.exposures, ("post",), ("account",)),
            (rows.logged, ("post",), ("account",)),
        ):
            for names, end in ((posts, self._posts), (accounts, self._accounts)):
                for name in names:
                    numbers = records[name]
                    if len(numbers) and (int(numbers.min()) < 0 or int(numbers.max()) >= end):
                        return f"an answer names {name} {int(numbers.max())}, of {end}"
        if int(rows.status["logged"].sum()) != len(rows.logged):
            return "an answer logs other shares than it counts"
        return None
