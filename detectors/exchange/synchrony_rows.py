"""What shards of synchrony emit, and the stage that receives it where pairs and networks are.

A shard emits, each time that it settles shares, its co-shares, its exposures, the shares that it logged, and the counts
of its parts. The receiving stage keeps the logs, since timing is tested where pairs are.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.dtypes import I64, StructArray
from detectors.config import DetectionConfig
from detectors.shards import VIRTUAL_SHARDS
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.co_shares import co_share_rules, count_made
from detectors.synchrony.synchrony_stage import Synchrony, SynchronyStage, concatenated, joined

STATUS = np.dtype(
    [
        ("logged", np.int64),  # shares that the part logged
        ("waiting", np.bool_),  # whether shares wait to settle
        ("evicted_early", np.int64),  # counts so far, as those of `SynchronyStage`
        ("held", np.int64),
        ("cut_short", np.int64),
        ("viral", np.int64),
    ]
)
"""How one part stands after it has settled shares."""


class SynchronyRows(NamedTuple):
    """What a shard emits when it settles shares."""

    co_shares: StructArray  # of CO_SHARES, as `SynchronyStage` orders them
    exposures: StructArray  # of EXPOSURES
    logged: StructArray  # of `detectors.synchrony.share_log.LOGGED`, part by part
    status: StructArray  # of STATUS, one record a part


class ReceivedSynchrony(SynchronyStage):
    """The stage of synchrony where its parts run elsewhere: it is given what they found, and holds their logs."""

    not_state: ClassVar[frozenset[str]] = SynchronyStage.not_state | {"_found", "_bounds"}

    def __init__(self, config: DetectionConfig) -> None:
        super().__init__(config)
        self._bounds: I64 = co_share_rules(config).bounds
        self._status: StructArray = np.zeros(VIRTUAL_SHARDS, STATUS)
        self._found: list[SynchronyRows] = []

    @property
    def waiting(self) -> bool:
        """Whether any share has yet to settle."""
        return bool(self._status["waiting"].any())

    @property
    def evicted_early(self) -> int:
        """As for `SynchronyStage`, as far as was received."""
        return int(self._status["evicted_early"].sum())

    @property
    def held(self) -> int:
        """As for `SynchronyStage`, as far as was received."""
        return int(self._status["held"].sum())

    @property
    def left_out(self) -> dict[str, int]:
        """As for `SynchronyStage`, as far as was received."""
        return {"cap": int(self._status["cut_short"].sum()), "viral": int(self._status["viral"].sum())}

    def receive(self, rows: Sequence[SynchronyRows]) -> None:
        """Take what all shards emitted for an epoch, in the order of the shards; `push` hands it on."""
        self._found = list(rows)

    def push(self, shares: Shares, until: int, quiet_until: int = 0) -> Synchrony:
        """What was received for the epoch that ends at `until`; the shares themselves went to the parts."""
        found, self._found = self._found, []
        return self._taken(found) if found else self.nothing()

    def _taken(self, found: Sequence[SynchronyRows]) -> Synchrony:
        """Keep what the parts logged, and give the rest in one order."""
        status = concatenated([rows.status for rows in found])
        logged = concatenated([rows.logged for rows in found])
        ends = np.cumsum(status["logged"])
        for part, end, count in zip(self.parts, ends.tolist(), status["logged"].tolist(), strict=True):
            part.log.extend(logged[end - count : end])
        self._status = status
        synchrony = joined([Synchrony(rows.co_shares, rows.exposures) for rows in found])
        count_made(synchrony.co_shares, self._bounds, self.parts[0].tally.made)
        return synchrony
