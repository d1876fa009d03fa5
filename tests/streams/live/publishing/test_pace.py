"""Posts are published in parts, at the speed that was asked for."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import UsageError
from streams.live.exchange.post_encoding import encode_posts
from streams.live.publishing import publish
from streams.live.publishing.publish import parts_of
from streams.live.service.commands import speed_of
from streams.ordering.ordered_batch import OrderedBatch
from tests.streams.live.exchange.test_post_encoding import frame, plain
from tests.streams.live.publishing.broker_in_memory import (
    Broker,
    published,
)
from tests.streams.small_world import START, post, write_jsonl


@pytest.mark.parametrize(
    ("text", "speed"), [("max", None), ("1x", 1.0), ("60x", 60.0), ("0.5x", 0.5), ("3600x", 3600.0)]
)
def test_given_a_speed_then_it_is_read(text: str, speed: float | None) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize(
    "text", ["", "x", "60", "0x", "0.0x", "-1x", "1e3x", ".5x", "6 x", "٦x", "MAX", "max ", "infx", "1x\n"]
)
def test_given_a_text_that_is_no_speed_then_it_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--speed: give max, or a multiple"):
        speed_of(text)


def batches_of(sizes: list[int], seconds: int) -> Iterator[OrderedBatch]:
    at = 0
    for size in sizes:
        rows = [plain(post_id=str(at + row), created_at=START + (at + row) * seconds) for row in range(size)]
        at += size
        yield OrderedBatch(frame(*rows), START + at * seconds, 0)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    skip=st.integers(0, 100),
    step=st.integers(1, 12),
    most_s=st.none() | st.floats(0, 40),
    seconds=st.integers(0, 5),
)
def test_given_any_parts_then_they_are_the_posts_that_are_left_and_count_those_before(
    sizes: list[int], skip: int, step: int, most_s: float | None, seconds: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "_STEP", step)
        parts = list(parts_of(batches_of(sizes, seconds), skip, most_s))

    whole = pl.concat([encode_posts(batch.posts) for batch in batches_of(sizes, seconds)])
    left = pl.concat([whole.clear(), *(part for part, _ in parts)])
    assert left.equals(whole[skip:])
    assert [count for _, count in parts] == [
        min(skip, len(whole)) + sum(len(part) for part, _ in parts[: at + 1]) for at in range(len(parts))
    ]
    for part, _ in parts:
        assert 1 <= len(part) <= step
        span_ms = int(part["timestamp"][-1]) - int(part["timestamp"][0])
        assert most_s is None or span_ms <= most_s * 1_000


def test_given_a_pace_then_posts_wait_for_their_time(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    clock = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(asyncio, "sleep", sleep)
    rows = [
        post(number, "a", START + at, "https://a.example") for number, at in enumerate((0, 1, 60, 600, 610))
    ]

    published(broker, write_jsonl(tmp_path / "posts.jsonl", rows), speed=60.0)

    # 60 s a second: those within a fifth of a second of it go together
    assert waits == pytest.approx([0.0, 1.0, 9.0])
    assert broker.ids() == ["p0", "p1", "p2", "p3", "p4"]
