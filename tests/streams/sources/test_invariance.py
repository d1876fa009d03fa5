"""Nothing depends on where a block ends, and no record is lost without a word."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CSV_HEADER = "object_id,account_id,content_id,timestamp_share\n"
GOOD_TIME = "2016-03-01T00:00:00Z"

relaxed = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def json_line(**fields):
    post = {"post_id": "p", "platform": "x", "account_id": "a", "created_at": GOOD_TIME} | fields
    return json.dumps(post, ensure_ascii=False).encode()


good_lines = st.builds(
    json_line,
    post_id=st.text("abc", min_size=1, max_size=4),
    text=st.text(max_size=30).filter(lambda text: text.isprintable()),
    urls=st.none() | st.lists(st.text("xyz/", max_size=5), max_size=2),
    followers_count=st.none() | st.integers(0, 10),
)
bad_lines = st.one_of(
    st.sampled_from(
        [
            b"{",
            b"}",
            b"null",
            b"[]",
            b'{"post_id":1}',
            b"\xff\xfe",
            b'{"a":[{}',
            b"{}]}",
            b"{},{}",
            json_line(created_at="1970-01-01"),
            json_line(created_at="2016-03-01T00:00:00.5+01:00"),
            json_line(text={"k": 1}),
            json_line(text=True, post_id=7),
            json_line(followers_count="12"),
            json_line(text="\\ud800").replace(b"\\\\", b"\\"),
            json_line(urls="http://one"),
        ]
    ),
    st.binary(min_size=1, max_size=12).filter(lambda data: b"\n" not in data and data != b"\r"),
)
good_shares = st.builds(
    lambda identity, quoted: f'o,"{quoted}",{identity},1456790400'.encode(),
    st.text("abc", min_size=1, max_size=4),
    st.sampled_from(["a", 'a""b', "a,b", "a\nb", "a\r\nb"]),
)
bad_shares = st.one_of(
    st.sampled_from(
        [b"o,a,c", b'o,"a,c,1456790400', b'o,a"b,c,1456790400', b'"o"x,a,c,1456790400', b",,,", b"\xff,a,c,1"]
    ),
    st.text('a,"', min_size=1, max_size=8).map(str.encode),
)


def signature(taken):
    return taken.rows, [(letter.position, letter.reason, letter.detail, letter.raw) for letter in taken.dead]


@pytest.mark.slow
@relaxed
@given(records=st.lists(good_lines | bad_lines, min_size=1, max_size=40))
def test_given_half_broken_jsonl_when_read_then_posts_and_dead_letters_are_all_records(take, records):
    content = b"\n".join([json_line(), *records])
    taken = take(content, format="jsonl")
    assert len(taken.rows) + len(taken.dead) == len(records) + 1
    assert len(set(taken.positions)) == len(taken.dead)
    for block_size in (7, 64, 1024):
        assert signature(take(content, format="jsonl", block_size=block_size)) == signature(taken)


@pytest.mark.slow
@relaxed
@given(records=st.lists(good_shares | bad_shares, max_size=40), line_end=st.sampled_from([b"\n", b"\r\n"]))
def test_given_half_broken_csv_when_read_then_nothing_is_lost_and_blocks_do_not_matter(
    take, records, line_end
):
    content = CSV_HEADER.encode() + b"".join(record + line_end for record in records)
    taken = take(content)
    assert taken.positions == sorted(set(taken.positions))
    last = max(taken.positions, default=0)
    assert len(taken.rows) + len(taken.dead) >= last
    for block_size in (7, 64, 1024):
        assert signature(take(content, block_size=block_size)) == signature(taken)


@pytest.mark.slow
@relaxed
@given(
    records=st.lists(
        st.sampled_from(
            [b"o,a,c,1456790400", b"o,a,c", b'o,a"b,c,1456790400', b'"o"x,a,c,1', b"o,a,,1456790400"]
        ),
        max_size=60,
    )
)
def test_given_csv_lines_broken_within_when_read_then_posts_and_dead_letters_are_all_records(take, records):
    taken = take(CSV_HEADER.encode() + b"\n".join(records))
    assert len(taken.rows) + len(taken.dead) == len(records)
    assert sum(record in (b"o,a,c,1456790400", b'o,a"b,c,1456790400') for record in records) == len(
        taken.rows
    )


@relaxed
@given(before=st.integers(0, 30), after=st.integers(0, 30), stray=st.sampled_from(['"o,a,c,1', 'o,a,c,"1']))
def test_given_one_stray_quote_when_csv_is_read_then_every_neighbour_survives(take, before, after, stray):
    rows = [f'o,"a",n{number},1456790400\n' for number in range(before + after)]
    taken = take(CSV_HEADER + "".join(rows[:before]) + stray + "\n" + "".join(rows[before:]))
    assert taken.posts["post_id"].to_list() == [f"n{number}" for number in range(before + after)]
    assert taken.positions == [before + 1]


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_given_blocks_of_one_kibibyte_when_a_larger_dump_is_read_then_the_posts_are_the_same(take, wrap):
    content = wrap(b"\n".join(json_line(post_id=f"p{n}", text="ё" * (n % 700)) for n in range(3000)))
    whole = take(content)
    assert len(whole.rows) == 3000
    for block_size in (1 << 10, 10_000, 1 << 16):
        assert take(content, block_size=block_size).posts.equals(whole.posts)
