"""Frames as messages: the same rows back, parted without loss, and FrameError for whatever is none."""

import io
import struct
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.live.exchange import frames
from streams.live.exchange.frames import COLUMNS, Frame, FrameError, Header, Kind, Mark, OffsetSpan
from tests.streams.live.partitions import Message, decoded, post_value

KINDS: tuple[Kind, ...] = ("posts", "follows", "profiles", "registry", "rules", "marks")
START_MS = 1_676_332_800_000


def posts(*runs: tuple[int, int, int], ended: bool = False) -> Frame:
    """A frame of posts from runs of (partition, first offset, count)."""
    found = [
        (
            number,
            begin,
            [Message(at, START_MS, b"k", post_value(f"{number}-{at}")) for at in range(begin, end)],
        )
        for number, begin, end in ((number, begin, begin + count) for number, begin, count in runs)
    ]
    frame, letters = decoded("posts.v1", *found)
    assert not letters
    if ended:
        spans = [msgspec.structs.replace(span, ended=True, upto=7) for span in frame.header.spans]
        frame = Frame(msgspec.structs.replace(frame.header, spans=spans), frame.rows)
    return frame


def low_rate(kind: Kind = "registry") -> Frame:
    rows = pl.DataFrame([("a", "{}", 0, 5), ("b", None, 0, 7)], schema=COLUMNS[kind], orient="row")
    return Frame(Header(kind=kind, spans=[OffsetSpan(f"{kind}.v1", 0, 3, 9)]), rows)


def follows() -> Frame:
    rows = pl.DataFrame(
        [(5, 2**64 - 1, 1, 1, "x:a", "x:b", 0, 0), (6, 3, 2, 2, None, None, 1, 4)],
        schema=COLUMNS["follows"],
        orient="row",
    )
    return Frame(
        Header(kind="follows", spans=[OffsetSpan("follows.v1", 1, 0, 1), OffsetSpan("follows.v1", 0, 4, 5)]),
        rows,
    )


FULL = [posts((0, 10, 30), (3, 0, 20)), follows(), low_rate(), low_rate("rules")]


def placed(parts: list[Frame]) -> list[tuple[str, int, int, str]]:
    """Where each row is from by its own frame, and what it is."""
    return [
        (frame.header.spans[source].topic, frame.header.spans[source].partition, offset, post_id)
        for frame in parts
        for source, offset, post_id in frame.rows.select("source", "offset", "post_id").iter_rows()
    ]


def covered(parts: list[Frame]) -> list[tuple[str, int, int, bool, int]]:
    """Every offset that the spans cover, in order, and what was said of its partition with it."""
    return [
        (
            span.topic,
            span.partition,
            offset,
            *((span.ended, span.upto) if offset == span.end - 1 else (False, 0)),
        )
        for frame in parts
        for span in frame.header.spans
        for offset in range(span.begin, span.end)
    ]


@pytest.mark.parametrize("frame", FULL, ids=lambda frame: frame.header.kind)
def test_given_a_frame_then_it_comes_back_as_it_was(frame: Frame) -> None:
    found = frames.decode(*frames.encode(frame))

    assert found.header == frame.header
    assert found.rows.schema == frame.rows.schema
    assert found.rows.equals(frame.rows)


@pytest.mark.parametrize("kind", KINDS)
def test_given_no_rows_then_the_header_alone_says_all(kind: Kind) -> None:
    header = Header(
        kind=kind,
        spans=[OffsetSpan("posts.v1", 2, 7, 9, ended=True, upto=5)],
        sources=[("posts.v1", 0), ("follows.v1", 11)],
        marks=[Mark("posts.v1", 1, 0, 1_676_332_800)],
    )
    head, value = frames.encode(Frame(header, pl.DataFrame()))

    assert value == b""
    found = frames.decode(head, value)
    assert found.header == header
    assert dict(found.rows.schema) == dict(COLUMNS[kind])
    assert not len(found.rows)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    runs=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 2**40), st.integers(0, 6), st.integers(0, 9)),
        min_size=1,
        max_size=5,
        unique_by=lambda run: run[0],
    ),
    most=st.integers(1, 60_000),
    ended=st.booleans(),
)
def test_given_any_size_when_parted_then_rows_and_offsets_stay_what_they_were(
    runs: list[tuple[int, int, int, int]], most: int, ended: bool
) -> None:
    whole = posts(*((number, begin, count + 1) for number, begin, count, _ in runs), ended=ended)
    # offsets that no row is of, before and after, as where messages were deleted or set aside
    spans = [
        msgspec.structs.replace(span, begin=max(0, span.begin - more), end=span.end + more)
        for span, (*_, more) in zip(whole.header.spans, runs, strict=True)
    ]
    whole = Frame(msgspec.structs.replace(whole.header, spans=spans), whole.rows)

    encoded = list(frames.encode_parted(whole, most))
    parts = [frames.decode(*part) for part in encoded]

    assert pl.concat([part.rows.drop("source") for part in parts]).equals(whole.rows.drop("source"))
    assert placed(parts) == placed([whole])
    assert covered(parts) == covered([whole])
    assert all(
        len(value) <= most or len(part.rows) == 1 for (_, value), part in zip(encoded, parts, strict=True)
    )


def test_given_marks_and_sources_when_split_then_each_is_there_once_and_in_its_place() -> None:
    whole = posts((0, 0, 8))
    header = msgspec.structs.replace(
        whole.header, sources=[("posts.v1", 0)], marks=[Mark("posts.v1", 1, 0, 1_676_332_800)]
    )

    parts = [frames.decode(*part) for part in frames.encode_parted(Frame(header, whole.rows), 1)]

    assert len(parts) == 8
    # partitions are opened before any row, and marks count after all of them
    assert [part.header.sources for part in parts] == [header.sources] + [[]] * 7
    assert [part.header.marks for part in parts] == [[]] * 7 + [header.marks]


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"{}",
        b"null",
        b"\xff",
        b'{"kind":"\xff"}',
        b'{"kind":"shares"}',
        b'{"kind":"posts","spans":[["posts.v1",0,-1,5]]}',
        b'{"kind":"posts","spans":[["posts.v1",-1,0,5]]}',
        b'{"kind":"posts","spans":[["posts.v1",0,0,9223372036854775808]]}',
        b'{"kind":"posts","spans":[["posts.v1",0,0,1e3]]}',
        b'{"kind":"posts","spans":[["posts.v1",0,0]]}',
        b'{"kind":"posts","spans":[["posts.v1",0,0,1,false,-5]]}',
        b'{"kind":"marks","marks":[["posts.v1",0,0,' + b"9" * 400 + b"]]}",
        b'{"kind":"marks","marks":[["posts.v1",0,0,-1]]}',
        b'{"kind":"marks","sources":[["posts.v1",4294967296]]}',
        b'{"kind":"marks","more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda header: repr(header)[:40],
)
def test_given_a_header_that_is_none_then_it_is_refused(header: bytes | None) -> None:
    with pytest.raises(FrameError, match="no frame"):
        frames.decode(header, b"")


def test_given_another_format_then_it_is_named() -> None:
    with pytest.raises(FrameError, match="format 2, where 1 can be read"):
        frames.decode(b'{"format":2,"kind":"posts"}', b"")


def ipc(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_ipc_stream(buffer)
    return buffer.getvalue()


def altered_rows(frame: Frame, **columns: Any) -> tuple[bytes, bytes]:
    return frames.encode(frame)[0], ipc(frame.rows.with_columns(**columns))


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"created_at": pl.col("created_at").cast(pl.Int32)}, "not as declared"),
        ({"more": pl.lit(1)}, "not as declared"),
        ({"text": pl.col("text").cast(pl.Categorical)}, "not as declared"),
        ({"created_at": pl.lit(None, pl.Int64)}, "without a value"),
        ({"account": pl.lit(None, pl.String)}, "without a value"),
        ({"source": pl.lit(None, pl.UInt16)}, "without a value"),
        ({"offset": pl.lit(None, pl.Int64)}, "without a value"),
        ({"source": pl.lit(2, pl.UInt16)}, "partitions that the header does not name"),
        ({"offset": pl.lit(40, pl.Int64)}, "offsets that the header does not name"),
        ({"offset": pl.lit(-1, pl.Int64)}, "offsets that the header does not name"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_given_rows_that_are_not_what_they_should_be_then_they_are_refused(
    columns: dict[str, Any], fault: str
) -> None:
    with pytest.raises(FrameError, match=fault):
        frames.decode(*altered_rows(posts((0, 10, 30), (3, 0, 20)), **columns))


def test_given_the_rows_of_another_kind_then_they_are_refused() -> None:
    for one in FULL:
        for other in FULL:
            if one.rows.schema != other.rows.schema:
                with pytest.raises(FrameError, match="not as declared"):
                    frames.decode(frames.encode(one)[0], frames.encode(other)[1])
    with pytest.raises(FrameError):
        frames.decode(b'{"kind":"marks"}', frames.encode(FULL[0])[1])
    with pytest.raises(FrameError, match="does not name"):
        frames.decode(b'{"kind":"posts"}', frames.encode(FULL[0])[1])


def test_given_columns_in_another_order_then_they_are_the_same_rows() -> None:
    frame = FULL[1]
    found = frames.decode(frames.encode(frame)[0], ipc(frame.rows.select(sorted(frame.rows.columns))))

    assert found.rows.columns == list(COLUMNS["follows"])
    assert found.rows.equals(frame.rows)


ENCODED = [frames.encode(frame) for frame in (posts((0, 10, 6), (3, 0, 5)), follows(), low_rate())]
Changes = list[tuple[str, int, int]]


def changes() -> st.SearchStrategy[Changes]:
    change = st.tuples(
        st.sampled_from(["set", "cut", "put", "end"]), st.integers(0, 2**20), st.integers(0, 255)
    )
    return st.lists(change, min_size=1, max_size=4)


def changed(raw: bytes, how: Changes) -> bytes:
    made = bytearray(raw)
    for what, at, value in how:
        place = at % (len(made) + 1)
        if what == "set" and place < len(made):
            made[place] = value
        elif what == "cut":
            del made[place : place + value % 9]
        elif what == "end":
            del made[place:]
        else:
            made.insert(place, value)
    return bytes(made)


def used(header: bytes, value: bytes) -> None:
    """Read a frame and everything in it, as detection would; FrameError is as good."""
    try:
        frame = frames.decode(header, value)
    except FrameError:
        return
    assert dict(frame.rows.schema) == dict(COLUMNS[frame.header.kind])
    list(frame.rows.iter_rows())
    again = frames.decode(*frames.encode(frame))
    assert again.header == frame.header
    assert again.rows.equals(frame.rows)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(0, len(ENCODED) - 1), how=changes())
def test_given_a_value_with_other_bytes_then_it_is_a_frame_or_refused(number: int, how: Changes) -> None:
    header, value = ENCODED[number]
    used(header, changed(value, how))


@settings(max_examples=300, deadline=None)
@given(number=st.integers(0, len(ENCODED) - 1), how=changes())
def test_given_a_header_with_other_bytes_then_it_is_a_frame_or_refused(number: int, how: Changes) -> None:
    header, value = ENCODED[number]
    used(changed(header, how), value)


@pytest.mark.slow
@pytest.mark.parametrize("lie", [0, 7, 2**31, 2**40, 2**62, 2**63 - 1])
def test_given_lengths_that_are_lies_then_nothing_of_that_size_is_made_of_them(lie: int) -> None:
    # polars panics on some
    header, value = ENCODED[0]
    for at in range(0, len(value) - 8, 8):
        used(header, value[:at] + struct.pack("<Q", lie) + value[at + 8 :])


def test_given_every_cut_then_it_is_a_frame_or_refused() -> None:
    for header, value in ENCODED:
        for end in range(0, len(value), 7):
            used(header, value[:end])


def test_given_follows_of_a_version_without_names_then_they_have_none() -> None:
    frame = FULL[1]
    old = frame.rows.drop("follower_name", "followee_name")

    found = frames.decode(frames.encode(frame)[0], ipc(old))

    assert found.rows.drop("follower_name", "followee_name").equals(old)
    assert found.rows["follower_name"].null_count() == len(old)
