"""Quality on real sets: what the data allow, what copies without coordination give, and how many pieces there are."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from benchmarks.quality.ceiling import ceiling
from benchmarks.quality.copies import KINDS, write_copy
from benchmarks.quality.pieces import pieces
from benchmarks.quality.real_data import Copies, DataSet, RealData
from benchmarks.runs.alerts_file import read_alerts
from benchmarks.runs.measure import ROOT
from benchmarks.runs.program import Program
from streams.simulation.records.canonical import Label


def write(path: Path, posts: Iterable[dict[str, object]]) -> Path:
    with gzip.open(path, "wt") as out:
        out.writelines(json.dumps(post) + "\n" for post in posts)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def posts_of_a_ring() -> Iterator[dict[str, object]]:
    """Three accounts share four links within minutes; a fourth is there twice, a fifth a day later."""
    for day in range(1, 5):
        who = [("a", "10:00"), ("b", "10:30"), ("c", "11:59")]
        who += [("d", "12:10")] if day < 3 else []
        for account, minute in who:
            yield {"account_id": account, "created_at": f"2024-05-{day:02}T{minute}:00Z", "urls": [f"l{day}"]}
        yield {"account_id": "e", "created_at": f"2024-05-{day + 10}T10:00:00Z", "urls": [f"l{day}"]}


def test_the_ceiling_is_the_share_that_meets_others_over_enough_objects_in_time(tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.jsonl.gz", posts_of_a_ring())
    everybody = {"a", "b", "c", "d", "e"}
    assert ceiling(posts, everybody) == 3 / 5
    assert ceiling(posts, everybody, objects=2) == 4 / 5
    assert ceiling(posts, everybody, window_s=600) == 0.0
    assert ceiling(posts, {*everybody, "nobody"}) == 3 / 6
    assert ceiling(posts, {"a", "e"}) == 0.0


def test_texts_count_by_their_words_and_short_ones_by_what_they_repost(tmp_path: Path) -> None:
    long = "the same long sentence of several words"
    rows = [
        {"account_id": account, "created_at": f"2024-05-01T1{at}:0{place}:00Z", "text": text, "repost_of": of}
        for at, (text, of) in enumerate([(long, "1"), ("short", "2"), ("shorter", "2"), ("", "3")])
        for place, account in enumerate("ab")
    ]
    rows[0]["text"] = long.upper() + " https://t.example/x!"
    posts = write(tmp_path / "posts.jsonl.gz", rows)
    assert ceiling(posts, {"a", "b"}, objects=3) == 1.0  # the text, and what two posts repost
    assert ceiling(posts, {"a", "b"}, objects=4) == 0.0


@pytest.fixture
def retweets(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [
        {
            "account_id": f"u{(post * 7 + day) % 40}",
            "created_at": f"2024-05-{day:02}T10:{post:02}:30.250Z",
            "text": f"RT @author{post % 3}: text {post}" if post % 2 else f"words {post}",
            "followers_count": post,
        }
        for day in (1, 2)
        for post in range(60)
    ]
    return write(tmp_path / "retweets.jsonl.gz", rows)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_are_the_same_for_a_seed_and_others_for_another(
    kind: str, retweets: Path, tmp_path: Path
) -> None:
    first, again, other = (tmp_path / name for name in ("1.gz", "2.gz", "3.gz"))
    for target, seed in ((first, 1), (again, 1), (other, 2)):
        write_copy(retweets, target, kind, seed)
    assert read(first) == read(again)
    assert read(first) != read(other)
    assert read(first) != read(retweets)
    times = [post["created_at"] for post in read(first)]
    assert times == sorted(times)


def test_in_interest_everybody_reposts_the_same_authors_on_the_same_days(
    retweets: Path, tmp_path: Path
) -> None:
    write_copy(retweets, tmp_path / "copy.gz", "interest", 1)
    before, after = read(retweets), read(tmp_path / "copy.gz")

    def tastes(posts: list[dict[str, str]]) -> Counter[tuple[str, ...]]:
        return Counter(
            (post["account_id"], post["created_at"][:10], post["text"].split(":")[0])
            for post in posts
            if post["text"].startswith("RT @")
        )

    assert tastes(before) == tastes(after)
    own = [post for post in before if not post["text"].startswith("RT @")]
    assert own == [post for post in after if not post["text"].startswith("RT @")]


def test_in_noise_everybody_posts_as_often_each_day(retweets: Path, tmp_path: Path) -> None:
    write_copy(retweets, tmp_path / "copy.gz", "noise", 1)

    def rates(path: Path) -> Counter[tuple[str, ...]]:
        return Counter((post["account_id"], post["created_at"][:10]) for post in read(path))

    assert rates(retweets) == rates(tmp_path / "copy.gz")


def test_jitter_moves_only_times_by_half_an_hour_to_two_hours(tmp_path: Path) -> None:
    rows = [{"account_id": str(n), "created_at": "2024-05-01T12:00:00Z", "text": f"t{n}"} for n in range(99)]
    write_copy(write(tmp_path / "posts.gz", rows), tmp_path / "copy.gz", "jitter", 1)
    copy = read(tmp_path / "copy.gz")
    assert sorted(post["text"] for post in copy) == sorted(str(row["text"]) for row in rows)
    times = [post["created_at"] for post in copy]
    assert all("10:00" <= time[11:16] <= "11:30" or "12:30" <= time[11:16] <= "14:00" for time in times)
    assert any(time[11:13] < "12" for time in times)
    assert any(time[11:13] >= "12" for time in times)


def test_pieces_are_the_networks_that_hold_accounts_of_the_operation() -> None:
    operation = [Label(name, "io", "left" if name in "abc" else "right") for name in "abcdefg"]
    found = pieces({"1": {"a", "b", "d"}, "2": {"c", "e", "x"}, "3": {"x", "y"}}, operation)
    assert (found.networks, found.largest, found.by_group) == (2, 3 / 5, 2.0)
    nothing = pieces({"3": {"x"}}, operation)
    assert (nothing.networks, nothing.largest, nothing.by_group) == (0, None, None)


def alert(network: str, members: str, lifecycle: str = "updated", explanation: str = "why") -> str:
    named = [{"account_id": f"x:{name}"} for name in members]
    return json.dumps(
        {
            "network_id": network,
            "members": named,
            "member_count": len(named),
            "evidence": [],
            "lifecycle": lifecycle,
            "explanation": explanation,
        }
    )


def test_the_last_alert_of_a_network_decides_and_a_network_that_merged_away_is_left_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "alerts.jsonl"
    lines = [
        alert("1", "ab", "opened"),
        alert("2", "cd", "opened", "other"),
        alert("1", "abcd", "merged", "both"),
        alert("2", "cd", "merged", "Merged into 1. other"),
        alert("1", "ac"),
    ]
    path.write_text("\n".join(lines) + "\n")
    found = read_alerts(path)
    assert found.last == {"1": {"a", "c"}}
    assert found.last_accounts == {"a", "c"}
    assert found.accounts == {"a", "b", "c", "d"}


FINDS_TWO_IN_COPIES = """#!{python}
import json, sys
from pathlib import Path
members = ["x:a", "x:b"] if "interest" in sys.argv[2] else [f"x:{{n}}" for n in range(30)]
alert = {{"network_id": "n", "members": [{{"account_id": m}} for m in members], "member_count": len(members),
         "evidence": []}}
Path(sys.argv[sys.argv.index("--alerts") + 1]).write_text(json.dumps(alert))
"""


def test_accounts_found_in_copies_are_compared_with_those_of_the_set(retweets: Path, tmp_path: Path) -> None:
    retweets.rename(tmp_path / "some.posts.jsonl.gz")
    path = tmp_path / "program"
    path.write_text(FINDS_TWO_IN_COPIES.format(python=sys.executable))
    path.chmod(0o755)
    chosen = DataSet("some", None, (Copies("interest", 2, 0.05), Copies("noise")))
    work = tmp_path / "work"
    work.mkdir()
    jobs = RealData(Program(path), tmp_path, work).jobs(chosen, with_copies=True)
    rows = {name: job() for name, job in jobs}
    assert rows["some"].accounts == 30
    assert rows["some, interest"].accounts == 2
    assert rows["some, interest"].chance_share == 2 / 30
    assert rows["some, interest"].passed is False
    assert rows["some, interest"].note == "networks/accounts by copy: 1/2, 1/2"
    assert rows["some, noise"].passed is False
    assert list(RealData(Program(path), tmp_path, work).jobs(DataSet("absent"), with_copies=True)) == []


@pytest.mark.slow
def test_one_set_is_measured_with_the_code_of_a_checkout(tmp_path: Path) -> None:
    rows = [
        {"post_id": str(n), "platform": "x", "account_id": f"u{n % 7}",
         "created_at": f"2017-09-01T10:{n:02}:00Z", "text": f"words of post {n}"}
        for n in range(60)
    ]  # fmt: skip
    write(tmp_path / "ira_de_2017_09.posts.jsonl.gz", rows)
    (tmp_path / "ira_de_2017_09.labels.csv").write_text("account_id,label,group\nu1,io,g\nu2,io,g\n")
    command = [sys.executable, "-m", "benchmarks.quality", str(tmp_path), "--code", str(ROOT), "--json"]
    chosen = ["--sets", "ira_de_2017_09", "--only", "real"]
    result = tmp_path / "rows.json"
    done = subprocess.run(
        [*command, str(result), *chosen], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(result.read_text())
    assert (row["data"], row["recall"], row["ceiling"], row["posts"]) == ("ira_de_2017_09", 0.0, 0.0, 60)
    assert done.stdout.count("ira_de_2017_09") == 1
    assert "ira_de_2017_09" in done.stderr

    wrong = subprocess.run(
        [*command[:-3], "--sets", "ira_1999"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 2
    assert "ira_de_2017_09" in wrong.stderr
