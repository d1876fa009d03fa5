"""What a simulation writes is valid, in order, and agrees with itself."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from schemas.events import AccountProfile, FollowEvent, PostEvent
from schemas.registry import RegistryEntity
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.follow_events import read_follows
from streams.reference_files.profiles import read_profiles
from streams.reference_files.registry_file import read_registry
from streams.settings.settings import InputSettings
from streams.simulation.scenarios import SCENARIOS
from streams.sources import open_source
from tests.streams.simulation.conftest import Worlds
from tests.streams.simulation.worlds import rows

EVERY = pytest.mark.parametrize("scenario", SCENARIOS)


@pytest.mark.slow
@EVERY
def test_every_line_is_a_record_of_its_schema_and_names_no_other_field(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    for name, schema in (("posts", PostEvent), ("follows", FollowEvent), ("accounts", AccountProfile)):
        for row in rows(world.path / f"{name}.jsonl.gz"):
            msgspec.convert(row, schema)
            assert row.keys() <= set(schema.__struct_fields__)
    for row in world.registry:
        msgspec.convert(row, RegistryEntity)


@pytest.mark.slow
@EVERY
def test_the_readers_of_a_replay_set_no_row_aside(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    letters = DeadLetterLog(None, InputSettings())
    assert read_profiles(str(world.path / "accounts.jsonl.gz"), letters).height == len(world.accounts)
    assert len(read_follows(str(world.path / "follows.jsonl.gz"), letters)) == len(world.follows)
    batches = list(open_source(str(world.path / "posts.jsonl.gz")).batches())
    assert sum(batch.posts.height for batch in batches) == len(world.posts)
    assert not [letter for batch in batches for letter in batch.dead_letters]
    assert letters.total == 0
    assert len(read_registry(str(world.path / "registry.jsonl"))) == len(world.registry)


@EVERY
def test_posts_are_unique_in_order_and_point_backwards(scenario: str, worlds: Worlds) -> None:
    posts = worlds(scenario).posts
    place = {post["post_id"]: number for number, post in enumerate(posts)}
    assert len(place) == len(posts)
    assert all(one["created_at"] <= other["created_at"] for one, other in pairwise(posts))
    for number, post in enumerate(posts):
        assert post["text"].strip()
        for field in ("repost_of", "reply_to"):
            if field in post:
                assert place[post[field]] < number
                assert posts[place[post[field]]]["platform"] == post["platform"] == "x"


@EVERY
def test_every_account_that_posts_has_a_label_and_a_profile_and_no_other_is_labelled(
    scenario: str, worlds: Worlds
) -> None:
    world = worlds(scenario)
    posting = {post["account_id"] for post in world.posts}
    assert posting == set(world.labels)
    assert posting <= set(world.accounts)
    assert {label.label for label in world.labels.values()} <= {"io", "coordinated", "registry", "organic"}


@EVERY
def test_planted_groups_are_of_the_size_that_their_names_say(scenario: str, worlds: Worlds) -> None:
    groups = Counter(label.group for label in worlds(scenario).labels.values() if label.label == "io")
    assert bool(groups) == (scenario != "quiet")
    for group, accounts in groups.items():
        size, stealth, _ = group.removeprefix(f"{scenario}-").split("-")
        assert (accounts, stealth) == (int(size), "s0")


@EVERY
def test_the_platform_counts_no_fewer_reposts_and_replies_than_the_posts_show(
    scenario: str, worlds: Worlds
) -> None:
    posts = worlds(scenario).posts
    reposted = Counter(post["repost_of"] for post in posts if "repost_of" in post)
    answered = Counter(post["reply_to"] for post in posts if "reply_to" in post)
    counted = [post for post in posts if "metrics" in post]
    original = [post for post in posts if "repost_of" not in post and post["platform"] == "x"]
    assert 0.8 < len(counted) / len(original) < 0.97
    for post in counted:
        assert post["metrics"]["reposts"] >= reposted[post["post_id"]]
        assert post["metrics"]["replies"] >= answered[post["post_id"]]
        assert post["metrics_at"] > posts[-1]["created_at"]


@EVERY
def test_follow_events_are_in_order_and_explain_how_followers_changed(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    assert all(one["at"] <= other["at"] for one, other in pairwise(world.follows))
    assert {"snapshot", "follow", "unfollow"} == {event["action"] for event in world.follows}
    followers = world.followers()
    change: Counter[str] = Counter()
    for event in world.follows:
        change[event["followee_id"]] += {"follow": 1, "unfollow": -1}.get(event["action"], 0)
    told = {post["account_id"]: post["followers_count"] for post in world.posts if "followers_count" in post}
    assert len(told) > 300
    for who, count in told.items():
        assert world.accounts[who]["followers_count"] + change[who] == count >= len(followers[who])
    unknown = sum("followers_count" not in row for row in world.accounts.values() if row["platform"] == "x")
    assert 0.05 < unknown / len(world.accounts) < 0.15


@EVERY
def test_nobody_follows_an_account_before_it_exists(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    for event in world.follows:
        for side in ("follower_id", "followee_id"):
            assert world.accounts[event[side]]["created_at"] <= event["at"]


@EVERY
def test_a_mention_is_listed_where_and_only_where_the_text_has_it(scenario: str, worlds: Worlds) -> None:
    for post in worlds(scenario).posts:
        for handle in post.get("mentions", []):
            assert f"@{handle}" in post["text"]
        if "mentions" not in post:
            assert not any(word.startswith("@") and word[1:2].isalnum() for word in post["text"].split())
