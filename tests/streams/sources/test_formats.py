"""Every format: from a small dump to canonical posts."""

import json
import tomllib
from pathlib import Path

import pytest

from schemas.errors import FormatError, UsageError
from streams.sources import ColumnMapping

EXAMPLES = Path(__file__).parents[3] / "examples"
T = 1_456_790_400  # 2016-03-01T00:00:00Z

COORTWEET = "object_id,account_id,content_id,timestamp_share\no1,a1,c1,1456790400\no2,a2,c1,1456790401\n"


def known(row):
    return {name: value for name, value in row.items() if value is not None}


def line(**fields):
    base = {"post_id": "p", "platform": "x", "account_id": "a", "created_at": "2016-03-01T00:00:00Z"}
    return json.dumps(base | fields, ensure_ascii=False) + "\n"


def test_given_canonical_jsonl_when_read_then_every_field_arrives(take):
    lists = {"urls": ["u", "v"], "hashtags": ["h"], "mentions": [], "media_hashes": ["m"]}
    texts = {"text": "привет\n", "lang": "ru", "reply_to": "q", "quote_of": "k"}
    counts = {"followers_count": 5, "following_count": 6}
    metrics = {"likes": 1, "reposts": 2, "replies": 3, "quotes": 4, "views": 5}
    taken = take(line(**lists, **texts, **counts, metrics=metrics, client="web", unheard_of={"a": [1]}))
    assert taken.format == "jsonl"
    assert taken.time_ordered
    assert not taken.dead
    assert known(taken.rows[0]) == {
        "post_id": "p",
        "platform": "x",
        "account_id": "a",
        "created_at": T,
        **lists,
        **texts,
        **counts,
        **metrics,
    }


def test_given_absent_fields_when_jsonl_is_read_then_they_are_null(take):
    assert set(known(take(line()).rows[0])) == {"post_id", "platform", "account_id", "created_at"}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2016-03-01T00:00:00Z", T),
        ("2016-03-01T00:00:00.999Z", T),
        ("2016-03-01T02:00:00+02:00", T),
        ("2016-02-29T18:30:00.5-05:30", T),
        ("2016-03-01 00:00:00", T),
        ("2016-03-01t00:00:00z", T),
        ("2016-03-01", T),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
    ],
)
def test_given_times_in_many_spellings_when_read_then_they_are_utc_seconds(take, written, seconds):
    plain = line()
    taken = take(plain + line(created_at=written) + plain)
    assert taken.posts["created_at"].to_list() == [T, seconds, T]


def test_given_loose_types_when_jsonl_is_read_then_the_plain_meaning_is_taken(take):
    taken = take(line(post_id=123, urls="http://one", hashtags=["a", None]))
    assert known(taken.rows[0])["post_id"] == "123"
    assert taken.rows[0]["urls"] == ["http://one"]
    assert taken.rows[0]["hashtags"] == ["a"]


def test_given_coortweet_when_read_then_each_row_is_one_share(take):
    taken = take(COORTWEET)
    assert (taken.format, taken.time_ordered) == ("coortweet", False)
    assert known(taken.rows[1]) == {
        "post_id": "c1",
        "platform": "unknown",
        "account_id": "a2",
        "created_at": T + 1,
        "part": "o2",
        "urls": ["o2"],
    }


def test_given_coortweet_columns_in_another_order_when_read_then_they_are_matched_by_name(take):
    taken = take("timestamp_share,extra,content_id,account_id,object_id\r\n1456790400,e,c,a,o\r\n")
    assert known(taken.rows[0])["part"] == "o"
    assert known(taken.rows[0])["created_at"] == T


def test_given_tabs_or_semicolons_when_read_then_the_separator_is_found(take):
    for separator in "\t;":
        taken = take(COORTWEET.replace(",", separator))
        assert (taken.format, len(taken.rows)) == ("coortweet", 2)


TOOLKIT_ROW = (
    "m1,u1,Name,r1,,RT @bob: hi #News mail@home.org http://x/#no #2 ＃день,1456790400.5,http://a http://b\n"  # noqa: RUF001
)


@pytest.mark.parametrize(
    "header", ["", "message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n"]
)
def test_given_toolkit_with_or_without_header_when_read_then_columns_go_by_position(take, header):
    taken = take(header + TOOLKIT_ROW)
    assert (taken.format, taken.time_ordered) == ("toolkit", True)
    row = known(taken.rows[0])
    assert len(taken.rows) == 1
    assert row["post_id"] == "m1"
    assert row["account_id"] == "u1"
    assert row["platform"] == "x"
    assert row["created_at"] == T
    assert row["repost_of"] == "r1"
    assert "reply_to" not in row
    assert row["urls"] == ["http://a", "http://b"]
    assert row["hashtags"] == ["News", "день"]
    assert row["mentions"] == ["bob"]


def test_given_toolkit_rows_with_renamed_header_when_format_is_given_then_it_is_read(take):
    taken = take("a,b,c,d,e,f,g,h\n" + TOOLKIT_ROW, format="toolkit")
    assert len(taken.rows) == 1


IRA_HEADER = (
    "external_author_id,author,content,region,language,publish_date,harvested_date,following,followers,"
    "updates,post_type,account_type,retweet,account_category,new_june_2018\n"
)


def ira_row(author="SomeOne", content="text", when="3/1/2016 0:00", retweet=0):
    return f'9.06E+17,{author},"{content}",US,English,{when},3/1/2016 0:01,12,34,5,,Right,{retweet},Fake,0\n'


def test_given_ira_when_read_then_ids_are_made_and_text_is_mined(take):
    content = 'He said ""go"", see (https://t.co/Ab1). #MAGA @Bob'
    taken = take(IRA_HEADER + ira_row(content=content) + ira_row(content="A  b https://t.co/1", retweet=1))
    assert (taken.format, taken.time_ordered) == ("ira", False)
    first, second = map(known, taken.rows)
    assert first["text"] == 'He said "go", see (https://t.co/Ab1). #MAGA @Bob'
    assert first["account_id"] == "someone"
    assert first["created_at"] == T
    assert first["urls"] == ["https://t.co/Ab1"]
    assert first["hashtags"] == ["MAGA"]
    assert first["mentions"] == ["Bob"]
    assert first["lang"] == "English"
    assert (first["followers_count"], first["following_count"]) == (34, 12)
    assert "repost_of" not in first
    assert second["repost_of"].startswith("text:")


def test_given_ira_with_where_links_lead_when_read_then_these_are_the_links(take):
    header = IRA_HEADER.rstrip() + ",alt_external_id,tweet_id,article_url,tco1_step1,tco2_step1,tco3_step1\n"
    led = ",90,91,http://twitter.com/90/statuses/91,https://one.example/a,http://two.example/b,\n"
    rows = [ira_row(content="https://t.co/1 https://t.co/2").rstrip() + end for end in (led, ",90,92,,,,\n")]
    taken = take(header + "".join(rows))
    assert [row["urls"] for row in taken.rows] == [
        ["https://one.example/a", "http://two.example/b"],
        ["https://t.co/1", "https://t.co/2"],
    ]


def test_given_the_same_ira_row_when_read_again_then_its_id_is_the_same_for_ever(take):
    ids = take(IRA_HEADER + ira_row() + ira_row(author="SOMEONE") + ira_row(content="other")).posts["post_id"]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0] == "ffbf7791ade6d930"  # a change would lose every review made under the old ids


def test_given_ira_retweets_with_other_links_when_read_then_they_name_one_original(take):
    rows = ira_row(content="look https://t.co/1", retweet=1) + ira_row(
        content="look  https://t.co/2", retweet=1
    )
    assert take(IRA_HEADER + rows).posts["repost_of"].n_unique() == 1


IO_COLUMNS = {
    "tweetid": "1",
    "userid": "u",
    "tweet_language": "es",
    "tweet_text": "hola, mundo",
    "tweet_time": "2016-03-01 00:00",
    "follower_count": "10",
    "following_count": "20",
    "in_reply_to_tweetid": "",
    "quoted_tweet_tweetid": "nan",
    "is_retweet": "True",
    "retweet_tweetid": "77",
    "quote_count": "1.0",
    "reply_count": "2",
    "like_count": "3",
    "retweet_count": "4",
    "hashtags": "[a, b]",
    "urls": "['http://x/1,2', 'http://y']",
    "user_mentions": "['12']",
}


def io_csv(**changes):
    columns = IO_COLUMNS | changes
    return ",".join(columns) + "\n" + ",".join(f'"{value}"' for value in columns.values()) + "\n"


def test_given_twitter_io_when_read_then_lists_and_references_are_decoded(take):
    taken = take(io_csv())
    assert (taken.format, taken.time_ordered) == ("twitter-io", False)
    assert known(taken.rows[0]) == {
        "post_id": "1",
        "platform": "x",
        "account_id": "u",
        "created_at": T,
        "text": "hola, mundo",
        "lang": "es",
        "urls": ["http://x/1,2", "http://y"],
        "hashtags": ["a", "b"],
        "mentions": ["12"],
        "repost_of": "77",
        "followers_count": 10,
        "following_count": 20,
        "likes": 3,
        "reposts": 4,
        "replies": 2,
        "quotes": 1,
    }


@pytest.mark.parametrize(("written", "read"), [("", None), ("nan", None), ("[]", []), ("[x]", ["x"])])
def test_given_twitter_io_lists_of_none_when_read_then_empty_and_unknown_differ(take, written, read):
    assert take(io_csv(hashtags=written)).rows[0]["hashtags"] == read


def test_given_twitter_io_without_optional_columns_when_read_then_they_are_unknown(take):
    taken = take("tweet_time,userid,tweetid\n2016-03-01 00:00,u,1\n")
    assert taken.format == "twitter-io"
    assert set(known(taken.rows[0])) == {"post_id", "platform", "account_id", "created_at"}


GERMAN = (
    "account_id,post_id,url_id,hashtag_id,domain_id,phash_id,timestamp\n"
    "fb_1,10,5,,7,,1629589836\n"
    "tw_2,11,,8,,9,1629589837\n"
)


@pytest.fixture
def german():
    section = tomllib.loads((EXAMPLES / "coortweet_german.toml").read_text("utf-8"))["source"]
    return ColumnMapping.from_config(section)


def test_given_the_example_mapping_when_read_then_rows_are_shares(take, german):
    taken = take(GERMAN, mapping=german)
    assert (taken.format, taken.time_ordered) == ("mapped", False)
    assert known(taken.rows[0]) == {
        "post_id": "10",
        "platform": "unknown",
        "account_id": "fb_1",
        "created_at": 1_629_589_836,
        "part": "5||",
        "urls": ["5"],
    }
    assert known(taken.rows[1])["part"] == "|8|9"
    assert known(taken.rows[1])["hashtags"] == ["8"]
    assert known(taken.rows[1])["media_hashes"] == ["9"]


def test_given_jsonl_when_a_mapping_is_configured_then_the_content_still_decides(take, german):
    assert take(line(), mapping=german).format == "jsonl"


@pytest.mark.parametrize(
    ("time_format", "written"),
    [
        (None, "1456790400"),
        (None, "1456790400000"),
        (None, "2016-03-01T00:00:00Z"),
        ("unix", "1456790400.9"),
        ("unix_ms", "1456790400000"),
        ("%d.%m.%Y %H:%M", "01.03.2016 00:00"),
    ],
)
def test_given_times_of_any_unit_when_mapped_then_they_are_seconds(take, time_format, written):
    columns = {"post_id": "p", "account_id": "a", "created_at": "t", "hashtags": "h", "likes": "l"}
    mapping = ColumnMapping(columns=columns, platform="tiktok", time_format=time_format, list_separator=" ")
    row = take(f"p,a,t,h,l\n1,2,{written},x y,3\n", mapping=mapping).rows[0]
    assert row["created_at"] == T
    assert row["hashtags"] == ["x", "y"]
    assert row["platform"] == "tiktok"
    assert row["likes"] == 3
    assert row["part"] is None


def test_given_a_mapping_of_a_column_that_is_not_there_when_opened_then_the_columns_are_listed(take, german):
    with pytest.raises(FormatError, match=r"phash_id.*account_id, post_id"):
        take(GERMAN.replace("phash_id", "image"), mapping=german)


@pytest.mark.parametrize(
    "section",
    [
        {"columns": {"post_id": "p", "account_id": "a", "created_at": "t"}, "colour": "red"},
        {"columns": {"post_id": "p", "account_id": "a", "created_at": "t", "colour": "c"}},
        {"columns": {"post_id": "p", "account_id": "a"}},
        {"columns": {"account_id": "a", "created_at": "t"}, "from_text": ["urls"]},
        {"columns": {"account_id": "a", "created_at": "t", "text": "x"}, "from_text": ["colours"]},
        {"columns": {"account_id": "a", "created_at": "t"}, "separators": {"colours": ","}},
        {"columns": {"post_id": "p", "account_id": "a", "created_at": "t"}, "time_format": "seconds"},
        {"columns": {"post_id": "p", "account_id": "a", "created_at": "t"}, "list_separator": ""},
        {"columns": {"post_id": "p", "account_id": "a", "created_at": "t"}, "platform": " "},
        {"columns": "none"},
        {},
    ],
)
def test_given_a_wrong_mapping_when_configured_then_the_error_names_what_is_wrong(section):
    with pytest.raises(UsageError, match=r"\[source\]"):
        ColumnMapping.from_config(section)


def test_given_an_unknown_csv_when_opened_then_its_columns_and_a_mapping_are_shown(take):
    with pytest.raises(FormatError, match=r"(?s)colour, size.*lockstep sources.*\[source.columns\]"):
        take("colour,size\nred,1\n")


def test_given_json_of_another_kind_when_opened_then_its_keys_are_shown(take):
    with pytest.raises(FormatError, match="id_str, full_text"):
        take('{"id_str":"1","full_text":"x"}\n')


def test_given_json_that_only_shares_a_time_field_when_opened_then_it_is_not_taken_for_posts(take):
    with pytest.raises(FormatError, match="id, author_id, created_at"):
        take('{"id":"1","author_id":"2","created_at":"2016-03-01T00:00:00Z"}\n')


def test_given_a_broken_first_line_when_opened_then_the_next_ones_tell_the_format(take):
    assert take('{"broken\n{"half": 1}\n' + line()).reasons == ["malformed", "missing_field"]


def test_given_a_json_array_when_read_then_its_objects_are_posts(take):
    posts = [line(post_id=f"p{number}") for number in range(3)]
    for content in (
        "[" + ",".join(posts) + "]",
        "[\n  " + ",\n  ".join(posts) + "\n]\n",
        "".join(posts).replace(",", ",\n  "),
    ):
        taken = take(content, block_size=64)
        assert (taken.format, taken.posts["post_id"].to_list(), taken.dead) == (
            "jsonl",
            ["p0", "p1", "p2"],
            [],
        )


def test_given_a_format_when_it_does_not_fit_then_the_missing_columns_are_named(take):
    with pytest.raises(FormatError, match="publish_date"):
        take(COORTWEET, format="ira")
    with pytest.raises(FormatError, match="not in format jsonl"):
        take(COORTWEET, format="jsonl")
    with pytest.raises(FormatError, match="toolkit"):
        take(COORTWEET, format="toolkit")


def test_given_an_impossible_format_argument_when_opened_then_it_is_wrong_usage(take):
    with pytest.raises(UsageError, match="unknown format 'excel'"):
        take(COORTWEET, format="excel")
    with pytest.raises(UsageError, match="mapped"):
        take(COORTWEET, format="mapped")


def test_given_canonical_posts_of_which_none_names_a_platform_when_read_then_it_is_unknown(take):
    rows = [json.dumps({"post_id": f"p{number}", "account_id": "a", "created_at": T}) for number in range(2)]
    assert take("\n".join(rows)).posts["platform"].to_list() == ["unknown", "unknown"]
    assert take(line() + rows[0] + "\n").reasons == ["missing_field"]
