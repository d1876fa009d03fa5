"""Shards of co-sharing without a broker: their logs are lists, and they fail at random."""

import random
from collections.abc import Sequence
from typing import Any

from detectors.config import DetectionConfig
from detectors.exchange.epoch_messages import Columns, closed
from detectors.exchange.inbox import EpochInbox
from detectors.exchange.stretches import (
    ANSWER_DTYPES,
    STRETCH_DTYPES,
    Stretch,
    answer_of,
    in_frames,
    of_frames,
)
from detectors.exchange.synchrony_shard import LineageLost, SynchronySteps
from detectors.state.capture import capture, restore
from streams.live.exchange.step_records import (
    columns_of,
    header_of,
    lost_record,
    messages_of,
    records_of,
)
from streams.state.state_codec import decode, encode

Record = tuple[bytes, bytes]


class MemoryShards:
    """`detectors.exchange.remote_synchrony.Shards`, with records as on the topics.

    Args:
        config: of detection.
        count: of shards.
        seed: of what fails when.
        failures: chance that a shard is lost at a step, and taken over from its snapshot.
    """

    def __init__(self, config: DetectionConfig, count: int, seed: int = 0, failures: float = 0.0) -> None:
        self._config = config
        self.count = count
        self.draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._failures = failures
        self.shares: list[list[Record]] = [[] for _ in range(count)]
        self.answers: list[Record] = []
        self._steps = [SynchronySteps(config, shard, count) for shard in range(count)]
        self._read = [0] * count
        self._snapshots: list[tuple[list[bytes] | None, int]] = [(None, 0)] * count
        self._inboxes: dict[tuple[str, int], EpochInbox] = {}
        self.lineages = 0
        self.takeovers = 0

    def begin(self) -> tuple[str, int]:
        self.lineages += 1
        return f"lineage {self.lineages}", len(self.answers)

    def settle(
        self, lineage: str, step: int, end: int, stretch: Sequence[Columns], place: int
    ) -> tuple[list[Columns], int]:
        for shard, columns in enumerate(stretch):
            self.shares[shard] += records_of(lineage, closed("detection", step, [columns]), end)
        for shard in self.draw.sample(range(self.count), self.count):
            self._work(shard)
        names = [f"synchrony {shard}" for shard in range(self.count)]
        inbox = EpochInbox(names, step - 1)
        for number in range(place, len(self.answers)):
            encoded, value = self.answers[number]
            header = header_of(encoded)
            if header.lineage != lineage:
                continue
            if header.lost:
                raise LineageLost(header.lost)
            for message in messages_of(header, columns_of(header, value, ANSWER_DTYPES)):
                inbox.add(message, number)
        taken = inbox.take(step)
        needed = inbox.needed_from
        return [of_frames(frames) for frames in taken], len(self.answers) if needed is None else needed

    def lose(self, shard: int) -> None:
        """Let another worker take a shard over."""
        self.takeovers += 1
        self._steps[shard] = SynchronySteps(self._config, shard, self.count)
        chunks, self._read[shard] = self._snapshots[shard]
        if chunks is not None:
            restore(self._steps[shard], decode(chunks))

    def forget(self, shard: int) -> None:
        """Let a shard lose its snapshots, too, and all its shares."""
        self._snapshots[shard] = (None, len(self.shares[shard]))
        self.lose(shard)

    def _work(self, shard: int) -> None:
        if self.draw.random() < self._failures:
            self.lose(shard)
        steps = self._steps[shard]
        for encoded, value in self.shares[shard][self._read[shard] :]:
            header = header_of(encoded)
            columns = columns_of(header, value, STRETCH_DTYPES)
            name = f"synchrony {shard}"
            try:
                given = Stretch(header.lineage, header.step, header.until, header.checksum, columns)
                settled = steps.take(given)
            except LineageLost as error:
                self.answers.append(lost_record(header.lineage, name, header.step, str(error)))
            else:
                frames: list[Any] = [] if settled is None else in_frames(answer_of(settled), 2_000)
                if frames:
                    self.answers += records_of(header.lineage, closed(name, header.step, frames))
        self._read[shard] = len(self.shares[shard])
        if self.draw.random() < self._failures:
            self._snapshots[shard] = list(encode(capture(steps))), self._read[shard]
