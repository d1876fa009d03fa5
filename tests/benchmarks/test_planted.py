"""The planted worlds: reproducible, canonical, and their labels tell the truth."""

import gzip
import json
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.planted.__main__ import main
from benchmarks.planted.groups import SIZES
from benchmarks.planted.world import PlantedWorld, generate
from schemas.events import PostEvent
from streams.simulation.planting.stealth import OPEN, STEALTH
from streams.simulation.records.canonical import Label, read_labels
from streams.sources import open_source

NOISE = PlantedWorld("noise", seed=7, accounts=600, days=2)
NETWORKS = PlantedWorld("networks", seed=7, accounts=3500, days=3)


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("noise") / "posts.jsonl.gz"
    generate(NOISE, path, path.with_name("labels.csv"))
    return path


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "posts.jsonl.gz"
    generate(NETWORKS, path, path.with_name("labels.csv"))
    return path


@pytest.fixture(scope="module")
def labels(networks: Path) -> list[Label]:
    return read_labels(networks.with_name("labels.csv"))


@pytest.mark.slow
def test_given_one_seed_when_generated_twice_then_the_bytes_are_equal(noise: Path, tmp_path: Path) -> None:
    again = tmp_path / "other.jsonl.gz"
    generate(NOISE, again, tmp_path / "labels.csv")
    assert again.read_bytes() == noise.read_bytes()
    assert (tmp_path / "labels.csv").read_bytes() == noise.with_name("labels.csv").read_bytes()


@pytest.mark.slow
def test_given_another_seed_then_the_posts_differ(noise: Path, tmp_path: Path) -> None:
    other = tmp_path / "posts.jsonl.gz"
    generate(PlantedWorld("noise", seed=8, accounts=NOISE.accounts, days=NOISE.days), other)
    assert other.read_bytes() != noise.read_bytes()


@pytest.mark.slow
def test_given_minute_noise_then_it_is_the_noise_of_that_seed_with_times_cut_to_the_minute(
    noise: Path, tmp_path: Path
) -> None:
    rounded = tmp_path / "posts.jsonl.gz"
    generate(PlantedWorld("minute-noise", NOISE.seed, NOISE.accounts, NOISE.days), rounded)
    expected = read(noise)
    for post in expected:
        post["created_at"] = post["created_at"][:17] + "00Z"
    assert read(rounded) == expected


@pytest.mark.slow
def test_given_noise_then_nobody_is_labelled_as_coordinated(noise: Path) -> None:
    labels = read_labels(noise.with_name("labels.csv"))
    assert len(labels) == NOISE.accounts
    assert {label.label for label in labels} == {"organic"}
    assert {"everyday", "one-day", "show-fan"} <= {label.group for label in labels}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["noise", "networks"])
def test_then_posts_are_canonical_unique_in_order_and_point_backwards(
    name: str, request: pytest.FixtureRequest
) -> None:
    posts = read(request.getfixturevalue(name))
    place = {post["post_id"]: number for number, post in enumerate(posts)}
    assert len(place) == len(posts)
    assert all(one["created_at"] <= other["created_at"] for one, other in pairwise(posts))
    known = set(PostEvent.__struct_fields__)
    for number, post in enumerate(posts):
        assert post.keys() <= known
        assert post["text"].strip()
        for field in ("repost_of", "reply_to"):
            if field in post:
                assert place[post[field]] < number
                assert posts[place[post[field]]]["account_id"] != post["account_id"]


@pytest.mark.slow
def test_when_read_by_the_sources_then_no_row_is_set_aside(networks: Path) -> None:
    batches = list(open_source(str(networks)).batches())
    assert sum(batch.posts.height for batch in batches) == len(read(networks))
    assert not [letter for batch in batches for letter in batch.dead_letters]


@pytest.mark.slow
def test_given_networks_then_groups_are_of_the_sizes_their_names_say(labels: list[Label]) -> None:
    sizes = Counter((label.label, label.group) for label in labels if label.label != "organic")
    expected = {
        ("io", f"covert-{size}-s{stealth}-{number}"): size
        for size, times in SIZES.items()
        for stealth in range(len(STEALTH))
        for number in range(1, times + 1)
    }
    for name, (size, times, _) in OPEN.items():
        expected |= {("coordinated", f"{name}-{size}-{number}"): size for number in range(1, times + 1)}
    assert dict(sizes) == expected


@pytest.mark.slow
def test_given_networks_then_every_account_that_posts_is_labelled(
    networks: Path, labels: list[Label]
) -> None:
    known = {label.account_id for label in labels}
    assert len(known) == len(labels) == NETWORKS.accounts
    assert {post["account_id"] for post in read(networks)} <= known


@pytest.mark.slow
def test_given_a_group_without_stealth_then_its_members_act_within_a_minute_and_live_otherwise(
    networks: Path, labels: list[Label]
) -> None:
    members = {label.account_id for label in labels if label.group == "covert-10-s0-1"}
    shared: dict[str, list[tuple[datetime, str]]] = {}
    alone = set()
    for post in read(networks):
        if post["account_id"] in members:
            url = post.get("urls", [""])[0]
            if "//site" in url and "repost_of" not in post:
                shared.setdefault(url, []).append(
                    (datetime.fromisoformat(post["created_at"]), post["account_id"])
                )
            else:
                alone.add(post["account_id"])
    assert alone == members
    joint = [acts for acts in shared.values() if len({who for _, who in acts}) >= 7]
    assert len(joint) >= STEALTH[0].operations // 3
    assert all((acts[-1][0] - acts[0][0]).total_seconds() <= 120 for acts in joint)


@pytest.mark.slow
def test_given_too_few_accounts_for_the_groups_then_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["networks", str(tmp_path / "posts.jsonl.gz"), "--accounts", "500"]) == 2
    assert "too few" in capsys.readouterr().err
