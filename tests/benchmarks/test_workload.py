"""The load generator: the same seed gives the same bytes, and the posts are what they claim to be."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.workload.__main__ import main
from benchmarks.workload.load import Load, generate
from benchmarks.workload.rows import Dials
from streams.simulation.records.canonical import read_labels
from streams.sources import open_source

LOAD = Load(10_000, seed=3)
FIELDS = {"post_id", "platform", "account_id", "created_at", "text", "lang"}
OPTIONAL = {"urls", "hashtags", "mentions", "repost_of", "reply_to"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("load")
    paths = folder / "posts.jsonl.gz", folder / "labels.csv"
    assert generate(LOAD, *paths) == LOAD.posts
    return paths


@pytest.fixture(scope="module")
def posts(files: tuple[Path, Path]) -> list[dict[str, Any]]:
    with gzip.open(files[0], "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_given_one_seed_when_generated_twice_then_the_bytes_are_equal(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    again = tmp_path / "another-name.jsonl.gz", tmp_path / "l.csv"
    generate(LOAD, *again)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in files]


def test_given_another_seed_then_the_posts_differ(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "posts.jsonl.gz"
    generate(Load(LOAD.posts, seed=LOAD.seed + 1), other)
    assert other.read_bytes() != files[0].read_bytes()


def test_when_generated_then_posts_are_canonical_unique_and_in_order(posts: list[dict[str, Any]]) -> None:
    assert len(posts) == LOAD.posts
    assert len({post["post_id"] for post in posts}) == LOAD.posts
    times = [post["created_at"] for post in posts]
    assert times == sorted(times)
    for post in posts:
        assert post.keys() >= FIELDS
        assert post.keys() <= FIELDS | OPTIONAL
        assert post["text"].strip()
        assert all(post.get(name) != [] for name in OPTIONAL)


def test_when_read_by_the_sources_then_no_row_is_set_aside(files: tuple[Path, Path]) -> None:
    batches = list(open_source(str(files[0])).batches())
    assert sum(batch.posts.height for batch in batches) == LOAD.posts
    assert not [letter for batch in batches for letter in batch.dead_letters]


def test_when_reposted_then_the_text_is_that_of_the_original_and_not_before_it(
    posts: list[dict[str, Any]],
) -> None:
    by_id = {post["post_id"]: post for post in posts}
    texts: dict[str, str] = {}
    seen = 0
    for post in posts:
        target = post.get("repost_of")
        if target is None:
            continue
        assert texts.setdefault(target, post["text"]) == post["text"]
        original = by_id.get(target)
        if original is not None:
            seen += 1
            assert post["text"] == f"RT @{post['mentions'][0]}: {original['text']}"
            assert post["created_at"] >= original["created_at"]
    assert seen > LOAD.posts * 0.3


def test_then_the_mix_of_kinds_is_as_declared(posts: list[dict[str, Any]]) -> None:
    kinds = [sum(name in post for post in posts) / LOAD.posts for name in ("repost_of", "urls", "reply_to")]
    assert kinds == pytest.approx([0.45, 0.25, 0.10], abs=0.06)


def test_then_labels_name_every_account_once_and_groups_have_5_to_30_members(
    files: tuple[Path, Path], posts: list[dict[str, Any]]
) -> None:
    labels = read_labels(files[1])
    assert sorted(label.account_id for label in labels) == sorted({post["account_id"] for post in posts})
    groups: dict[str, int] = {}
    for label in labels:
        assert (label.label, bool(label.group)) in {("io", True), ("organic", False)}
        if label.group:
            groups[label.group] = groups.get(label.group, 0) + 1
    assert len(groups) == LOAD.group_count == 3
    assert all(5 <= size <= 30 for size in groups.values())


def test_given_popular_actions_when_generated_then_planted_groups_repost_organic_posts(
    tmp_path: Path,
) -> None:
    out, labels = tmp_path / "posts.jsonl.gz", tmp_path / "labels.csv"
    generate(Load(10_000, seed=5, groups=1, dials=Dials(participation=1.0, popular=1.0)), out, labels)
    members = {label.account_id for label in read_labels(labels) if label.label == "io"}
    with gzip.open(out, "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    ids = {post["post_id"] for post in posts}
    targets = [p["repost_of"] for p in posts if p["account_id"] in members and "repost_of" in p]
    assert len(targets) == len(members) * Dials().actions
    assert set(targets) <= ids


@pytest.mark.parametrize("size", [1, 2, 10, 999])
def test_given_a_tiny_load_then_it_has_exactly_so_many_posts(size: int, tmp_path: Path) -> None:
    assert generate(Load(size), tmp_path / "posts.jsonl.gz") == size


def test_given_more_groups_than_the_load_holds_then_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["1000", str(tmp_path / "posts.jsonl.gz"), "--groups", "50"]) == 2
    assert "fewer groups" in capsys.readouterr().err
