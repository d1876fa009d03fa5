"""Account profiles: the latest of each is added where an alert knows nothing yet."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InputError
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.profiles import read_profiles
from streams.settings.settings import InputSettings
from tests.streams.conftest import Lockstep


def profile(account: str, **more: Any) -> dict[str, Any]:
    return {"platform": "x", "account_id": account, "observed_at": "2023-01-01T00:00:00Z", **more}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_members_get_what_is_missing_from_the_latest_profile(
    lockstep: Lockstep, world: Path, tmp_path: Path
) -> None:
    write(
        tmp_path / "profiles.jsonl",
        profile("together0", handle="new", followers_count=9, observed_at="2023-02-01T00:00:00Z"),
        profile("together0", handle="old", followers_count=1),
        profile("together1", created_at="2020-01-31T00:00:00Z"),
        profile("nobody", handle="nobody"),
    )
    done = lockstep("replay", world, "--accounts", "profiles.jsonl", "--alerts", "-")
    assert done.returncode == 0, done.stderr.decode()
    alert = json.loads(done.stdout.splitlines()[-1])
    members = {member["account_id"]: member for member in alert["members"]}
    assert members["x:together0"]["handle"] == "new"
    assert members["x:together0"]["followers"] == 9
    assert members["x:together1"]["created_at"] == "2020-01-31T00:00:00Z"
    assert "handle" not in members["x:together1"]
    assert "handle" not in members["x:together2"]


def test_figures_given_by_posts_stay(lockstep: Lockstep, world: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) | {"followers_count": 5} for line in world.read_text().splitlines()]
    write(tmp_path / "posts", *rows)
    (tmp_path / "profiles.gz").write_bytes(
        gzip.compress(json.dumps(profile("together0", followers_count=9)).encode())
    )
    done = lockstep("replay", "posts", "--accounts", "profiles.gz", "--alerts", "-")
    alert = json.loads(done.stdout.splitlines()[-1])
    assert {member["followers"] for member in alert["members"]} == {5}


def test_lines_that_are_no_profiles_become_dead_letters(tmp_path: Path) -> None:
    path = write(
        tmp_path / "profiles",
        *(profile(str(number)) for number in range(10)),
        {"platform": "x", "observed_at": "2023-01-01T00:00:00Z"},
        profile("11", created_at="soon"),
        profile("12", followers_count=-1),
    )
    path.write_text(path.read_text() + "broken\n")
    log = DeadLetterLog(None, InputSettings())
    assert len(read_profiles(str(path), log)) == 10
    assert {reason.value: count for reason, count in log.counts.items()} == {
        "missing_field": 1,
        "bad_time": 1,
        "malformed": 2,
    }
    assert log.rows == 0  # they say nothing about the format of the posts


@pytest.mark.parametrize("content", ["", "account_id,handle\n1,a\n", '{"post_id": "1"}\n'])
def test_a_file_of_something_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "profiles").write_text(content)
    with pytest.raises(InputError, match="are no account profiles"):
        read_profiles(str(tmp_path / "profiles"), DeadLetterLog(None, InputSettings()))
