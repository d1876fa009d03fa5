"""`lockstep why`: what ties an account to its network, what ties two, and how near others came."""

import csv
import re
from pathlib import Path

import pytest

from tests.streams.conftest import Lockstep
from tests.streams.exports.test_export import written
from tests.streams.reports.many_cases import many_alerts
from tests.streams.small_world import small_world, write_jsonl

FILES = ("--alerts", "alerts.jsonl", "--networks", "networks.jsonl")


@pytest.fixture
def run(tmp_path: Path, lockstep: Lockstep) -> list[dict[str, str]]:
    """The files of a run over the small world; gives its pairs."""
    write_jsonl(tmp_path / "dump", small_world())
    assert lockstep("replay", "dump", *FILES, "--pairs", "pairs.csv").returncode == 0
    return list(csv.DictReader((tmp_path / "pairs.csv").read_text("utf-8").splitlines()))


def said(lockstep: Lockstep, *arguments: str) -> str:
    done = lockstep("why", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_of_a_member_it_names_the_network_the_ties_and_the_evidence(
    run: list[dict[str, str]], lockstep: Lockstep
) -> None:
    pair = next(row for row in run if row["validated"] == "true")
    text = said(lockstep, pair["account_a"], *FILES)
    assert f"{pair['account_a']} is in net-" in text
    assert "core member" in text
    assert f"{pair['account_b']}: " in text
    # the last alert states all that the file of pairs has
    shared = (
        rf"{pair['co_shares']} objects \(url\) within {pair['window_s']} s, by chance \S+, p \S+: the pair "
    )
    assert re.search(rf"{pair['account_b']}: {shared}", text)
    assert "tied by timing" in text
    assert "the pair " in text
    assert "in the evidence:" in text


def test_of_two_members_it_gives_what_both_shared_against_chance(
    run: list[dict[str, str]], lockstep: Lockstep
) -> None:
    pair = next(row for row in run if row["validated"] == "true")
    text = said(lockstep, pair["account_a"], pair["account_b"], *FILES)
    assert "are both in net-" in text
    assert f"({pair['kind']}) within" in text
    assert ", by chance " in text


def test_of_accounts_outside_it_says_by_how_much_their_pairs_failed(
    run: list[dict[str, str]], lockstep: Lockstep
) -> None:
    names = {row["account_a"] for row in run if row["validated"] == "true"}
    names |= {row["account_b"] for row in run if row["validated"] == "true"}
    outside = [row for row in run if not names & {row["account_a"], row["account_b"]}]
    if outside:
        text = said(lockstep, outside[0]["account_a"], *FILES, "--pairs", "pairs.csv")
        assert "is in no network of these alerts" in text
        assert "does not pass the gate" in text
    text = said(lockstep, "nobody", *FILES, "--pairs", "pairs.csv")
    assert "It has no pair with evidence" in text
    assert "--pairs FILE" in said(lockstep, "nobody", *FILES)
    member = next(iter(sorted(names)))
    text = said(lockstep, member, "nobody", *FILES, "--pairs", "pairs.csv")
    assert "are in no network together" in text
    assert "They share nothing within the windows" in text


def test_a_pair_that_failed_is_compared_with_the_weakest_that_passed(
    run: list[dict[str, str]], lockstep: Lockstep, tmp_path: Path
) -> None:
    rows = [
        "account_a,account_b,kind,window_s,co_shares,expected,p_value,validated",
        "x:1,x:2,url,60,9,0.001,1e-08,true",
        "x:3,x:4,url,60,2,0.5,0.01,false",
    ]
    (tmp_path / "few.csv").write_text("\n".join(rows) + "\n", "utf-8")
    text = said(lockstep, "x:3", "x:4", *FILES, "--pairs", "few.csv")
    assert "2 objects (url) within 60 s, by chance 0.5, p 0.01: does not pass the gate" in text
    assert "1e-08, 1,000,000 times smaller" in text


def test_a_handle_finds_its_account(lockstep: Lockstep, tmp_path: Path) -> None:
    written(tmp_path, list(many_alerts(2, 20)))
    text = said(lockstep, "@NOTICIAS_10001", *FILES)
    assert "@noticias_10001 (x:10001) is in net-000000" in text
    assert "\u202e" not in text
    assert said(lockstep, "10001", *FILES) == text
    done = lockstep("why", "10001", "@noticias_10001", *FILES)
    assert done.returncode == 2


def test_what_is_no_file_of_pairs_is_named(run: list[dict[str, str]], lockstep: Lockstep) -> None:
    done = lockstep("why", "x:1", *FILES, "--pairs", "alerts.jsonl")
    assert done.returncode == 1
    assert b"alerts.jsonl: is no file of pairs" in done.stderr
