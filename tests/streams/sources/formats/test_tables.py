"""Tables of Mastodon, YouTube and 4CAT."""

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import known, table, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

ACCOUNT = {"id": 109000000000000001, "username": "Ana", "acct": "Ana", "url": "https://one.example/@Ana",
           "display_name": "Ana 'the' \"A\"", "followers_count": 12, "following_count": 34}  # fmt: skip
CONTENT = '<p>Look &amp; see <a href="https://two.example/p?a=1&amp;b=2" rel="nofollow">two.example</a></p>'
STATUS = {
    "id": "109600000000000001",
    "created_at": "2023-01-01 00:00:00+00:00",
    "in_reply_to_id": "1.0",
    "uri": "https://one.example/users/Ana/statuses/109600000000000001",
    "url": "https://one.example/@Ana/109600000000000001",
    "language": "en",
    "content": CONTENT,
    "reblog": "",
    "account": repr(ACCOUNT),
    "tags": "[{'name': 'news', 'url': 'https://one.example/tags/news'}]",
    "mentions": "[{'id': 1, 'username': 'bo', 'url': 'https://two.example/@bo', 'acct': 'bo@two.example'}]",
    "favourites_count": "3",
    "reblogs_count": "2",
    "replies_count": "1",
}
BOOST = STATUS | {
    "uri": "https://two.example/users/cy/statuses/5/activity",
    "in_reply_to_id": "",
    "content": "",
    "account": repr(ACCOUNT | {"acct": "cy@two.example", "url": "https://two.example/@cy"}),
    "reblog": repr({"id": 7, "created_at": "datetime.datetime(2023, 1, 1)", "uri": STATUS["uri"], "content": CONTENT,
                    "account": ACCOUNT | {"uri": "https://one.example/users/Ana"}}),
}  # fmt: skip


def test_given_a_table_of_statuses_when_read_then_authors_and_originals_come_from_their_cells(take):
    taken = take(table(STATUS, BOOST))
    assert (taken.format, taken.dead) == ("mastodon-csv", [])
    first, second = map(known, taken.rows)
    assert first == {
        "post_id": STATUS["uri"],
        "platform": "mastodon",
        "account_id": "ana@one.example",
        "created_at": T,
        "text": "Look & see two.example",
        "lang": "en",
        "urls": ["https://two.example/p?a=1&b=2"],
        "hashtags": ["news"],
        "mentions": ["bo@two.example"],
        "reply_to": "1",
        "followers_count": 12,
        "following_count": 34,
        "likes": 3,
        "reposts": 2,
        "replies": 1,
    }
    assert second["account_id"] == "cy@two.example"
    assert second["repost_of"] == STATUS["uri"]
    assert (second["text"], second["urls"]) == (first["text"], first["urls"])


def test_given_a_mention_of_a_servers_own_account_in_a_table_when_read_then_it_has_its_server(take):
    own = STATUS | {
        "mentions": "[{'id': 1, 'username': 'Bo', 'url': 'https://two.example/@Bo', 'acct': 'Bo'}, "
        "{'id': 2, 'username': 'cy', 'url': 'https://three.example/users/cy', 'acct': 'cy@three.example'}]"
    }
    nameless = STATUS | {"mentions": "[{'acct': 'bo'}]"}
    rows = take(table(own, nameless)).rows
    assert [row["mentions"] for row in rows] == [["bo@two.example", "cy@three.example"], ["bo"]]


VIDEO = {"position": "1", "channelId": "UCaaaaaaaaaaaaaaaaaaaaaa", "channelTitle": "Ana", "videoId": "abcdefghijk",
         "publishedAt": "2023-01-01T00:00:00Z", "publishedAtSQL": "2023-01-01 00:00:00", "videoTitle": "Look",
         "videoDescription": "#News\nhttps://one.example/a", "tags": "x,y", "defaultLanguage": "en",
         "viewCount": "9", "likeCount": "3", "commentCount": "2"}  # fmt: skip
COMMENT = {"id": "Ugaaaa", "replyCount": "2", "likeCount": "3", "publishedAt": "2023-01-01 00:00:00",
           "authorName": "@bo", "text": "Yes: https://two.example/b", "authorChannelId": "UCbbbbbbbbbbbbbbbbbbbbbb",
           "authorChannelUrl": "http://www.youtube.com/@bo", "isReply": "1", "isReplyTo": "Ugparent",
           "isReplyToName": "@cy"}  # fmt: skip


@pytest.mark.parametrize("separator", ",\t")
def test_given_videos_and_comments_when_read_then_channels_are_accounts(take, separator):
    videos = take(table(VIDEO, VIDEO | {"channelId": ""}, separator=separator))
    assert (videos.format, videos.reasons) == ("youtube-videos", ["missing_field"])
    assert known(videos.rows[0]) == {
        "post_id": "abcdefghijk", "platform": "youtube", "account_id": "UCaaaaaaaaaaaaaaaaaaaaaa", "created_at": T,
        "text": "Look\n#News\nhttps://one.example/a", "lang": "en", "urls": ["https://one.example/a"],
        "hashtags": ["News"], "views": 9, "likes": 3, "replies": 2,
    }  # fmt: skip
    comments = take(table(COMMENT, COMMENT | {"publishedAt": "?"}, separator=separator))
    assert (comments.format, comments.reasons) == ("youtube-comments", ["bad_time"])
    assert known(comments.rows[0]) == {
        "post_id": "Ugaaaa", "platform": "youtube", "account_id": "UCbbbbbbbbbbbbbbbbbbbbbb", "created_at": T,
        "text": "Yes: https://two.example/b", "urls": ["https://two.example/b"], "hashtags": [],
        "reply_to": "Ugparent", "likes": 3, "replies": 2,
    }  # fmt: skip


def test_given_comments_under_pseudonyms_when_read_then_the_names_are_the_accounts(take):
    hidden = without(COMMENT, "authorChannelId", "authorChannelUrl") | {"authorName": "a9993e36"}
    taken = take(table(hidden))
    assert taken.format == "youtube-comments"
    assert [(row["account_id"], row["post_id"]) for row in taken.rows] == [("a9993e36", "Ugaaaa")]


def test_given_a_table_by_tabs_without_quoting_when_read_then_quotes_are_text(take):
    titles = ['"Quoted" and on', '"opens only', 'plain "inside"', '"a" or "b']
    lines = ["\t".join(VIDEO)]
    for number, title in enumerate(titles):
        video = VIDEO | {"videoId": f"v{number}", "videoTitle": title, "videoDescription": "x"}
        lines.append("\t".join(video.values()))
    taken = take("\n".join(lines) + "\n")
    assert not taken.dead
    assert [row["text"] for row in taken.rows] == [f"{title}\nx" for title in titles]


GENERIC = {
    "id": "5",
    "thread_id": "1",
    "author": "ana",
    "body": "Look #News https://one.example/a",
    "timestamp": "2023-01-01 00:00:00",
}
X = GENERIC | {
    "unix_timestamp": "1672531200", "link": "https://x.com/ana/status/5", "thread_id": "5",
    "author_fullname": "Ana", "author_id": "1500000000000000001", "author_followers": "12",
    "language_guess": "en", "retweet_count": "1", "reply_count": "2", "like_count": "3", "quote_count": "4",
    "impression_count": "5", "is_retweet": "no", "retweeted_user": "", "hashtags": "News,Other",
    "urls": "https://one.example/a,https://two.example/b?c=1,2", "mentions": "bo_example",
}  # fmt: skip
BLUESKY = GENERIC | {
    "id": "at://did:plc:a/app.bsky.feed.post/5", "author_id": "did:plc:a", "tags": "News", "links": "https://one.example/a",
    "created_at": "2023-01-01T00:00:00+00:00", "timestamp": "1672531200.0", "like_count": "3", "repost_count": "1",
    "replied_to_post": "https://bsky.app/profile/bo/post/4", "quoted_post": "", "link": "https://bsky.app/profile/ana/post/5",
}  # fmt: skip
TIKTOK = GENERIC | {"author_followers": "12", "likes": "3", "comments": "2", "shares": "1", "plays": "9",
                    "hashtags": "News", "tiktok_url": "https://www.tiktok.com/@ana/video/5", "music_id": "1",
                    "unix_timestamp": "1672531200", "thread_id": "5"}  # fmt: skip


def test_given_exports_of_4cat_when_read_then_all_have_the_common_columns_and_their_own(take):
    base = {
        "created_at": T,
        "text": "Look #News https://one.example/a",
        "urls": ["https://one.example/a"],
        "hashtags": ["News"],
    }
    taken = take(table(GENERIC))
    assert taken.format == "4cat"
    assert known(taken.rows[0]) == base | {
        "post_id": "5", "platform": "unknown", "account_id": "ana", "mentions": [], "reply_to": "1",
    }  # fmt: skip
    repost = X | {"id": "6", "is_retweet": "yes", "retweeted_user": "cy", "body": "RT @cy The same words"}
    taken = take(table(X, repost, repost | {"id": "7", "urls": "", "hashtags": ""}))
    assert known(taken.rows[0]) == base | {
        "post_id": "5", "platform": "x", "account_id": "1500000000000000001", "lang": "en",
        "urls": ["https://one.example/a", "https://two.example/b?c=1,2"], "hashtags": ["News", "Other"],
        "mentions": ["bo_example"], "followers_count": 12, "likes": 3, "reposts": 1, "replies": 2, "quotes": 4,
        "views": 5,
    }  # fmt: skip
    assert taken.rows[1]["repost_of"] == taken.rows[2]["repost_of"] is not None
    assert taken.rows[1]["reply_to"] is None
    assert known(take(table(BLUESKY)).rows[0]) == base | {
        "post_id": BLUESKY["id"], "platform": "bluesky", "account_id": "did:plc:a", "mentions": [], "likes": 3,
        "reposts": 1, "reply_to": "https://bsky.app/profile/bo/post/4",
    }  # fmt: skip
    assert known(take(table(TIKTOK)).rows[0]) == base | {
        "post_id": "5", "platform": "tiktok", "account_id": "ana", "mentions": [], "followers_count": 12, "likes": 3,
        "reposts": 1, "replies": 2, "views": 9,
    }  # fmt: skip


def test_given_messages_of_telegram_when_4cat_is_read_then_they_count_by_chat(take):
    message = GENERIC | {
        "thread_id": "canal_uno", "author": "77", "author_username": "ana", "author_is_bot": "no", "reply_to": "4",
        "author_forwarded_from_name": "", "author_forwarded_from_username": "", "unix_timestamp_forwarded_from": "",
    }  # fmt: skip
    forward = message | {
        "thread_id": "canal_dos", "author": "", "reply_to": "", "author_forwarded_from_name": "Canal Tres",
        "author_forwarded_from_username": "canal_tres", "unix_timestamp_forwarded_from": "1672531100",
    }  # fmt: skip
    later = message | {"id": "canal_uno-6"}
    taken = take(table(message, forward, later))
    assert (taken.format, taken.dead) == ("4cat", [])
    names = ("post_id", "account_id", "reply_to", "repost_of", "platform")
    assert [tuple(row[name] for name in names) for row in taken.rows] == [
        ("canal_uno/5", "77", "canal_uno/4", None, "telegram"),
        ("canal_dos/5", "canal_dos", None, "canal_tres@1672531100", "telegram"),
        ("canal_uno-6", "77", "canal_uno-4", None, "telegram"),
    ]


def test_given_a_link_to_each_post_when_4cat_is_read_then_it_tells_the_platform(take):
    rows = [
        GENERIC | {"link": link}
        for link in ("https://www.reddit.com/r/a/comments/5", "https://gab.com/a/5", "")
    ]
    assert take(table(*rows)).posts["platform"].to_list() == ["reddit", "gab", "unknown"]


@pytest.mark.parametrize(
    ("row", "who"), [(STATUS, "account"), (GENERIC, "author"), (COMMENT, "authorChannelId")]
)
def test_given_broken_rows_when_read_then_only_they_are_set_aside(take, row, who):
    when = next(name for name in ("created_at", "timestamp", "publishedAt") if name in row)
    taken = take(table(row, row | {who: ""}, row | {when: "once"}, row | {when: ""}))
    assert len(taken.rows) == 1
    assert taken.reasons == ["missing_field", "bad_time", "missing_field"]


def test_given_a_table_without_times_when_opened_then_its_columns_are_shown(take):
    with pytest.raises(FormatError, match="thread_id, author, body"):
        take(table(without(GENERIC, "timestamp")))
