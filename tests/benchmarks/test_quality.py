"""The quality drivers, with a small script in place of the program."""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.oracle import compare, german_posts
from benchmarks.quality.generated_worlds import Worlds
from benchmarks.quality.parts import QualityPlan, measured
from benchmarks.quality.result_rows import QualityRow, table
from benchmarks.runs.alerts_file import read_alerts, recall
from benchmarks.runs.program import Program
from streams.simulation.records.canonical import Label

FakeProgram = Callable[[str], Program]


@pytest.fixture
def fake(tmp_path: Path) -> FakeProgram:
    def build(body: str) -> Program:
        path = tmp_path / "program"
        path.write_text(f"#!{sys.executable}\nimport csv, json, sys\nfrom pathlib import Path\n" + body)
        path.chmod(0o755)
        return Program(path)

    return build


FINDS_ALL_IO = """
option = dict(zip(sys.argv[3::2], sys.argv[4::2], strict=False))
members = []
if "--labels" in option:
    rows = list(csv.DictReader(open(option["--labels"])))
    members = [{"account_id": "x:" + row["account_id"]} for row in rows if row["label"] == "io"]
    result = {"accounts": {"precision": 1.0, "recall": 1.0}, "alerts": 1, "first_detection_s": 7200}
    Path(option["--json"]).write_text(json.dumps(result))
alert = {"network_id": "n", "members": members, "member_count": len(members), "evidence": [{"observed": 4.0}]}
Path(option["--alerts"]).write_text(json.dumps(alert) + "\\n" if members else "")
"""


@pytest.mark.slow
def test_given_a_program_that_finds_all_covert_groups_then_recall_is_by_size_and_stealth(
    fake: FakeProgram, tmp_path: Path
) -> None:
    worlds = Worlds(tmp_path, accounts=3500, days=1)
    plan = QualityPlan(worlds, seeds=[1], noise_seeds=1)
    rows = {row.data: row for row in measured(fake(FINDS_ALL_IO), plan)}
    assert rows["noise, 1 seeds"].passed
    assert rows["minute-noise, 1 seeds"].alerts == 0
    assert rows["networks, seed 1"].first_detection_s == 7200
    assert rows["networks, any coordinated"].precision == 1.0
    for size in (3, 10, 50):
        for stealth in range(4):
            assert rows[f"networks, covert-{size}-s{stealth}"].recall == 1.0
    assert rows["networks, fans-60"].recall == 0.0
    assert "2.0" in table(list(rows.values()))


@pytest.mark.slow
def test_given_a_program_that_fails_then_the_rows_say_so(fake: FakeProgram, tmp_path: Path) -> None:
    worlds = Worlds(tmp_path, accounts=300, days=1)
    program = fake("raise SystemExit('cannot read that')")
    rows = list(measured(program, QualityPlan(worlds, noise_seeds=1, parts=["noise"])))
    assert len(rows) == 2
    assert all(row.passed is False and "cannot read that" in row.note for row in rows)


def test_given_two_revisions_then_members_and_crowds_are_put_together(tmp_path: Path) -> None:
    alerts = [
        {"network_id": "n", "members": [{"account_id": "x:a"}], "member_count": 1, "evidence": []},
        {
            "network_id": "n",
            "members": [{"account_id": "x:b"}],
            "member_count": 9,
            "evidence": [{"observed": 3.0}],
        },
    ]
    path = tmp_path / "alerts.jsonl"
    path.write_text("".join(json.dumps(alert) + "\n" for alert in alerts))
    found = read_alerts(path)
    assert (found.alerts, found.capped, found.crowds) == (2, 1, [3])
    assert found.accounts == {"a", "b"}
    labels = [Label("a", "io", "g-1"), Label("c", "io", "g-2"), Label("b", "organic", "")]
    assert recall(found.accounts, labels, "g-") == 0.5
    assert recall(found.accounts, labels, "h-") is None


def test_when_there_is_no_alerts_file_then_nothing_was_found(tmp_path: Path) -> None:
    assert read_alerts(tmp_path / "absent.jsonl").accounts == set()


def test_pairs_are_compared_whatever_their_order_and_platform(tmp_path: Path) -> None:
    ours, oracle = tmp_path / "ours.csv", tmp_path / "oracle.csv"
    ours.write_text(
        "account_a,account_b,kind,window_s,co_shares\n"
        "x:b,x:a,url,60,2\nx:a,x:c,url,60,5\nx:a,x:b,url,600,9\nx:a,x:b,text,60,7\nx:d,x:e,url,60,1\n"
    )
    oracle.write_text("account_a,account_b,content_pairs,objects\na,b,2,2\nc,a,4,4\nf,g,1,1\n")
    result = compare(ours, oracle, "url")
    assert (result.expected, result.missing, result.surplus, result.differing) == (3, 1, 1, 1)
    assert not result.equal
    oracle.write_text("account_a,account_b,content_pairs,objects\na,b,2,7\n")
    assert compare(ours, oracle, "text").equal


def test_the_german_set_becomes_canonical_posts_in_order(tmp_path: Path) -> None:
    source, out = tmp_path / "german.csv.gz", tmp_path / "posts.jsonl"
    with gzip.open(source, "wt") as rows:
        rows.write("account_id,post_id,url_id,hashtag_id,domain_id,phash_id,timestamp\n")
        rows.write("b,2,8,9,,,1629500060\na,1,7,,,,1629500000\na,1,,5,,,1629500000\n")
    german_posts(source, out)
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    assert first["account_id"] == "a"
    assert first["urls"] == ["https://url.example/7"]
    assert first["hashtags"] == ["h5", "i5"]
    assert second["created_at"] == "2021-08-20T22:54:20Z"


def test_the_table_shows_only_what_is_known() -> None:
    text = table(
        [QualityRow("noise", alerts=0, passed=True), QualityRow("mixed", precision=0.9876, note="a|b")]
    )
    assert "0.988" in text
    assert "a/b" in text
    assert "None" not in text
