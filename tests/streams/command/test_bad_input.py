"""Bad input: a message, the right exit status, never a traceback, and no row lost silently."""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import zstandard

from tests.streams.conftest import Lockstep
from tests.streams.small_world import START, TOGETHER, Post, post, small_world, write_jsonl

ROWS = small_world()


def lines(rows: list[Post]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def shuffled(rows: list[Post]) -> list[Post]:
    return rows[1::2] + rows[::2]


def with_time(rows: list[Post], *times: str) -> list[Post]:
    strange = [
        {**rows[0], "post_id": f"strange{n}", "account_id": f"strange{n}", "created_at": at}
        for n, at in enumerate(times)
    ]
    return rows[:10] + strange + rows[10:]


GOOD = lines(ROWS)

UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b"\n\n \n", "is empty"),
    "no known columns": (b"a,b,c\n1,2,3\n", "no known format has these columns: a, b, c"),
    "other objects": (b'{"hello": "world"}\n', "in no known format"),
    "only a header": (b"object_id,account_id,content_id,timestamp_share\n", "holds no post"),
    "zip": (b"PK\x03\x04" + bytes(200), "the zip archive is corrupted"),
    "no usable row": (
        lines([{**row, "created_at": "soon"} for row in ROWS[:20]]),
        "none of 20 rows can be used",
    ),
    "mostly broken": (
        GOOD + b"{broken\n" * 3_000,
        "cannot be used. The most frequent reason is 'malformed' (3,000 rows",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_input_that_cannot_be_read_is_named_with_the_reason(
    name: str, lockstep: Lockstep, tmp_path: Path
) -> None:
    content, reason = UNREADABLE[name]
    (tmp_path / "dump").write_bytes(content)
    done = lockstep("replay", "dump", "--alerts", "out.jsonl")
    assert done.returncode == 1
    assert reason in done.stderr.decode()
    assert "dump" in done.stderr.decode()


SET_ASIDE: dict[str, tuple[bytes, dict[str, int]]] = {
    "half-broken rows": (GOOD + b'{"post_id": "x"\n{}\n', {"malformed": 1, "missing_field": 1}),
    "bytes that are not UTF-8": (GOOD + b'{"post_id": "\xff"}\n', {"not_utf8": 1}),
    "NUL bytes": (GOOD + b"\0\0\0\n", {"malformed": 1}),
    "10 MB of text": (
        lines([*ROWS, post(9_999, "loud", START, "u", text="a" * 10_000_000)]),
        {"oversized": 1},
    ),
    "1970 and 2100": (
        lines(with_time(ROWS, "1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z")),
        {"bad_time": 2},
    ),
    "posts given twice": (lines([row for row in ROWS for _ in range(2)]), {"duplicate": len(ROWS)}),
}


@pytest.mark.parametrize("name", SET_ASIDE)
def test_rows_that_cannot_be_used_are_kept_with_the_reason_and_stop_nothing(
    name: str, lockstep: Lockstep, tmp_path: Path
) -> None:
    content, reasons = SET_ASIDE[name]
    (tmp_path / "dump").write_bytes(content)
    done = lockstep("replay", "dump", "--alerts", "out.jsonl", "--dead-letters", "dead.jsonl")
    assert done.returncode == 0, done.stderr.decode()
    dead = [json.loads(line) for line in (tmp_path / "dead.jsonl").read_text().splitlines()]
    assert {reason: sum(letter["reason"] == reason for letter in dead) for reason in reasons} == reasons
    assert len(dead) == sum(reasons.values())
    assert all(letter["detail"] and letter["source"] == "dump" for letter in dead)
    assert found_members(tmp_path / "out.jsonl") == set(TOGETHER)
    for reason in reasons:
        assert f"({reason})" in done.stderr.decode()


def found_members(alerts: Path) -> set[str]:
    return {
        member["account_id"].partition(":")[2]
        for line in alerts.read_text().splitlines()
        for member in json.loads(line)["members"]
    }


def test_when_a_compressed_dump_ends_early_then_all_before_is_used_and_the_run_fails(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    (tmp_path / "whole").write_bytes(GOOD[: len(GOOD) // 2])
    (tmp_path / "cut.gz").write_bytes(gzip.compress(GOOD[: len(GOOD) // 2], mtime=0)[:-8])
    outputs = ("--alerts", "out.jsonl", "--report", "out.html", "--dead-letters", "dead.jsonl")
    done = lockstep("replay", "cut.gz", *outputs)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "the gzip data end early" in said.splitlines()[-1]
    assert "posts in" in said
    assert (tmp_path / "out.html").stat().st_size > 0
    assert lockstep("replay", "whole", "--alerts", "whole.jsonl").returncode == 0
    assert found_members(tmp_path / "out.jsonl") == found_members(tmp_path / "whole.jsonl")


@pytest.mark.parametrize(
    ("name", "pack"),
    [("gzip", gzip.compress), ("zstd", zstandard.compress), ("bom", lambda data: b"\xef\xbb\xbf" + data)],
)
def test_the_content_of_a_dump_shows_how_it_is_wrapped(
    name: str, pack: Callable[[bytes], bytes], lockstep: Lockstep, tmp_path: Path
) -> None:
    (tmp_path / "dump.txt").write_bytes(pack(GOOD))
    assert lockstep("replay", "dump.txt", "--alerts", "out.jsonl").returncode == 0
    assert found_members(tmp_path / "out.jsonl") == set(TOGETHER)


@pytest.mark.slow
def test_the_installed_program_does_the_same(program: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(GOOD, mtime=0)[:-8])
    assert program("replay", "cut.gz", "--alerts", "out.jsonl").returncode == 1
    assert program("replay", "-", stdin=b"").returncode == 1
    assert program("replay", "-", stdin=GOOD + b"\0\xff\n").returncode == 0
    assert program("replay", "-", "--nope", stdin=GOOD).returncode == 2


@pytest.mark.parametrize("option", [[], ["--unordered"]])
def test_a_dump_without_order_is_recognised_or_sorted_on_request(
    option: list[str], lockstep: Lockstep, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "dump", shuffled(ROWS))
    done = lockstep("replay", "dump", "--alerts", "out.jsonl", *option)
    assert done.returncode == 0
    assert "not used" not in done.stderr.decode()
    assert found_members(tmp_path / "out.jsonl") == set(TOGETHER)


@pytest.mark.slow
def test_one_dump_or_its_parts_or_a_glob_or_standard_input_give_the_same_alerts(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "whole", ROWS)
    for part in range(3):
        write_jsonl(tmp_path / f"part{part}", ROWS[part::3])
    ways = (["whole"], ["part0", "part1", "part2"], ["part[0-9]"], ["-"])
    members = []
    for way in ways:
        done = lockstep("replay", *way, "--alerts", "-", stdin=GOOD)
        assert done.returncode == 0
        alerts = [json.loads(line) for line in done.stdout.splitlines()]
        for alert in alerts:
            del alert["emitted_at"], alert["run_id"]
        members.append(alerts)
    assert members[0]
    assert all(each == members[0] for each in members)


def test_when_nothing_is_coordinated_then_the_summary_says_so_and_all_is_well(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "dump", small_world(objects=0))
    done = lockstep("replay", "dump", "--alerts", "out.jsonl")
    assert done.returncode == 0
    assert "No network was found" in done.stderr.decode()
    assert (tmp_path / "out.jsonl").read_bytes() == b""


class ReportTags(HTMLParser):
    """The scripts of a page, its policy, and the attributes that could run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.policy = ""
        self.unsafe: list[tuple[str, str, str | None]] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self.unsafe += [
            (tag, name, value)
            for name, value in attrs
            if name.startswith("on")
            or name in ("src", "srcdoc", "action", "formaction", "style")
            or ("script" in (value or "").partition(":")[0].lower() and name.endswith("href"))
        ]

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def test_given_hostile_names_then_neither_terminal_nor_report_obeys_them(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    evil = "\x1b[2J\x07[red]<script>alert(1)</script>\u202e{{7*7}}"
    rows = [
        {**row, "account_id": f"{evil}{row['account_id']}", "platform": evil, "urls": [row["urls"][0] + evil]}
        for row in ROWS
    ]
    write_jsonl(tmp_path / "dump", rows)
    done = lockstep("replay", "dump", "--report", "out.html", "--pairs", "out.csv")
    assert done.returncode == 0
    said = done.stderr.decode()
    assert "5 accounts" in said
    assert "[red]" in said  # shown, not obeyed
    page = (tmp_path / "out.html").read_text()
    tags = ReportTags()
    tags.feed(page)
    # each account has its name in the list of members, as text: cut, so that the end is in the file of pairs alone
    assert page.count("<tr><td>[2j [red]&lt;script&gt;alert(1)&lt;/script&gt;{{7*7") == len(TOGETHER)
    assert all(account in (tmp_path / "out.csv").read_text() for account in TOGETHER)
    assert "{{7*7}}" in page
    # the only script is the page's own, and the policy lets no other one run
    (script,) = tags.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in tags.policy
    assert "alert(" not in script
    assert tags.unsafe == []
    for text in (said, page):
        assert not set(text) & set("\x1b\x07\u202e")


def test_a_file_name_that_is_not_utf8_can_be_read_and_named(lockstep: Lockstep, tmp_path: Path) -> None:
    name = os.fsdecode(b"dump\xff")
    (tmp_path / name).write_bytes(GOOD + b"broken\n")
    done = lockstep("replay", name, "--dead-letters", "dead.jsonl", "--report", "out.html")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads((tmp_path / "dead.jsonl").read_text())["source"] == "dump?"
