"""TikTok's Research API: pages of videos, videos, and tables of them."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, table, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

VIDEO = {
    "id": 7183000000000000123,
    "create_time": 1672531200,
    "username": "ana_example",
    "region_code": "ES",
    "video_description": "Look #News @bo_example https://one.example/a",
    "music_id": 7000000000000000001,
    "like_count": 3,
    "comment_count": 2,
    "share_count": 1,
    "view_count": 9,
    "hashtag_names": ["News"],
    "effect_ids": ["0"],
    "voice_to_text": "",
}
GOLDEN = {
    "post_id": "7183000000000000123",
    "platform": "tiktok",
    "account_id": "ana_example",
    "created_at": T,
    "text": "Look #News @bo_example https://one.example/a",
    "urls": ["https://one.example/a"],
    "hashtags": ["News"],
    "mentions": ["bo_example"],
    "likes": 3,
    "reposts": 1,
    "replies": 2,
    "views": 9,
}
PAGE = {
    "data": {"cursor": 100, "has_more": True, "search_id": "7", "videos": [VIDEO]},
    "error": {"code": "ok"},
}


@pytest.mark.parametrize(
    "content",
    [jsonl(VIDEO), jsonl(PAGE), json.dumps(PAGE, indent=2), json.dumps([VIDEO]), json.dumps([PAGE])],
)
def test_given_videos_or_pages_of_them_when_read_then_every_field_arrives(take, content):
    taken = take(content)
    assert (taken.format, taken.dead) == ("tiktok-research", [])
    assert [known(row) for row in taken.rows] == [GOLDEN]


def test_given_a_table_of_videos_when_read_then_the_posts_are_the_same(take):
    taken = take(table(VIDEO, VIDEO | {"id": "", "hashtag_names": ""}, VIDEO | {"create_time": "x"}))
    assert taken.format == "tiktok-research-csv"
    assert [known(row) for row in taken.rows] == [GOLDEN]
    assert taken.reasons == ["missing_field", "bad_time"]


def test_given_a_table_of_traktok_when_read_then_the_posts_are_the_same(take):
    other = without(VIDEO, "id", "username") | {"video_id": VIDEO["id"], "author_name": VIDEO["username"]}
    taken = take(table(other | {"create_time": "2023-01-01 00:00:00"}))
    assert (taken.format, taken.dead) == ("tiktok-research-csv", [])
    assert [known(row) for row in taken.rows] == [GOLDEN]


def test_given_broken_videos_when_read_then_only_they_are_set_aside(take):
    broken = [without(VIDEO, "username"), VIDEO | {"create_time": "x"}, VIDEO | {"hashtag_names": [{"a": 1}]}]
    taken = take(jsonl(VIDEO, *broken, VIDEO | {"hashtag_names": None, "like_count": None}))
    assert len(taken.rows) == 2
    assert taken.reasons == ["missing_field", "bad_time", "malformed"]


def test_given_users_of_the_api_when_opened_then_they_are_not_taken_for_videos(take):
    with pytest.raises(FormatError, match="display_name"):
        take(jsonl({"username": "ana_example", "display_name": "Ana", "follower_count": 1}))
