"""What is wrong with an input is said: runs that cannot be trusted fail, and the others name what is odd."""

import json

import pytest

from tests.streams.cases.tables import ACCOUNTS, GROUP, WORLD, at, changed, table, toolkit_rows
from tests.streams.small_world import TOGETHER, write_jsonl

SHORT = lambda value, _: f"{int(value):.5E}"  # noqa: E731 - used as a value


def members(path):
    """The accounts of all alerts."""
    return {
        member["account_id"].removeprefix("x:")
        for line in path.read_text().splitlines()
        for member in json.loads(line)["members"]
    }


def run(lockstep, folder, content, *options):
    """Replay one file: exit status, what was said, and the accounts of networks."""
    (folder / "dump").write_text(content)
    done = lockstep("replay", "dump", "--alerts", "alerts.jsonl", *options)
    return done.returncode, " ".join(done.stderr.decode().split()), members(folder / "alerts.jsonl")


def by_channel(value, place):
    return str(place // 2)


FAILS = {
    "post ids that a spreadsheet shortened": (
        changed("message_id", SHORT),
        "rounded: a spreadsheet has cut off",
    ),
    "account ids that a spreadsheet shortened": (
        changed("user_id", SHORT),
        "rounded: a spreadsheet has cut off",
    ),
    "ids that count by channel": (changed("message_id", by_channel), "have the id of another post"),
    "times in exponent form": (
        changed("timestamp", lambda value, _: f"{int(value):.2e}"),
        "options(scipen = 999)",
    ),
    "American times": (
        changed("timestamp", lambda value, _: at(value, "%m/%d/%Y %I:%M %p")),
        'time_format = "%m/%d/%Y %I:%M %p"',
    ),
    "a zone of several meanings": (
        changed("timestamp", lambda value, _: at(value, "%Y-%m-%d %H:%M:%S IST")),
        "IST is no zone of one meaning",
    ),
    "a header alone": ([], "holds no post"),
}


@pytest.mark.parametrize(("rows", "words"), FAILS.values(), ids=FAILS)
def test_given_an_input_that_cannot_be_trusted_then_the_run_fails_and_says_why(
    lockstep, tmp_path, rows, words
):
    status, said, found = run(lockstep, tmp_path, table(rows))
    assert status == 1
    assert words in said
    assert not found


SAID = {
    "ids of 15 digits": (changed("user_id", lambda value, _: value[:15] + "0000"), "account ids such as"),
    "ids as numbers of a program": (
        changed("message_id", lambda value, _: str(int(float(value)))),
        "post ids such as",
    ),
    "reposts that are shortened": (
        changed("repost_id", lambda _, place: "1.72469E+18" if place % 3 == 0 else ""),
        "ids of reposted, answered or quoted posts are rounded",
    ),
}


@pytest.mark.parametrize(("rows", "words"), SAID.values(), ids=SAID)
def test_given_an_input_with_odd_ids_then_it_is_read_and_said(lockstep, tmp_path, rows, words):
    status, said, found = run(lockstep, tmp_path, table(rows))
    assert (status, len(found)) == (0, len(GROUP))
    assert words in said


def test_given_posts_twice_or_edited_then_it_is_said_and_the_networks_stay(lockstep, tmp_path):
    rows = toolkit_rows()
    edited = [{**row, "message": "edited"} for row in rows[::10]]
    status, said, found = run(lockstep, tmp_path, table([*rows, *rows[:100], *edited]))
    assert (status, found) == (0, GROUP)
    assert "(duplicate)" in said
    assert "(collision)" in said


def test_given_a_newer_part_before_an_older_one_then_nothing_is_lost(lockstep, tmp_path):
    rows = toolkit_rows()
    half = len(rows) // 2
    status, said, found = run(lockstep, tmp_path, table([*rows[half:], *rows[:half]]))
    assert (status, found) == (0, GROUP)
    assert "not used" not in said


def test_given_few_late_posts_beyond_what_is_looked_at_then_unordered_is_named(lockstep, tmp_path):
    (tmp_path / "few.toml").write_text("[input]\nlook_ahead_rows = 10\n")
    write_jsonl(tmp_path / "dump", [*WORLD, {**WORLD[0], "post_id": "late"}])
    done = lockstep("replay", "dump", "--config", "few.toml", "--dead-letters", "dead")
    assert done.returncode == 0
    (letter,) = map(json.loads, (tmp_path / "dead").read_text().splitlines())
    assert letter["reason"] == "late"
    assert "--unordered" in letter["detail"]


def test_given_many_late_posts_beyond_what_is_looked_at_then_the_run_fails(lockstep, tmp_path):
    (tmp_path / "few.toml").write_text("[input]\nlook_ahead_rows = 10\nbad_share_after = 100\n")
    older = len(WORLD) // 5
    long = [{**row, "text": "x" * 25_000} for row in [*WORLD[older:], *WORLD[:older]]]  # more than one batch
    write_jsonl(tmp_path / "dump", long)
    done = lockstep("replay", "dump", "--config", "few.toml")
    assert done.returncode == 1
    assert "--unordered" in done.stderr.decode()


@pytest.mark.slow
def test_given_a_wrong_date_long_ago_then_the_years_between_cost_next_to_nothing(lockstep, tmp_path):
    old = {**WORLD[0], "post_id": "old", "created_at": "2006-03-21T20:50:14Z"}
    write_jsonl(tmp_path / "dump", [old, *WORLD])
    done = lockstep("replay", "dump", "--alerts", "alerts.jsonl", "--timings", "timings.json")
    assert done.returncode == 0
    assert members(tmp_path / "alerts.jsonl") == set(TOGETHER)
    seconds = json.loads((tmp_path / "timings.json").read_text())
    assert seconds["uncredited_crowds"] < 5.0  # 17 years of days took half a minute


def test_given_posts_of_one_person_on_several_servers_then_a_warning_says_so(lockstep, tmp_path):
    rows = [
        {
            **row,
            "platform": "mastodon",
            "post_id": f"{server}-{row['post_id']}",
            "account_id": f"{server}{row['account_id']}",
            "text": f"a post with words number {place}",
        }
        for place, row in enumerate(WORLD)
        for server in range(3)
    ]
    write_jsonl(tmp_path / "dump", rows)
    done = lockstep("replay", "dump")
    assert done.returncode == 0
    assert "one person as several servers show them" in " ".join(done.stderr.decode().split())


def labels(names, separator=","):
    lines = [f"{name}{separator}{'io' if name in GROUP else 'organic'}" for name in names]
    return f"account_id{separator}label\n" + "\n".join(lines) + "\n"


def test_given_labels_in_other_forms_then_they_match_or_are_refused(lockstep, tmp_path):
    (tmp_path / "dump").write_text(table(toolkit_rows()))
    accounts = list(ACCOUNTS.values())
    for content in (labels(accounts), "\ufeff" + labels(accounts, ";"), labels(accounts, "\t")):
        (tmp_path / "labels.csv").write_text(content)
        done = lockstep("backtest", "dump", "--labels", "labels.csv", "--json", "figures.json")
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / "figures.json").read_text())["accounts"]["recall"] == 1.0
    handles = [f"{name},{'io' if name in TOGETHER else 'organic'}" for name in ACCOUNTS]
    (tmp_path / "labels.csv").write_text("account_id,label\n" + "\n".join(handles) + "\n")
    done = lockstep("backtest", "dump", "--labels", "labels.csv")
    assert done.returncode == 1
    assert "none of its" in done.stderr.decode()
    (tmp_path / "labels.csv").write_text("account_id,label\n1.50017E+18,io\n")
    done = lockstep("backtest", "dump", "--labels", "labels.csv")
    assert done.returncode == 1
    assert "is rounded" in done.stderr.decode()
