"""Frames of workers of all versions and settings give the same alerts; what waits is read as this version reads it."""

import functools
from collections.abc import Sequence

import msgspec
import polars as pl
import pytest

from detectors.state.state_forms import StateError
from detectors.traces.carried_shares import CARRIED, carries_shares, carrying
from detectors.traces.post_shares import ShareReader
from streams.live.detection.detection import HELD_POSTS
from streams.live.detection.detection_state import captured, restored
from streams.live.exchange.frames import Frame, Header
from streams.settings.settings import Settings
from streams.state.state_codec import encode
from tests.streams.live.detection.log_runs import Run, applied, opened, posts
from tests.streams.live.detection.log_worlds import small, topics_of
from tests.streams.live.partitions import CURRENT, OTHER, ingested

TEXT = "las autoridades anunciaron hoy nuevas medidas para la región del norte"


@functools.cache
def log_of(readers: tuple[ShareReader | None, ...]) -> Sequence[Frame]:
    return list(ingested(topics_of(small(), 3, 5), 5, 300, readers=readers))


@pytest.mark.slow
@pytest.mark.parametrize("readers", [(None,), (CURRENT,), (OTHER,), (CURRENT, None, OTHER)], ids=len)
def test_given_workers_of_any_version_and_settings_then_the_alerts_are_those_of_a_replay(
    readers: tuple[ShareReader | None, ...],
) -> None:
    log = log_of(readers)
    carry = [carries_shares(frame.rows) for frame in log if len(frame.rows)]

    assert any(carry) == (CURRENT in readers)
    assert all(carry) == (readers == (CURRENT,))
    assert applied(log, cuts=[3, len(log) // 2]).alert_texts == small().replayed


def test_given_a_frame_read_under_other_settings_then_its_shares_do_not_count() -> None:
    plain = posts(0, 0, ("a", 10), ("b", 500), repost_of="7", urls=["https://example.com/a"])
    rows = carrying(plain.rows, OTHER.read(plain.rows))
    wrong = Frame(with_digest(plain, OTHER.digest), rows)
    right = Frame(with_digest(plain, CURRENT.digest), carrying(plain.rows, CURRENT.read(plain.rows)))
    assert not wrong.rows.equals(right.rows)

    held = [applied([opened(0), frame]).detection.held_posts.frames for frame in (plain, wrong, right)]

    assert held[0][0].equals(held[1][0])
    assert held[0][0].equals(held[2][0])
    assert dict(held[0][0].schema) == dict(HELD_POSTS)


def with_digest(frame: Frame, digest: str) -> Header:
    return msgspec.structs.replace(frame.header, shares=digest)


def waiting() -> Run:
    """Detection of which posts wait."""
    return applied([opened(0, 1), posts(0, 0, ("a", 10), ("b", 500), ("c", 500), text=TEXT)])


def test_given_a_state_of_another_version_then_posts_that_wait_are_read_again() -> None:
    config = Settings().detection
    run = waiting()
    expected = [frame.clone() for frame in run.detection.held_posts.frames]
    state = captured(run.detection)
    state["remembered"]["read_as"] = "0" * 16
    held = state["remembered"]["held_posts"]
    held["_frames"] = [
        frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in CARRIED.items())
        for frame in held["_frames"]
    ]

    found = restored(encode(state), config, "live", "w")

    assert found.read_as == found.reader.digest
    assert pl.concat(found.held_posts.frames).equals(pl.concat(expected))
    assert found.held_posts.consistent


def test_given_a_state_from_before_posts_had_shares_then_it_is_refused() -> None:
    config = Settings().detection
    state = captured(waiting().detection)
    without = captured(waiting().detection)
    del without["remembered"]["read_as"]
    held = state["remembered"]["held_posts"]
    held["_frames"] = [frame.drop(CARRIED) for frame in held["_frames"]]

    with pytest.raises(StateError, match="does not fit"):
        restored(encode(without), config, "live", "w")
    with pytest.raises(StateError, match="rows that wait have other columns"):
        restored(encode(state), config, "live", "w")


def test_given_a_state_with_shares_that_no_post_has_then_it_is_refused() -> None:
    state = captured(waiting().detection)
    held = state["remembered"]["held_posts"]
    held["_frames"] = [
        frame.with_columns(text_shingles=pl.col("text_shingles").list.reverse()) for frame in held["_frames"]
    ]

    with pytest.raises(StateError, match="shares that are none"):
        restored(encode(state), Settings().detection, "live", "w")
