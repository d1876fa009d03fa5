"""What a run says when it finds little: what there was, what came closest, and what more data would give."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from detectors.evidence.pair_overview import ClosestPair, PairOverview, SharedByPair
from schemas.shares import TraceKind
from streams.command.program import app
from streams.reports.what_there_was import RunOverview, nothing_found, what_there_was
from tests.streams.small_world import START, TOGETHER, post, small_world, write_jsonl


def said(folder: Path, rows: list[dict[str, Any]]) -> str:
    """The summary of a replay as one line; the report must say the same about what there was."""
    rows = sorted(rows, key=lambda row: row["created_at"])
    posts, report = write_jsonl(folder / "posts.jsonl", rows), folder / "report.html"
    done = CliRunner().invoke(app, ["replay", str(posts), "--report", str(report), "--no-progress"])
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    page = " ".join(report.read_text().split())
    for part in ("No network was found", "There were"):
        assert (part in words) == (part in page)
    return words


def ordinary(count: int = 400, start: int = START) -> list[dict[str, Any]]:
    return [
        post(1_000 + n, f"other{n % 80}", start + n * 1_800, f"https://site.example/{n * 7 % 90}")
        for n in range(count)
    ]


@pytest.mark.slow
def test_given_one_link_again_and_again_then_it_is_named_with_the_reason_why_it_does_not_count(
    tmp_path: Path,
) -> None:
    bots = [
        post(n * 4 + bot, f"bot{bot}", START + n * 3_600 + bot * 12, "https://shop.example/deal")
        for n in range(200)
        for bot in range(4)
    ]
    words = said(tmp_path, ordinary() + bots)
    assert "No network was found" in words
    assert "4 accounts posted one link again and again, up to 200 times each: shop.example/deal." in words
    assert "One object counts once" in words


@pytest.mark.slow
def test_given_only_suspects_then_it_says_that_there_is_nobody_to_compare_with(tmp_path: Path) -> None:
    # so few objects that timing cannot tie them either, which needs no other accounts
    suspects = [row for row in small_world(objects=6, others=0) if row["account_id"] in TOGETHER]
    words = said(tmp_path, suspects)
    assert "There were 30 posts by 5 accounts: 30 with links." in words
    assert "6 objects were shared by two accounts or more at nearly the same time; 10 pairs" in words
    assert "5 of the 5 accounts with two posts or more share several objects" in words
    assert "Add posts of ordinary accounts" in words
    assert "The closest pair: x:together" in words


@pytest.mark.slow
def test_given_one_account_or_nothing_shared_or_few_posts_then_it_says_so(tmp_path: Path) -> None:
    alone = [post(n, "me", START + n * 60, f"https://site.example/{n % 3}") for n in range(40)]
    words = said(tmp_path, alone)
    assert "All posts are by one account" in words
    assert "no two accounts shared anything at nearly the same time" in words

    bare = [post(n, f"a{n}", START + n * 60, "") | {"urls": []} for n in range(40)]
    words = said(tmp_path, bare)
    assert "with nothing that could be shared" in words
    assert "No account has more than one post" in words
    assert "the right columns are read" in words
    assert "The posts cover 39 min. Evidence adds up over days" in words


@pytest.mark.slow
def test_given_networks_then_only_a_few_of_them_come_with_what_there_was(tmp_path: Path) -> None:
    words = said(tmp_path, small_world())
    assert "1 network in" in words
    assert "There were 1,260 posts by 125 accounts" in words
    assert "closest pair" not in words


def overview(**changes: Any) -> RunOverview:
    closest = ClosestPair((0, 1), [SharedByPair(TraceKind.REPOST, 80, 60, 0.5)], 80, 1e-9)
    pairs = PairOverview(90, 40, 12, 10, 0, closest)
    given = RunOverview(
        1_000,
        300,
        200,
        {TraceKind.REPOST: 600},
        None,
        pairs,
        ("x:a", "unknown:b"),
        1e-6,
        2,
        3,
        timedelta(days=9),
    )
    return replace(given, **changes)


def test_given_pairs_that_stand_out_then_nothing_claims_that_chance_explains_all() -> None:
    run = overview(pairs=overview().pairs._replace(validated=23))
    assert nothing_found(run) == (
        "No network was found. 23 pairs of accounts stand out, but too few of them share members to form a network."
    )
    text = " ".join(what_there_was(run, 0))
    assert "23 beyond chance" in text
    assert (
        "The strongest pair: x:a and b shared 80 objects (reposts) within 60 s, where chance gives 0.5"
        in text
    )
    assert "A network needs 3 accounts" in text
    assert "chance" not in nothing_found(run)


def test_the_closest_pair_is_measured_by_how_much_it_fell_short() -> None:
    closest = overview().pairs.closest
    assert closest is not None
    short = overview(pairs=overview().pairs._replace(closest=closest._replace(p_value=2e-5)))
    text = " ".join(what_there_was(short, 0))
    assert "p = 2e-05; among so many pairs, 1e-06 would be needed, 20 times less." in text
    one = overview(pairs=overview().pairs._replace(closest=closest._replace(p_value=None, objects=1)))
    assert "A pair needs 2 different objects to be tested." in " ".join(what_there_was(one, 0))


def test_with_several_networks_or_without_posts_there_is_nothing_to_add() -> None:
    assert what_there_was(overview(), 3) == []
    assert what_there_was(overview(posts=0), 0) == []
    assert len(what_there_was(overview(), 2)) == 1
