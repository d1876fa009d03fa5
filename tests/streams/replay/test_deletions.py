"""Posts that were deleted stop counting: in later alerts, in samples, in the report, and whichever came first."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.streams.conftest import Done, Lockstep
from tests.streams.live.detection.log_worlds import seconds_of, when
from tests.streams.small_world import START, TOGETHER, Post, deletion, small_world, write_jsonl

SAYING = "says so"
_WORDS = "alder birch cedar maple oak pine rowan spruce willow yew hazel larch".split()
DAY_5 = when(5 * 86_400)


def worded(world: list[Post]) -> list[Post]:
    """The same posts with texts; all posts of a link have the same one, and no two links have similar ones."""
    return [row | {"text": f"{_text(row['urls'][0])} {SAYING}"} for row in world]


def _text(link: str) -> str:
    draw = random.Random(link)  # noqa: S311 - repeatable, not secret
    return " ".join(f"{draw.choice(_WORDS)}{draw.randrange(1_000)}" for _ in range(8))


def together(world: list[Post]) -> list[Post]:
    return [row for row in world if row["account_id"] in TOGETHER]


def replayed(lockstep: Lockstep, world: Iterable[Post], *options: str) -> tuple[list[dict[str, Any]], Done]:
    done = lockstep("replay", write_jsonl(Path("posts.jsonl"), world), "--alerts", "alerts.jsonl", *options)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in Path("alerts.jsonl").read_text().splitlines()], done


def in_order(rows: Iterable[Post]) -> list[Post]:
    return sorted(rows, key=lambda row: str(row["created_at"]))


def shown(alert: dict[str, Any]) -> set[str]:
    return {post_id for sample in alert["evidence"] for post_id in sample["post_ids"]}


def test_given_posts_of_a_network_that_are_deleted_then_later_alerts_neither_count_nor_show_them(
    lockstep: Lockstep,
) -> None:
    world = worded(small_world())
    links = sorted({row["urls"][0] for row in together(world)})
    gone = [row for row in together(world) if row["urls"][0] in links[:6]]

    before, _ = replayed(lockstep, world)
    reports = [deletion(row, DAY_5) for row in gone]
    alerts, done = replayed(lockstep, [*world, *reports], "--report", "report.html")

    assert shown(before[-1]) & {row["post_id"] for row in gone}
    assert not shown(alerts[-1]) & {row["post_id"] for row in gone}
    counted = [alert["headline"] for alert in (before[-1], alerts[-1])]
    assert ("12" in counted[0], "12" in counted[1], "6" in counted[1]) == (True, False, True), counted
    assert {member["account_id"] for member in alerts[-1]["members"]} == {f"x:{name}" for name in TOGETHER}
    page = Path("report.html").read_text()
    assert ([row for row in gone if row["text"] in page], SAYING in page) == ([], True)
    assert b"deletions (30)" in done.stderr


def test_given_a_network_whose_posts_are_all_deleted_then_it_is_resolved_and_its_last_word_shows_none(
    lockstep: Lockstep,
) -> None:
    world = worded(small_world())

    alerts, _ = replayed(lockstep, [*world, *(deletion(row, DAY_5) for row in together(world))])

    assert alerts[-1]["lifecycle"] == "resolved"
    assert not shown(alerts[-1])
    assert "news.example/" in json.dumps(alerts[-2])
    assert "news.example/" not in json.dumps(alerts[-1])


def test_given_posts_that_are_deleted_in_the_second_they_come_then_nothing_is_found(
    lockstep: Lockstep,
) -> None:
    world = small_world()
    at_once = [deletion(row, row["created_at"]) for row in together(world)]

    assert replayed(lockstep, in_order([*world, *at_once]))[0] == []


def test_given_deletions_that_come_before_their_posts_then_the_posts_are_set_aside_without_their_content(
    lockstep: Lockstep,
) -> None:
    world = worded(small_world())
    before = [deletion(row, when(seconds_of(row["created_at"]) - START - 60)) for row in together(world)]

    alerts, done = replayed(lockstep, in_order([*world, *before]), "--dead-letters", "dead.jsonl")

    assert alerts == []
    letters = [json.loads(line) for line in Path("dead.jsonl").read_text().splitlines()]
    assert {letter["reason"] for letter in letters} == {"deleted"}
    assert {json.loads(letter["raw"])["post_id"] for letter in letters} == {
        row["post_id"] for row in together(world)
    }
    assert SAYING not in Path("dead.jsonl").read_text()
    assert b"deleted before they came" in done.stderr


def test_given_an_export_in_no_order_then_deletions_take_effect_at_their_time_all_the_same(
    lockstep: Lockstep,
) -> None:
    world = small_world()
    reports = [deletion(row, DAY_5) for row in together(world)]
    expected, _ = replayed(lockstep, [*world, *reports])

    mixed, _ = replayed(lockstep, [*reports, *world], "--unordered")

    assert [(alert["alert_id"], alert["lifecycle"]) for alert in mixed] == [
        (alert["alert_id"], alert["lifecycle"]) for alert in expected
    ]
