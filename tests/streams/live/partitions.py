"""Public topics in memory, and ingest workers that read them in any order: what reaches detection as frames.

It stands for arrangements of partitions, batches and workers that a broker gives only by chance.
"""

import json
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.config import DetectionConfig, TraceConfig
from detectors.traces.post_shares import ShareReader
from schemas.dead_letters import DeadLetter
from streams.live.exchange import frames
from streams.live.exchange.decoding import END_HEADER, Batch, decode_batch
from streams.live.exchange.frames import Frame, Header, Mark
from streams.settings.settings import Settings
from streams.version import VERSION


@dataclass
class Message:
    """As an aiokafka record, as far as it is used."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def post_value(post_id: str, **more: Any) -> bytes:
    """A post as JSON."""
    return json.dumps(
        {
            "post_id": post_id,
            "platform": "x",
            "account_id": "a",
            "created_at": "2023-02-14T00:00:00Z",
            **more,
        }
    ).encode()


def decoded(
    topic: str,
    *runs: tuple[int, int, Sequence[Message]],
    max_ahead_s: int = 300,
    reader: ShareReader | None = None,
) -> tuple[Frame, list[DeadLetter]]:
    """A batch from runs of (partition, offset that was due, messages), decoded."""
    batch = Batch(topic)
    for number, begin, messages in runs:
        batch.add(number, begin, messages)
    return decode_batch(batch, max_ahead_s, reader=reader)


class Topics:
    """Partitions of public topics."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.logs: dict[tuple[str, int], list[Message]] = {
            (topic, number): [] for topic in ("posts.v1", "follows.v1") for number in range(partitions)
        }

    def publish(self, topic: str, key: bytes, value: bytes | None, timestamp: int = 0) -> None:
        number = zlib.crc32(key) % (1 if topic in ("registry.v1", "suppressions.v1") else self.partitions)
        log = self.logs.setdefault((topic, number), [])
        log.append(Message(len(log), timestamp, key, value))

    def end(self) -> None:
        for (topic, _), log in self.logs.items():
            if topic in ("posts.v1", "follows.v1"):
                log.append(Message(len(log), 0, None, None, [(END_HEADER, b"")]))


CURRENT = ShareReader(Settings().detection, VERSION)
"""Reads shares as detection does."""
OTHER = ShareReader(DetectionConfig(traces=TraceConfig(carried_by_reposts=True, min_text_chars=1)), VERSION)
"""Reads shares under other settings."""


def ingested(
    topics: Topics,
    seed: int,
    batch_rows: int,
    *,
    again: float = 0.0,
    readers: Sequence[ShareReader | None] = (CURRENT, CURRENT, None, OTHER),
) -> Iterator[Frame]:
    """Frames as some workers would write them: partitions in any order, batches of any size.

    Args:
        topics: what to read; reference data first.
        seed: of the order.
        batch_rows: most records of a batch.
        again: share of batches after which a partition is read again from some way back, as after a rebalance.
        readers: with which the workers read shares; None: an earlier version, whose frames have none.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    workers = random.Random(seed)  # noqa: S311 - likewise
    sources = [source for source in topics.logs if source[0] in ("posts.v1", "follows.v1")]
    at: dict[tuple[str, int], int] = defaultdict(int)
    yield Frame(Header(kind="marks", sources=sources), frames.decode(*marks([])).rows)
    for reference in (True, False):
        left = [s for s in topics.logs if (s not in sources) == reference and topics.logs[s]]
        while left:
            topic = rng.choice(left)[0]
            batch = Batch(topic)
            for source in rng.sample(left, min(len(left), rng.randint(1, 4))):
                if source[0] != topic:
                    continue
                log = topics.logs[source]
                begin = at[source]
                records = log[begin : begin + rng.randint(1, batch_rows)]
                batch.add(source[1], begin, records)
                at[source] = begin + len(records)
                if rng.random() < again:
                    at[source] = max(0, begin - rng.randint(0, batch_rows))
                elif at[source] == len(log):
                    left.remove(source)
            if batch.spans:
                reader = workers.choice(readers)
                frame, letters = decode_batch(batch, max_ahead_s=300, reader=reader)
                assert not letters
                for parted in frames.encode_parted(frame, most_bytes=rng.choice([20_000, 400_000])):
                    yield frames.decode(*parted, reader=CURRENT)


def marks(given: list[Mark]) -> tuple[bytes, bytes]:
    """A frame of marks, encoded."""
    return next(frames.encode_parted(Frame(Header(kind="marks", marks=given), frames.decode(*_EMPTY).rows)))


_EMPTY = (b'{"kind":"marks"}', b"")
