"""`--check-by-chance`: what detection finds in copies of the posts in which nobody acts together."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from detectors.followers.follow_edges import FOLLOW, SNAPSHOT, FollowEvents
from schemas.figures.backtest import ChanceFigures, FoundCount
from streams.command.program import app
from streams.ordering.ordered_posts import OrderedPosts
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.replay.chance import post_spool
from streams.replay.chance.copied_posts import CopiedPosts, copied_follows
from streams.replay.chance.post_spool import PostSpool
from streams.reports.by_chance import chance_sentences
from streams.settings.settings import Settings
from tests.streams.small_world import START, TOGETHER, post, small_world, write_jsonl, write_labels


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def checked(
    *inputs: Path,
    copies: int = 2,
    stdin: bytes | None = None,
    folder: Path,
    positive: Sequence[str] = TOGETHER,
) -> dict[str, Any]:
    """The check's figures in the JSON of a backtest."""
    labels, figures = write_labels(folder / "labels.csv", positive), folder / "figures.json"
    names = inputs or ("-",)
    done = run(
        "backtest", *names, "--labels", labels, "--json", figures, "--check-by-chance", str(copies),
        "--no-progress", stdin=stdin,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    by_chance: dict[str, Any] = json.loads(figures.read_text())["by_chance"]
    return by_chance


def fans(days: int = 4, seed: int = 3) -> list[dict[str, Any]]:
    """Thirty-six fans repost most posts of a star within minutes of each; others post on their own."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    rows: list[tuple[int, str, dict[str, Any]]] = []
    for number in range(days * 10):
        at = START + number * 8_640 + rng.randrange(600)
        for fan in range(36):
            if rng.random() < 0.7:
                text = f"RT @star: the song of number {number} is here for all of you"
                more = {"repost_of": f"star-{number}", "text": text}
                rows.append((at + rng.randrange(240), f"fan{fan}", more))
    for number in range(300):
        rows.append(
            (START + rng.randrange(days * 86_400), f"other{number % 100}", {"text": f"word {number}"})
        )
    rows.sort(key=lambda row: row[:2])
    return [
        post(at, account, when, "", **more) | {"urls": []} for at, (when, account, more) in enumerate(rows)
    ]


@pytest.mark.slow
def test_given_planted_coordination_then_copies_find_nothing(tmp_path: Path) -> None:
    figures = checked(write_jsonl(tmp_path / "posts.jsonl", small_world()), folder=tmp_path)
    assert figures["in_the_data"] == {"networks": 1, "accounts": 5}
    assert figures["in_copies"] == [{"networks": 0, "accounts": 0}] * 2
    assert (figures["networks"], figures["accounts"], figures["account_share"]) == (0, 0, 0)
    assert (figures["exchanged_posts"], figures["moved_posts"]) == (0, 1_260)


@pytest.mark.slow
def test_given_fans_of_one_author_then_every_output_says_what_copies_hold(
    tmp_path: Path,
) -> None:
    posts = write_jsonl(tmp_path / "posts.jsonl", fans())
    report, alerts = tmp_path / "report.html", tmp_path / "alerts.jsonl"
    done = run(
        "replay", posts, "--check-by-chance", "1", "--report", report, "--alerts", alerts, "--no-progress"
    )
    assert done.exit_code == 0, done.output
    assert "copy 1 of 1, without coordination:" in done.output
    words = " ".join(done.output.split())
    assert "Checked by chance" in words
    assert "reposts exchanged their accounts with other reposts of the same author and day" in words
    page = report.read_text()
    assert "Checked by chance" in page
    figures = checked(posts, copies=1, folder=tmp_path, positive=["fan1", "fan2"])
    reposts = sum("repost_of" in row for row in fans())
    assert (figures["exchanged_posts"], figures["moved_posts"]) == (reposts, 300)
    sentence = chance_sentences(msgspec.convert(figures, ChanceFigures))[0]
    assert sentence in " ".join(page.split())
    assert sentence in words
    with_check = [json.loads(line)["network_id"] for line in alerts.read_text().splitlines()]
    run("replay", posts, "--alerts", alerts, "--no-progress")
    assert [json.loads(line)["network_id"] for line in alerts.read_text().splitlines()] == with_check


@pytest.mark.slow
def test_the_same_posts_give_the_same_figures_from_files_and_from_standard_input(tmp_path: Path) -> None:
    rows = small_world()
    whole = write_jsonl(tmp_path / "posts.jsonl", rows)
    first, second = (
        write_jsonl(tmp_path / f"{n}.jsonl", part) for n, part in enumerate((rows[:700], rows[700:]))
    )
    packed = tmp_path / "second.jsonl.gz"
    packed.write_bytes(gzip.compress(second.read_bytes()))
    expected = checked(whole, folder=tmp_path)
    assert checked(whole, folder=tmp_path) == expected
    assert checked(packed, first, folder=tmp_path) == expected
    assert checked(stdin=whole.read_bytes(), folder=tmp_path) == expected


def figures_of(*in_copies: int, found: int, exchanged: int = 0) -> ChanceFigures:
    mean = sum(in_copies) / len(in_copies)
    return ChanceFigures(
        in_the_data=FoundCount(networks=min(found, 24), accounts=found),
        in_copies=[FoundCount(networks=min(one, 1), accounts=one) for one in in_copies],
        networks=sum(min(one, 1) for one in in_copies) / len(in_copies),
        accounts=mean,
        account_share=mean / found if found else None,
        exchanged_posts=exchanged,
        moved_posts=10,
        seed=0,
    )


def test_the_sentences_say_what_was_found_and_no_more() -> None:
    some = chance_sentences(figures_of(0, 3, 0, found=203, exchanged=5))
    assert "in 3 copies" in some[0].lower()
    assert "on average 0.3 networks with 1 account; in the posts themselves, 24 networks with 203" in some[0]
    assert "about 0.5% of these accounts" in some[1]
    assert "5 reposts exchanged" in some[2]
    assert "10 other posts moved" in some[2]
    assert "nothing suggests" in chance_sentences(figures_of(0, found=9))[1]
    assert "no share" in chance_sentences(figures_of(0, found=0))[1]
    assert "all of these accounts" in chance_sentences(figures_of(9, found=9))[1]


def test_given_a_wrong_number_of_copies_then_it_is_wrong_usage(tmp_path: Path) -> None:
    posts = write_jsonl(tmp_path / "posts.jsonl", small_world(days=1, others=3))
    for number in ("-1", "few", "1001"):
        assert run("replay", posts, "--check-by-chance", number).exit_code == 2


def test_given_an_input_that_cannot_be_read_then_there_is_no_check_and_status_1(tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"post_id": 1}\n' * 50)
    done = run("replay", posts, "--check-by-chance", "2", "--no-progress")
    assert done.exit_code == 1
    assert "copy 1" not in done.output
    assert "Checked by chance" not in done.output


def test_given_no_room_for_temporary_files_then_the_message_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    posts = write_jsonl(tmp_path / "posts.jsonl", small_world(days=1, others=3))
    done = run("replay", posts, "--check-by-chance", "1", "--no-progress")
    assert done.exit_code == 1
    assert "TMPDIR" in done.output
    assert "Traceback" not in done.output


Row = dict[str, Any]


def spooled(folder: Path, rows: Iterable[Row]) -> PostSpool:
    settings = Settings()
    spool = PostSpool()
    source = write_jsonl(folder / "spooled.jsonl", rows)
    for batch in OrderedPosts([str(source)], settings, DeadLetterLog(None, settings.input)).batches():
        spool.add(batch.posts)
    spool.finish()
    return spool


def copy_of(spool: PostSpool, seed: int = 0, number: int = 1) -> pl.DataFrame:
    return pl.concat(batch.posts for batch in CopiedPosts(spool, seed, number).batches())


def star_posts(days: int = 3, fans_of_star: int = 40, fans_of_friend: int = 8) -> list[Row]:
    """Reposts of a star by many accounts, of a friend by few, of posts in the data, and posts of their own."""
    rows: list[Row] = []
    for day in range(days):
        for number in range(120):
            at = START + day * 86_400 + number * 300
            text = f"RT @Star{day % 2}: words {number % 9}"
            rows.append(
                post(len(rows), f"fan{number % fans_of_star}", at, "", text=text, followers_count=number)
            )
            few = f"friend{number % fans_of_friend}"
            rows.append(
                post(len(rows), few, at + 1, "", repost_of=f"at://did:plc:few/app.feed.post/{number % 5}")
            )
            if number < 2:
                rows.append(post(9_000 + day * 10 + number, "singer", at + 2, "", text="la la la"))
            sung = f"p{9_000 + day * 10 + number % 2}"
            rows.append(post(len(rows) + 20_000, f"hearer{number}", at + 3, "", repost_of=sung))
            rows.append(post(len(rows) + 40_000, f"other{number}", at + 4, "", text=f"own {number}"))
    return rows


def test_reposts_of_a_known_author_by_many_exchange_accounts_and_all_other_posts_move(tmp_path: Path) -> None:
    rows = star_posts()
    with spooled(tmp_path, rows) as spool:
        before = {row["post_id"]: row for row in pl.concat(spool.posts(0, spool.rows)).to_dicts()}
        after = {row["post_id"]: row for row in copy_of(spool).to_dicts()}
    assert before.keys() == after.keys() == {row["post_id"] for row in rows}
    exchanged = {
        name for name, row in before.items()
        if (row["text"] or "").startswith("RT") or (row["repost_of"] or "").startswith("p")
    }  # fmt: skip
    for name, old in before.items():
        new = after[name]
        moved = abs(new["created_at"] - old["created_at"])
        if name in exchanged:
            assert moved == 0
        else:
            assert 1_800 <= moved <= 7_200
            assert new["account_id"] == old["account_id"]
    changed = sum(after[name]["account_id"] != before[name]["account_id"] for name in exchanged)
    assert changed > 0.9 * len(exchanged)

    def tastes(posts: dict[str, Row]) -> Counter[tuple[Any, ...]]:
        return Counter(
            (row["account_id"], row["followers_count"], row["created_at"] // 86_400, (row["text"] or "")[:9])
            for name, row in posts.items()
            if name in exchanged
        )

    assert tastes(after) == tastes(before)


def test_given_an_author_that_few_repost_then_their_reposts_move(tmp_path: Path) -> None:
    with spooled(tmp_path, star_posts(fans_of_star=29)) as spool:
        copy = CopiedPosts(spool, 0, 1)
        list(copy.batches())
    assert copy.exchanged == 3 * 120  # those of posts in the data


def test_copies_differ_by_seed_and_number_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with spooled(tmp_path, star_posts()) as spool:
        first = copy_of(spool)
        assert copy_of(spool).equals(first)
        assert not copy_of(spool, number=2).equals(first)
        assert not copy_of(spool, seed=5).equals(first)
    monkeypatch.setattr(post_spool, "_PART", 100)
    monkeypatch.setattr(post_spool, "_SLICE", 33)
    with spooled(tmp_path, star_posts()) as spool:
        assert copy_of(spool).equals(first)


def events(rows: Sequence[tuple[int, int, int, int]]) -> FollowEvents:
    at, follower, followee, action = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return FollowEvents(
        follower.astype(np.uint64), followee.astype(np.uint64), action.astype(np.uint8), at.astype(np.int64)
    )


def test_follows_of_a_day_exchange_their_accounts_and_snapshots_stay() -> None:
    follows = [(START + 60 * n, 1 + n % 50, 100 + n % 7, FOLLOW) for n in range(2_000)]
    seen = [(START + 60 * n + 1, 500, 600 + n, SNAPSHOT) for n in range(20)]
    before = events(follows + seen)
    after = copied_follows(before, 0, 1)
    assert not np.array_equal(after.follower, before.follower)
    for given in (before, after):
        assert np.array_equal(given.at, np.sort(given.at))
    for column in ("follower", "followee"):
        counts = [
            Counter(zip(getattr(given, column).tolist(), (given.at // 86_400).tolist(), strict=True))
            for given in (before, after)
        ]
        assert counts[0] == counts[1]
    for given in (before, after):
        assert set(given.follower[given.action == SNAPSHOT].tolist()) == {500}
