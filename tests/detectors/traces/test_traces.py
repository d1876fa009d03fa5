"""From posts to shares: every kind, duplicates, parts of posts, and what is missing."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.hashing import hash_strings
from detectors.config import KINDS, CoShareConfig, DetectionConfig, TraceConfig
from detectors.post_columns import POSTS, conform
from detectors.texts.text_objects import TextObjects
from detectors.traces.traces import TraceExtractor, Traces, keyed
from schemas.shares import TraceKind

Found = list[tuple[int, TraceKind, str]]

LONG = "las autoridades anunciaron hoy nuevas medidas para la región del norte"
NEAR = "las autoridades anunciaron ayer nuevas medidas para la región del norte"
OTHER = "mañana habrá lluvia en la costa y viento fuerte en toda la sierra"


def extractor_of(config: DetectionConfig | None = None) -> TraceExtractor:
    config = config or DetectionConfig()
    return TraceExtractor(config, TextObjects.of(config.traces))


def posts_of(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [
        {"post_id": str(at), "platform": "x", "account_id": f"a{at}", "created_at": 1_000 + at} | row
        for at, row in enumerate(rows)
    ]
    return keyed(conform(pl.DataFrame(filled, schema={name: POSTS[name] for row in filled for name in row})))


def extracted(*rows: dict[str, Any], config: DetectionConfig | None = None) -> Traces:
    return extractor_of(config).extract(posts_of(*rows))


def shares(traces: Traces) -> Found:
    return [
        (int(post), KINDS[kind], label)
        for post, kind, label in zip(traces.share_post, traces.share_kind, traces.labels, strict=True)
    ]


EACH_KIND: list[tuple[dict[str, Any], TraceKind, str]] = [
    ({"repost_of": "77"}, TraceKind.REPOST, "x:77"),
    ({"quote_of": "77"}, TraceKind.REPOST, "x:77"),
    ({"reply_to": "77"}, TraceKind.REPLY, "x:77"),
    ({"urls": ["https://www.Example.com/a?utm_source=b"]}, TraceKind.URL, "example.com/a"),
    ({"hashtags": ["Uno", "dos"]}, TraceKind.HASHTAG_SEQUENCE, "uno dos"),
    ({"mentions": ["Someone"]}, TraceKind.MENTION, "x:@someone"),
    ({"media_hashes": ["ff00"]}, TraceKind.MEDIA, "ff00"),
    ({"text": LONG}, TraceKind.TEXT, LONG),
]


@pytest.mark.parametrize(("row", "kind", "label"), EACH_KIND)
def test_given_a_post_then_its_share(row: dict[str, Any], kind: TraceKind, label: str) -> None:
    traces = extracted(row)

    assert shares(traces) == [(0, kind, label)]
    if kind is not TraceKind.TEXT:
        assert traces.share_object.tolist() == hash_strings(pl.Series([label]), KINDS.index(kind)).tolist()


NOTHING: list[dict[str, Any]] = [
    {},
    {name: None for name in POSTS if name not in ("post_id", "platform", "account_id", "created_at")},
    {"urls": [], "hashtags": [], "mentions": [], "media_hashes": []},
    {"urls": [None], "mentions": [None], "media_hashes": [None]},
    {"urls": ["", " "], "mentions": [""], "media_hashes": [""]},
    {"repost_of": "", "quote_of": "", "reply_to": "", "text": ""},
    {"hashtags": ["uno"]},
    {"text": "buenos días"},
    {"text": "😀 😀 😀 https://example.com @someone"},
    {"text": "uno uno uno uno uno uno uno uno uno"},
    {"text": "RT @someone:"},
]


@pytest.mark.parametrize("row", NOTHING)
def test_given_a_post_that_names_nothing_then_no_share(row: dict[str, Any]) -> None:
    traces = extracted(row, {"repost_of": "77"}, row)

    assert shares(traces) == [(1, TraceKind.REPOST, "x:77")]
    assert len(traces.posts) == len(traces.times) == len(traces.account_keys) == 3


def test_given_no_posts_then_no_shares() -> None:
    traces = extractor_of().extract(posts_of({}).clear())

    assert len(traces.posts) == len(traces.share_object) == len(traces.labels) == 0


def test_given_an_object_named_twice_in_a_post_then_it_is_shared_once() -> None:
    traces = extracted(
        {
            "urls": ["https://example.com/a", "http://www.example.com/a#b", "https://example.com/b"],
            "mentions": ["one", "ONE"],
            "media_hashes": ["ff", "ff"],
            "quote_of": "7",
            "reply_to": "8",
        }
    )

    assert sorted(shares(traces)) == sorted(
        [
            (0, TraceKind.URL, "example.com/a"),
            (0, TraceKind.URL, "example.com/b"),
            (0, TraceKind.MENTION, "x:@one"),
            (0, TraceKind.MEDIA, "ff"),
            (0, TraceKind.REPOST, "x:7"),
            (0, TraceKind.REPLY, "x:8"),
        ]
    )
    assert shares(extracted({"repost_of": "7", "quote_of": "7"})) == [(0, TraceKind.REPOST, "x:7")]


def test_given_a_repost_then_it_shares_the_post_and_its_text_and_in_an_audit_all_that_comes_with_it() -> None:
    repost = {
        "repost_of": "7",
        "text": LONG,
        "urls": ["https://example.com/a"],
        "hashtags": ["one", "two"],
        "mentions": ["author"],
        "media_hashes": ["ff"],
    }

    usual = {kind for _, kind, _ in shares(extracted(repost))}
    audit = {kind for _, kind, _ in shares(extracted(repost, config=DetectionConfig().exact()))}

    assert usual == {TraceKind.REPOST, TraceKind.TEXT}
    assert audit == set(TraceKind) - {TraceKind.REPLY, TraceKind.FOLLOW}


def test_given_many_posts_then_shares_are_in_the_order_of_posts_and_kinds() -> None:
    traces = extracted(
        *[row for row, _, _ in EACH_KIND], {"reply_to": "1", "urls": ["b", "a"], "text": OTHER}
    )

    order = list(
        zip(traces.share_post.tolist(), traces.share_kind.tolist(), traces.share_object.tolist(), strict=True)
    )
    assert order == sorted(order)
    assert traces.share_post.dtype == np.int32
    assert traces.share_kind.dtype == np.uint8
    assert traces.share_object.dtype == np.uint64


def test_given_one_name_in_two_kinds_or_on_two_platforms_then_the_objects_differ() -> None:
    traces = extracted(
        {"repost_of": "7"}, {"reply_to": "7"}, {"repost_of": "7", "platform": "y"}, {"media_hashes": ["x:7"]}
    )

    assert len(set(traces.share_object.tolist())) == 4


def test_given_a_url_on_two_platforms_then_it_is_one_object() -> None:
    traces = extracted(
        {"urls": ["https://example.com/a"]}, {"urls": ["example.com/a", "www.example.com/a"], "platform": "y"}
    )

    assert len(set(traces.share_object.tolist())) == 1
    assert len(traces.share_object) == 2


def test_given_hashtags_in_another_order_then_another_object() -> None:
    traces = extracted({"hashtags": ["a", "b"]}, {"hashtags": ["b", "a"]}, {"hashtags": ["A", "B"]})

    first, second, third = traces.share_object.tolist()
    assert first == third != second


def test_given_near_copies_then_one_object_and_each_its_own_label() -> None:
    traces = extracted({"text": LONG}, {"text": f"RT @x: {NEAR}!! https://t.co/a"}, {"text": OTHER})

    first, second, third = traces.share_object.tolist()
    assert first == second != third
    assert traces.labels.to_list() == [LONG, f"RT @x: {NEAR}!! https://t.co/a", OTHER]


def test_given_near_duplicates_are_off_then_only_equal_words_are_one_object() -> None:
    config = DetectionConfig(traces=TraceConfig(near_duplicates=False))

    traces = extracted({"text": LONG}, {"text": NEAR}, {"text": LONG.upper()}, config=config)

    first, second, third = traces.share_object.tolist()
    assert first == third != second


def test_given_chinese_then_fewer_characters_are_long_enough() -> None:
    assert len(extracted({"text": "今天天气很好我们去公园"}).share_object) == 1
    assert len(extracted({"text": "uno dos tres ya"}).share_object) == 0


@pytest.mark.parametrize(
    ("least", "text", "shares_text"),
    [
        (4, "autoridades anunciaron nuevas medidas", True),
        (4, "autoridades anunciaron nuevas nuevas", False),
        (4, "今天天气很", True),
        (4, "今天天气", False),
        (1, "a", True),
    ],
)
def test_given_a_text_with_the_least_count_of_shingles_then_it_is_long_enough(
    least: int, text: str, shares_text: bool
) -> None:
    config = DetectionConfig(traces=TraceConfig(min_text_shingles=least))

    assert len(extracted({"text": text}, config=config).share_object) == shares_text


def test_given_a_long_text_then_its_label_is_the_beginning() -> None:
    assert extracted({"text": LONG * 20}).labels.to_list() == [(LONG * 20)[:280]]


def test_given_a_kind_without_windows_then_it_is_not_traced() -> None:
    windows = {TraceKind.URL: (60,), TraceKind.MENTION: ()}
    config = DetectionConfig(co_share=CoShareConfig(windows_s=windows))

    traces = extracted({"urls": ["a"], "mentions": ["b"], "quote_of": "c", "text": LONG}, config=config)

    assert shares(traces) == [(0, TraceKind.URL, "a")]


def test_given_one_tag_is_enough_by_the_settings_then_a_single_tag_is_an_object() -> None:
    config = DetectionConfig(traces=TraceConfig(min_hashtags=1))

    assert shares(extracted({"hashtags": ["Uno"]}, config=config)) == [(0, TraceKind.HASHTAG_SEQUENCE, "uno")]


def test_given_parts_of_a_post_then_rows_have_keys_of_their_own_and_the_post_has_one() -> None:
    frame = posts_of(
        {"post_id": "1", "part": "a"},
        {"post_id": "1", "part": "b"},
        {"post_id": "1", "part": "a"},
        {"post_id": "1", "part": None},
        {"post_id": "2", "part": "a"},
    )

    assert frame["post_key"].n_unique() == 2
    assert frame["row_key"][0] == frame["row_key"][2]
    assert frame["row_key"].n_unique() == 4
    assert frame["row_key"][3] == frame["post_key"][3]


def test_given_no_parts_then_the_key_of_a_row_is_that_of_its_post() -> None:
    frame = posts_of({}, {}, {"post_id": "0", "platform": "y", "account_id": "a0"})

    assert frame["row_key"].to_list() == frame["post_key"].to_list()
    assert frame["post_key"].n_unique() == frame["account_key"].n_unique() == 3
    assert frame["account"].to_list() == ["x:a0", "x:a1", "y:a0"]


row_strategy = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from([LONG, NEAR, OTHER, "no", None]),
        "urls": st.lists(st.sampled_from(["a", "https://b.org/c", "www.b.org/c", "", None]), max_size=3),
        "hashtags": st.lists(st.sampled_from(["u", "v"]), max_size=3),
        "mentions": st.lists(st.sampled_from(["m", "M", "n"]), max_size=3),
        "repost_of": st.sampled_from(["1", "2", None]),
        "media_hashes": st.none(),
    },
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(row_strategy, min_size=1, max_size=12), cut=st.integers(0, 12))
def test_given_posts_in_two_batches_then_the_shares_are_the_same(
    rows: list[dict[str, Any]], cut: int
) -> None:
    posts = posts_of(*rows)
    whole = extractor_of().extract(posts)
    extractor = extractor_of()
    parts = [extractor.extract(posts[:cut]), extractor.extract(posts[cut:])]

    assert shares(whole) == [
        (post + number * min(cut, len(posts)), kind, label)
        for number, part in enumerate(parts)
        for post, kind, label in shares(part)
    ]
    assert whole.share_object.tolist() == [key for part in parts for key in part.share_object.tolist()]
