"""Posts carry their shares in columns: the same traces come out of them, and what is none is named."""

import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.config import KINDS, CoShareConfig, DetectionConfig, TraceConfig
from detectors.texts.text_objects import TextObjects
from detectors.traces.carried_shares import CARRIED, carried, carries_shares, carrying, fault_of
from detectors.traces.post_shares import TEXT, ShareReader
from detectors.traces.text import MAX_SHINGLES
from detectors.traces.traces import TraceExtractor, Traces
from schemas.shares import TraceKind
from tests.detectors.traces.test_traces import LONG, NEAR, OTHER, posts_of, row_strategy

CONFIG = DetectionConfig()
READER = ShareReader(CONFIG)
ROWS: list[dict[str, Any]] = [
    {"text": LONG, "urls": ["https://example.com/a", "https://example.com/b"], "mentions": ["one", "two"]},
    {},
    {"repost_of": "7", "text": NEAR},
    {"quote_of": "7", "reply_to": "8", "hashtags": ["a", "b"], "media_hashes": ["ff"]},
    {"text": "no"},
    {"text": OTHER * 50},
]
POSTS = posts_of(*ROWS)
CARRYING = carrying(POSTS, READER.read(POSTS))


def same(one: Traces, other: Traces) -> None:
    for name in (
        "times",
        "account_keys",
        "post_keys",
        "share_post",
        "share_kind",
        "share_object",
        "begins_text",
    ):
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype, name
        assert a.tolist() == b.tolist(), name
    assert one.labels.to_list() == other.labels.to_list()
    assert one.posts.equals(other.posts)


def extractor() -> TraceExtractor:
    return TraceExtractor(CONFIG, TextObjects.of(CONFIG.traces))


def test_given_posts_that_carry_their_shares_then_they_have_the_columns_and_all_else_as_before() -> None:
    assert {name: CARRYING.schema[name] for name in CARRIED} == dict(CARRIED)
    assert CARRYING.drop(CARRIED).equals(POSTS)
    assert carries_shares(CARRYING)
    assert not carries_shares(POSTS)
    assert fault_of(CARRYING, READER) is None
    # posts without shares carry none
    assert CARRYING[1].select(CARRIED.keys()).row(0) == (None, None, None, None)


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(row_strategy, min_size=1, max_size=12), order=st.randoms(use_true_random=False))
@pytest.mark.slow
def test_given_posts_read_in_any_order_and_batches_then_the_traces_are_those_of_posts_without_shares(
    rows: list[dict[str, Any]], order: Any
) -> None:
    posts = posts_of(*rows)
    places = list(range(len(posts)))
    order.shuffle(places)
    cut = len(posts) // 2
    read = [posts[places[:cut]], posts[places[cut:]]]  # as two workers read them

    merged = pl.concat([carrying(part, READER.read(part)) for part in read]).sort("created_at")

    assert fault_of(merged, READER) is None
    same(extractor().extract(merged), extractor().extract(posts))


def test_given_shares_then_they_come_back_as_they_were() -> None:
    read, found = READER.read(POSTS), carried(CARRYING)

    for name in ("rows", "kinds", "objects", "shingles", "shingle_offsets"):
        a, b = getattr(read, name), getattr(found, name)
        assert (a.dtype, a.flags.writeable) == (b.dtype, b.flags.writeable), name
        assert a.tolist() == b.tolist(), name
    assert read.labels.to_list() == found.labels.to_list()
    assert len(read.labels) == np.count_nonzero(read.kinds != TEXT)
    assert len(found.shingle_offsets) == np.count_nonzero(read.kinds == TEXT) + 1


def test_given_no_posts_then_no_shares() -> None:
    nothing = CARRYING.clear()

    assert fault_of(nothing, READER) is None
    assert len(carried(nothing).rows) == 0
    same(extractor().extract(nothing), extractor().extract(POSTS.clear()))


def changed(**traces: Any) -> DetectionConfig:
    return DetectionConfig(traces=TraceConfig(**traces))


def test_given_settings_that_change_the_shares_of_a_post_then_the_digest_differs_and_else_not() -> None:
    windows = {kind: (60,) for kind in KINDS}
    fewer = {kind: (60,) for kind in KINDS if kind is not TraceKind.URL} | {TraceKind.URL: ()}
    other = [
        changed(carried_by_reposts=True),
        changed(min_text_chars=21),
        changed(min_text_shingles=5),
        changed(min_hashtags=1),
        DetectionConfig(co_share=CoShareConfig(windows_s=fewer)),
    ]
    same_shares = [
        CONFIG,
        changed(similarity=0.7),
        changed(near_duplicates=False),
        changed(near_duplicate_shingles=9),
        changed(text_memory_s=60),
        changed(max_texts=5),
        DetectionConfig(co_share=CoShareConfig(windows_s=windows, cap=3)),
    ]

    assert {ShareReader(config).digest for config in same_shares} == {READER.digest}
    assert len({READER.digest, *(ShareReader(config).digest for config in other)}) == 1 + len(other)
    assert ShareReader(CONFIG, "1.0").digest != ShareReader(CONFIG, "1.1").digest
    assert len(READER.digest) == 16


def with_first(name: str, value: list[Any] | None) -> pl.DataFrame:
    """The posts, of which the first carries something else in one column."""
    values = [value, *CARRYING[name].to_list()[1:]]
    return CARRYING.with_columns(pl.Series(name, values, CARRIED[name]))


KIND = {kind: KINDS.index(kind) for kind in KINDS}
FIRST = {name: CARRYING[name].to_list()[0] for name in CARRIED}
HOSTILE: list[tuple[str, list[Any] | None, str]] = [
    ("share_kinds", None, "without an object"),
    ("share_kinds", [*FIRST["share_kinds"], KIND[TraceKind.MEDIA]], "without an object"),
    ("share_kinds", [None, *FIRST["share_kinds"][1:]], "null"),
    ("share_kinds", [len(KINDS), *FIRST["share_kinds"][1:]], "not traced"),
    ("share_kinds", [*FIRST["share_kinds"][:-1], 255], "not traced"),
    ("share_kinds", FIRST["share_kinds"][::-1], "order"),
    ("share_kinds", [TEXT, TEXT, TEXT, *FIRST["share_kinds"][3:]], "order|not there"),
    ("share_kinds", [KIND[TraceKind.URL]] * 3 + FIRST["share_kinds"][3:], "order|label|shingles"),
    ("share_objects", None, "without an object"),
    ("share_objects", [0, *FIRST["share_objects"][1:]], "without a key"),
    (
        "share_objects",
        [FIRST["share_objects"][1], FIRST["share_objects"][0], *FIRST["share_objects"][2:]],
        "order",
    ),
    ("share_objects", [FIRST["share_objects"][0]] * 2 + FIRST["share_objects"][2:], "order"),
    ("share_objects", [None, *FIRST["share_objects"][1:]], "null"),
    ("share_labels", None, "without a label"),
    ("share_labels", [*FIRST["share_labels"], "more"], "without a label"),
    ("share_labels", [None, *FIRST["share_labels"][1:]], "null"),
    ("text_shingles", FIRST["text_shingles"][::-1], "order"),
    ("text_shingles", FIRST["text_shingles"][:1] * 2, "order"),
    ("text_shingles", [None], "null"),
    ("text_shingles", list(range(MAX_SHINGLES + 1)), "too many"),
]


@pytest.mark.parametrize(("name", "value", "fault"), HOSTILE)
def test_given_shares_that_no_post_has_then_the_fault_is_named(
    name: str, value: list[Any] | None, fault: str
) -> None:
    found = fault_of(with_first(name, value), READER)

    assert found is not None
    assert re.search(fault, found)


def test_given_the_share_of_a_text_where_there_is_none_then_it_is_a_fault() -> None:
    for text in (None, pl.lit(None, pl.String)):
        gone = CARRYING.with_columns(text=text)
        assert fault_of(gone, READER) == "shares of texts that are not there"


def test_given_a_kind_that_is_not_traced_then_its_share_is_a_fault() -> None:
    windows = {TraceKind.TEXT: (60,), TraceKind.REPOST: (60,)}
    reader = ShareReader(DetectionConfig(co_share=CoShareConfig(windows_s=windows)))

    assert fault_of(CARRYING, reader) == "shares of a kind that is not traced"
    assert fault_of(carrying(POSTS, reader.read(POSTS)), reader) is None


def test_given_shingles_where_no_text_is_shared_then_it_is_a_fault() -> None:
    shingles = [*CARRYING["text_shingles"].to_list()[:1], [5], *CARRYING["text_shingles"].to_list()[2:]]
    wrong = CARRYING.with_columns(pl.Series("text_shingles", shingles, CARRIED["text_shingles"]))

    assert fault_of(wrong, READER) == "shingles of texts that are not shared, or too many"
