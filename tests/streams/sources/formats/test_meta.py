"""Facebook and Instagram: CrowdTangle, Meta Content Library, Meta Business Suite."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, table, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

PAGE_POST = {
    "Page Name": "Noticias Uno",
    "User Name": "noticias.uno",
    "Facebook Id": "100044000000001",
    "Page Category": "MEDIA_NEWS_COMPANY",
    "Page Admin Top Country": "ES",
    "Page Created": "2016-01-01 00:00:00",
    "Likes at Posting": "10",
    "Followers at Posting": "1,234",
    "Post Created": "2022-12-31 19:00:00 EST",
    "Post Created Date": "2022-12-31",
    "Type": "Link",
    "Total Interactions": "6",
    "Likes": "3",
    "Comments": "2",
    "Shares": "1",
    "Post Views": "9",
    "URL": "https://www.facebook.com/100044000000001/posts/5500000000000009",
    "Message": "Look #News, and more: https://two.example/b",
    "Link": "http://bit.ly/x",
    "Final Link": "https://one.example/a",
    "Image Text": "WORDS IN A PICTURE",
    "Link Text": "A title",
    "Description": "",
}
GOLDEN = {
    "post_id": "5500000000000009",
    "platform": "facebook",
    "account_id": "100044000000001",
    "created_at": T,
    "text": "Look #News, and more: https://two.example/b",
    "urls": ["https://one.example/a", "https://two.example/b"],
    "hashtags": ["News"],
    "mentions": [],
    "followers_count": 1234,
    "likes": 3,
    "reposts": 1,
    "replies": 2,
    "views": 9,
}
INSTAGRAM = {
    "Account": "Uno",
    "User Name": "uno_example",
    "Followers at Posting": "1234",
    "Post Created": "2022-12-31 16:00:00 PST",
    "Type": "Photo",
    "Likes": "3",
    "Comments": "2",
    "Views": "",
    "URL": "https://www.instagram.com/p/CmAbc_-1/",
    "Link": "https://www.instagram.com/p/CmAbc_-1/",
    "Photo": "https://pictures.example/1.jpg",
    "Title": "",
    "Description": "Look #News @bo_example",
    "Image Text": "",
}


def test_given_tables_of_pages_and_groups_when_read_then_zones_links_and_counts_are_right(take):
    group = without(PAGE_POST, "Page Name", "User Name", "Page Category") | {
        "Group Name": "Un grupo",
        "Facebook Id": "77",
    }
    for row, account in ((PAGE_POST, "100044000000001"), (group, "77")):
        taken = take(table(row))
        assert (taken.format, taken.dead) == ("crowdtangle", [])
        assert known(taken.rows[0]) == GOLDEN | {"account_id": account}


def test_given_a_table_of_instagram_when_read_then_the_description_is_the_text(take):
    assert known(take(table(INSTAGRAM)).rows[0]) == {
        "post_id": "CmAbc_-1", "platform": "instagram", "account_id": "uno_example", "created_at": T,
        "text": "Look #News @bo_example", "urls": [], "hashtags": ["News"], "mentions": ["bo_example"],
        "followers_count": 1234, "likes": 3, "replies": 2,
    }  # fmt: skip


def test_given_few_columns_when_read_then_an_id_is_made(take):
    few = {name: PAGE_POST[name] for name in ("Page Name", "Post Created", "Message")}
    taken = take(table(few, few | {"Message": "Other"}, few))
    ids = taken.posts["post_id"].to_list()
    assert ids[0] == ids[2] != ids[1]
    assert taken.posts["account_id"].unique().to_list() == ["Noticias Uno"]
    assert set(known(taken.rows[0])) == {
        "post_id", "platform", "account_id", "created_at", "text", "urls", "hashtags", "mentions",
    }  # fmt: skip


def test_given_links_to_pictures_and_to_other_posts_when_read_then_only_the_others_are_links(take):
    picture = PAGE_POST | {
        "Final Link": "",
        "Link": "https://www.facebook.com/noticias.uno/photos/a.1/2/",
        "Message": "",
    }
    itself = picture | {"Link": PAGE_POST["URL"]}
    other = picture | {"Link": "https://www.facebook.com/5/posts/6"}
    rows = take(table(picture, itself, other)).rows
    assert [row["urls"] for row in rows] == [[], [], ["https://www.facebook.com/5/posts/6"]]


@pytest.mark.parametrize("row", [PAGE_POST, INSTAGRAM])
def test_given_a_table_from_before_2020_when_read_then_its_time_has_another_name(take, row):
    older = {"Created" if name == "Post Created" else name: value for name, value in row.items()}
    assert take(table(older)).rows == take(table(row)).rows
    with pytest.raises(FormatError, match="User Name, Created"):
        take(table({"User Name": "ana", "Created": "2023-01-01", "Title": "Look"}))


def test_given_shortened_links_with_where_they_lead_when_read_then_both_stay_in_their_place(take):
    row = PAGE_POST | {
        "Link": "",
        "Final Link": "",
        "Message": "Hear: bit.ly/x:=:https://one.example/a?b=1 and https://t.example/y:=:https://two.example/c.",
    }
    taken = take(table(row)).rows[0]
    assert taken["text"] == "Hear: bit.ly/x and https://t.example/y"
    assert taken["urls"] == ["https://one.example/a?b=1", "https://two.example/c"]


def test_given_no_followers_at_the_time_of_a_post_when_read_then_a_later_count_or_none_is_taken(take):
    post = API | {"subscriberCount": 0}
    rows = take(jsonl(post, post | {"account": API["account"] | {"subscriberCount": 0}})).rows
    assert [row["followers_count"] for row in rows] == [1300, None]
    few = {name: PAGE_POST[name] for name in ("Page Name", "Post Created", "Message", "Likes at Posting")}
    rows = take(table(few | {"Followers at Posting": "0"}, few | {"Followers at Posting": "7"})).rows
    assert [row["followers_count"] for row in rows] == [10, 7]


API = {
    "platformId": "100044000000001_5500000000000009",
    "platform": "Facebook",
    "date": "2023-01-01 00:00:00",
    "updated": "2023-02-01 00:00:00",
    "type": "link",
    "title": "A title",
    "message": "Look #News, and more: https://two.example/b",
    "description": "A preview",
    "expandedLinks": [{"original": "http://bit.ly/x", "expanded": "https://one.example/a"}],
    "link": "http://bit.ly/x",
    "postUrl": "https://www.facebook.com/100044000000001/posts/5500000000000009",
    "subscriberCount": 1234,
    "media": [{"type": "photo", "url": "https://one.example/p.jpg"}],
    "statistics": {"actual": {"likeCount": 3, "shareCount": 1, "commentCount": 2, "loveCount": 0}},
    "account": {"id": 5, "name": "Noticias Uno", "handle": "noticias.uno", "platform": "Facebook",
                "platformId": "100044000000001", "subscriberCount": 1300, "verified": False},
}  # fmt: skip
FLAT = {
    "platformId": API["platformId"], "platform": "Facebook", "date": API["date"], "type": "link", "title": "A title",
    "message": API["message"], "description": "A preview", "link": "http://bit.ly/x",
    "expandedLinks.original": "http://bit.ly/x", "expandedLinks.expanded": "https://one.example/a",
    "subscriberCount": "1234", "statistics.actual.likeCount": "3", "statistics.actual.shareCount": "1",
    "statistics.actual.commentCount": "2", "account.platformId": "100044000000001", "account.name": "Noticias Uno",
}  # fmt: skip
API_GOLDEN = without(GOLDEN, "views") | {"post_id": "100044000000001_5500000000000009"}


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (
            json.dumps({"status": 200, "result": {"posts": [API], "pagination": {}}}, indent=1),
            "crowdtangle-api",
        ),
        (jsonl(API), "crowdtangle-api"),
        (table(FLAT), "crowdtangle-table"),
        (table(FLAT | {"expandedLinks.expanded": "['https://one.example/a']"}), "crowdtangle-table"),
    ],
)
def test_given_posts_of_the_api_or_a_table_of_them_when_read_then_every_field_arrives(take, content, format):
    taken = take(content)
    assert (taken.format, taken.dead) == (format, [])
    assert known(taken.rows[0]) == API_GOLDEN


LIBRARY = {
    "id": "1000000000000000001",
    "creation_time": "2023-01-01T00:00:00+00:00",
    "modified_time": "2023-01-02T00:00:00+00:00",
    "content_type": "posts",
    "text": "Look #News https://two.example/b",
    "lang": "en",
    "link_url": "https://one.example/a",
    "shared_post_id": "1000000000000000009",
    "mcl_url": "https://www.facebook.com/transparency-tools/content-library/post/1000000000000000001",
    "statistics": {"like_count": 3, "love_count": 1, "comment_count": 2, "share_count": 1, "views": 9},
    "post_owner": {"type": "facebook_page", "id": 9007199254740993, "name": "Uno"},
    "surface": {"type": "facebook_page", "id": 9007199254740993, "name": "Uno"},
}
LIBRARY_CSV = {
    **without(LIBRARY, "statistics", "post_owner", "surface"),
    **{f"statistics.{name}": value for name, value in LIBRARY["statistics"].items()},
    **{f"post_owner.{name}": value for name, value in LIBRARY["post_owner"].items()},
}
LIBRARY_GOLDEN = {
    "post_id": "1000000000000000001", "platform": "facebook", "account_id": "9007199254740993", "created_at": T,
    "text": "Look #News https://two.example/b", "lang": "en",
    "urls": ["https://one.example/a", "https://two.example/b"], "hashtags": ["News"], "mentions": [],
    "repost_of": "1000000000000000009", "likes": 3, "reposts": 1, "replies": 2, "views": 9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (json.dumps({"data": [LIBRARY], "paging": {}}), "content-library"),
        (jsonl(LIBRARY), "content-library"),
        (table(LIBRARY_CSV), "content-library-csv"),
    ],
)
def test_given_posts_of_the_content_library_when_read_then_ids_keep_their_last_digit(take, content, format):
    taken = take(content)
    assert (taken.format, taken.dead) == (format, [])
    assert known(taken.rows[0]) == LIBRARY_GOLDEN


def test_given_a_post_of_instagram_in_the_library_when_read_then_its_platform_is_told(take):
    owner = {"post_owner": {"type": "instagram_account", "id": "5", "username": "uno"}}
    assert take(jsonl(LIBRARY | owner)).rows[0]["platform"] == "instagram"


SUITE = {
    "Post ID": "1220000000000001", "Page ID": "100044000000001", "Page name": "Uno", "Title": "Look #News",
    "Description": "", "Duration (sec)": "0", "Publish time": "12/31/2022 16:00", "Caption type": "",
    "Permalink": "https://www.facebook.com/5", "Post type": "Photos", "Date": "Lifetime", "Impressions": "9",
    "Reactions": "3", "Comments": "2", "Shares": "1",
}  # fmt: skip


def test_given_an_export_of_the_business_suite_when_read_then_months_come_before_days(take):
    account = without(SUITE, "Page ID", "Page name") | {
        "Account ID": "17841400000000001",
        "Publish time": "01/02/2023 03:04",
    }
    taken = take(table(SUITE))
    assert taken.format == "business-suite"
    assert known(taken.rows[0]) == {
        "post_id": "1220000000000001", "platform": "facebook", "account_id": "100044000000001",
        "created_at": T - 8 * 3600, "text": "Look #News", "urls": [], "hashtags": ["News"], "mentions": [],
        "likes": 3, "reposts": 1, "replies": 2, "views": 9,
    }  # fmt: skip
    row = take(table(account)).rows[0]
    assert (row["platform"], row["account_id"]) == ("instagram", "17841400000000001")
    assert row["created_at"] == T + 86_400 + 3 * 3600 + 240


@pytest.mark.parametrize(
    ("row", "who", "when"),
    [
        (PAGE_POST, "Facebook Id", "Post Created"),
        (FLAT, "account.platformId", "date"),
        (LIBRARY_CSV, "post_owner.id", "creation_time"),
        (SUITE, "Page ID", "Publish time"),
    ],
)
def test_given_broken_rows_when_read_then_only_they_are_set_aside(take, row, who, when):
    nobody = {name: "" for name in ("Page Name", "User Name", "account.name") if name in row}
    taken = take(table(row, row | {who: ""} | nobody, row | {when: "once"}, row | {when: ""}))
    assert len(taken.rows) == 1
    assert taken.reasons == ["missing_field", "bad_time", "missing_field"]


def test_given_broken_objects_when_read_then_only_they_are_set_aside(take):
    taken = take(
        jsonl(API, API | {"account": "Uno"}, API | {"expandedLinks": {"original": "x"}}, API | {"date": None})
    )
    assert (len(taken.rows), taken.reasons) == (1, ["malformed", "malformed", "missing_field"])
    taken = take(
        jsonl(
            LIBRARY, LIBRARY | {"post_owner": ["x"]}, without(LIBRARY, "id"), LIBRARY | {"creation_time": "?"}
        )
    )
    assert (len(taken.rows), taken.reasons) == (1, ["malformed", "missing_field", "bad_time"])


def test_given_tables_without_who_posted_when_opened_then_their_columns_are_shown(take):
    with pytest.raises(FormatError, match="Post Created, Message"):
        take(table({"Post Created": "2023-01-01", "Message": "Look"}))
