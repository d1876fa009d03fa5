"""The same posts give the same alerts, byte for byte, however they arrive."""

import functools

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.config import DetectionConfig
from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.rejected_rows import without_duplicates
from detectors.pipeline import Pipeline
from tests.detectors.event_time.event_order import EventOrder
from tests.detectors.post_worlds import START, URL, Post, frame_of, noise

CONFIG = DetectionConfig()
GROUP = range(100, 105)


@functools.cache
def posts() -> pl.DataFrame:
    """400 posts over two days, of which a group of five makes 60: twelve fresh URLs within a minute each."""
    draw = np.random.default_rng(42)
    planted = [
        Post(START + meeting * 13_000 + int(draw.integers(0, 60)), account, ((URL, 1_000 + meeting),))
        for meeting in range(12)
        for account in GROUP
    ]
    return frame_of(noise(draw, 340, 60, 40, 2) + planted)


def driven(sources: list[pl.DataFrame], batch_rows: int) -> tuple[list[bytes], int]:
    """Alerts in JSON, and how many rows came late, with sources read as the replay driver reads them."""
    duplicates = DuplicateFilter(CONFIG.time.duplicate_memory_s, CONFIG.time.max_post_ids)
    pipeline = Pipeline(CONFIG)
    feeds = {str(number): iter(frame.iter_slices(batch_rows)) for number, frame in enumerate(sources)}
    order = EventOrder(CONFIG.time.lateness_s, feeds)
    alerts, late = [], 0
    while feeds:
        name = min(feeds, key=lambda feed: (order.watermark.latest[feed], feed))
        batch = next(feeds[name], None)
        if batch is None:
            del feeds[name]
            order.watermark.close(name)
        else:
            late += len(order.add(name, batch))
        ready = order.release()
        if ready is None:
            continue
        ready, _ = without_duplicates(ready, duplicates)
        if not len(ready):
            continue
        last, watermark = int(ready["created_at"][-1]), order.watermark.passed
        until = int(watermark) if watermark < float("inf") else 0
        alerts += list(pipeline.process(ready, max(until, last + 1)))
    alerts += list(pipeline.end())
    return [msgspec.json.encode(alert) for alert in alerts], late


@functools.cache
def alerts_in_order() -> list[bytes]:
    return driven([posts()], len(posts()))[0]


def test_given_a_group_then_it_is_reported_and_no_one_else() -> None:
    alerts = [msgspec.json.decode(alert) for alert in alerts_in_order()]

    assert alerts
    assert alerts[0]["lifecycle"] == "opened"
    named = {member["account_id"] for alert in alerts for member in alert["members"]}
    assert named == {f"x:a{account}" for account in GROUP} or named == {f"a{account}" for account in GROUP}


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    jitter=st.integers(0, CONFIG.time.lateness_s),
    batch_rows=st.sampled_from([5, 37, 150, 399, 1_000]),
    sources=st.integers(1, 3),
    twice=st.booleans(),
)
def test_given_any_arrival_inside_the_lateness_bound_then_the_alerts_are_the_same(
    seed: int, jitter: int, batch_rows: int, sources: int, twice: bool
) -> None:
    draw = np.random.default_rng(seed)
    frame = pl.concat([posts(), posts().sample(40, seed=seed)]) if twice else posts()
    source_of = draw.integers(0, sources, len(frame))
    arrival = frame["created_at"].to_numpy() + draw.uniform(0, jitter, len(frame))
    parts = [
        frame[order[source_of[order] == number]]
        for order in (np.argsort(arrival),)
        for number in range(sources)
    ]

    alerts, late = driven(parts, batch_rows)

    assert late == 0
    assert alerts == alerts_in_order()


@pytest.mark.parametrize("lateness", [CONFIG.time.lateness_s + 1, 5_000])
def test_given_a_row_beyond_the_lateness_bound_then_it_is_told_apart_and_the_rest_counts(
    lateness: int,
) -> None:
    last = (
        posts().tail(1).with_columns(created_at=pl.col("created_at") - lateness, row_key=pl.lit(7, pl.UInt64))
    )

    alerts, late = driven([pl.concat([posts(), last])], 50)

    assert late == 1
    assert alerts == alerts_in_order()
