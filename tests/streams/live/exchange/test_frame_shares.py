"""Frames with the shares of their posts: read where they fit, passed over where not, refused where they are none."""

import io
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from detectors.traces.carried_shares import CARRIED, carries_shares, carrying
from streams.live.exchange import frames
from streams.live.exchange.frames import COLUMNS, KEYED_POSTS, Frame, FrameError
from tests.streams.live.exchange.test_frames import Changes, changed, changes
from tests.streams.live.partitions import CURRENT, OTHER, Message, decoded, post_value

TEXT = "las autoridades anunciaron hoy nuevas medidas para la región del norte"
VALUES = [
    post_value(
        f"p{at}", text=f"{TEXT} {at}", urls=["https://example.com/a"] * (at % 3), mentions=["b"] * (at % 2)
    )
    for at in range(12)
]
FRAME, _ = decoded(
    "posts.v1", (0, 0, [Message(at, 2**41, b"k", value) for at, value in enumerate(VALUES)]), reader=CURRENT
)
PLAIN, _ = decoded("posts.v1", (0, 0, [Message(at, 2**41, b"k", value) for at, value in enumerate(VALUES)]))
ENCODED = frames.encode(FRAME)


def test_given_a_frame_with_shares_then_it_comes_back_as_it_was() -> None:
    found = frames.decode(*ENCODED, reader=CURRENT)

    assert FRAME.header.shares == CURRENT.digest
    assert found.header == FRAME.header
    assert found.rows.equals(FRAME.rows)
    assert found.rows.equals(carrying(PLAIN.rows, CURRENT.read(PLAIN.rows)))


@pytest.mark.parametrize("reader", [None, OTHER])
def test_given_a_reader_without_settings_or_with_others_then_the_shares_are_passed_over(reader: Any) -> None:
    found = frames.decode(*ENCODED, reader=reader)

    assert found.header == PLAIN.header
    assert found.rows.equals(PLAIN.rows)
    # as a frame of its own it has none
    assert frames.encode(found) == frames.encode(PLAIN)


def test_given_a_worker_that_knows_no_shares_then_it_reads_the_rows_alone() -> None:
    _, value = ENCODED
    rows = pl.read_ipc_stream(io.BytesIO(value))

    assert dict(rows.schema) == dict(KEYED_POSTS)
    assert rows.equals(PLAIN.rows)


def test_given_a_frame_of_a_worker_that_knows_no_shares_then_it_has_none() -> None:
    found = frames.decode(*frames.encode(PLAIN), reader=CURRENT)

    assert not found.header.shares
    assert not carries_shares(found.rows)


def test_given_no_rows_then_no_shares_are_named() -> None:
    head, value = frames.encode(Frame(FRAME.header, FRAME.rows.clear()))

    assert value == b""
    assert frames.decode(head, value, reader=CURRENT).header == PLAIN.header


def test_given_a_frame_that_is_split_then_each_part_has_the_shares_of_its_rows() -> None:
    parts = [frames.decode(*part, reader=CURRENT) for part in frames.encode_parted(FRAME, 3_000)]

    assert len(parts) > 2
    assert pl.concat([part.rows.drop("source") for part in parts]).equals(FRAME.rows.drop("source"))


def altered(**columns: Any) -> tuple[bytes, bytes]:
    """The frame with other columns of shares."""
    header, value = ENCODED
    at = msgspec.json.decode(header)["shares_at"]
    buffer = io.BytesIO()
    FRAME.rows.select(CARRIED.keys()).with_columns(**columns).write_ipc_stream(buffer)
    return header, value[:at] + buffer.getvalue()


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"share_kinds": pl.col("share_kinds").cast(pl.List(pl.UInt16))}, "not as declared"),
        ({"more": pl.lit(1)}, "not as declared"),
        ({"share_kinds": pl.col("share_kinds").list.reverse()}, "order|kind"),
        ({"share_kinds": pl.lit(None, pl.List(pl.UInt8))}, "without an object"),
        ({"share_objects": pl.col("share_objects").list.eval(pl.element() * 0)}, "without a key"),
        ({"text_shingles": pl.col("text_shingles").list.reverse()}, "order"),
        ({"share_labels": pl.lit(None, pl.List(pl.String))}, "without a label"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_given_shares_that_are_none_then_the_frame_is_refused(columns: dict[str, Any], fault: str) -> None:
    with pytest.raises(FrameError, match=fault):
        frames.decode(*altered(**columns), reader=CURRENT)
    # who does not use them reads the rows
    assert frames.decode(*altered(**columns)).rows.equals(PLAIN.rows)


def test_given_shares_of_fewer_posts_then_the_frame_is_refused() -> None:
    header, value = ENCODED
    at = msgspec.json.decode(header)["shares_at"]
    buffer = io.BytesIO()
    FRAME.rows.select(CARRIED.keys())[1:].write_ipc_stream(buffer)

    with pytest.raises(FrameError, match="not as declared"):
        frames.decode(header, value[:at] + buffer.getvalue(), reader=CURRENT)


@pytest.mark.parametrize("at", [0, 1, 7, 2**40, 2**63 - 1])
def test_given_another_place_of_the_shares_then_the_frame_is_refused(at: int) -> None:
    header, value = ENCODED
    head = msgspec.json.encode({**msgspec.json.decode(header), "shares_at": at})

    with pytest.raises(FrameError):
        frames.decode(head, value, reader=CURRENT)


def used(header: bytes, value: bytes) -> None:
    """Read a frame and all in it, as detection would; FrameError is as good."""
    try:
        frame = frames.decode(header, value, reader=CURRENT)
    except FrameError:
        return
    columns = {**COLUMNS[frame.header.kind], **(CARRIED if frame.header.shares else {})}
    assert dict(frame.rows.schema) == columns
    list(frame.rows.iter_rows())
    again = frames.decode(*frames.encode(frame), reader=CURRENT)
    assert again.header == frame.header
    assert again.rows.equals(frame.rows)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(how=changes())
def test_given_a_value_with_other_bytes_then_it_is_a_frame_or_refused(how: Changes) -> None:
    header, value = ENCODED
    at = msgspec.json.decode(header)["shares_at"]
    used(header, value[:at] + changed(value[at:], how))


@settings(max_examples=200, deadline=None)
@given(how=changes())
def test_given_a_header_with_other_bytes_then_it_is_a_frame_or_refused(how: Changes) -> None:
    header, value = ENCODED
    used(changed(header, how), value)


def test_given_every_cut_then_it_is_a_frame_or_refused() -> None:
    header, value = ENCODED
    for end in range(0, len(value), 7):
        used(header, value[:end])
