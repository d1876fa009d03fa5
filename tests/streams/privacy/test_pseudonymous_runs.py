"""Runs under pseudonyms find what runs in the clear find, and none of their outputs has a name; from outside."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from schemas.values import PSEUDONYM
from streams.privacy.keys import PseudonymKey
from streams.privacy.pseudonyms import Pseudonyms
from tests.streams.conftest import Lockstep

KEY = "a1" * 32
OTHER_KEY = "b2" * 32
SETTINGS = '[privacy]\npseudonymise = true\nkey_file = "key"\n'


def members(path: Path) -> dict[frozenset[str], tuple[str, float | None]]:
    """The members of each network in its last alert, with severity and covertness."""
    latest: dict[str, dict[str, Any]] = {}
    for line in path.read_text().splitlines():
        alert = json.loads(line)
        latest[alert["network_id"]] = alert
    return {
        frozenset(member["account_id"] for member in alert["members"]): (
            alert["severity"],
            alert.get("covertness"),
        )
        for alert in latest.values()
    }


def pseudonym(account: str) -> str:
    platform, _, name = account.partition(":")
    if platform == "web":
        return account
    return f"{platform}:{Pseudonyms(PseudonymKey(bytes.fromhex(KEY))).name(platform, name)}"


@pytest.fixture
def world(lockstep: Lockstep, tmp_path: Path) -> Path:
    """A simulated world with registry, profiles and follow events; the key and the settings beside it."""
    folder = tmp_path / "world"
    done = lockstep(
        "simulate", "diaspora-press", "--out", folder, "--accounts", "800", "--days", "3", "--posts", "8000"
    )
    assert done.returncode == 0, done.stderr.decode()
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "private.toml").write_text(SETTINGS)
    return folder


def replay(lockstep: Lockstep, world: Path, name: str, *more: str | Path) -> str:
    files = {path.name.partition(".")[0]: path for path in world.iterdir()}
    done = lockstep(
        "replay", files["posts"], "--registry", files["registry"], "--accounts", files["accounts"],
        "--follows", files["follows"], "--alerts", f"{name}.jsonl", "--networks", f"{name}.networks.jsonl",
        "--pairs", f"{name}.csv", "--report", f"{name}.html", "--dead-letters", f"{name}.dead.jsonl", *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode()


@pytest.mark.slow
def test_a_run_under_pseudonyms_finds_the_same_networks_and_names_nobody(
    lockstep: Lockstep, world: Path, tmp_path: Path
) -> None:
    replay(lockstep, world, "clear")
    said = replay(lockstep, world, "private", "--config", "private.toml")

    clear = {
        frozenset(map(pseudonym, accounts)): judged
        for accounts, judged in members(tmp_path / "clear.jsonl").items()
    }
    assert clear
    assert any(severity != "info" for severity, _ in clear.values())
    assert members(tmp_path / "private.jsonl") == clear

    alerts = [json.loads(line) for line in (tmp_path / "private.jsonl").read_text().splitlines()]
    assert all(alert["privacy"] == {"pseudonymised": True} for alert in alerts)
    accounts = {account for group in members(tmp_path / "clear.jsonl") for account in group}
    names = {account.partition(":")[2] for account in accounts if not account.startswith("web:")}
    profiles = next(path for path in world.iterdir() if path.name.startswith("accounts"))
    handles = known_handles(profiles, names)
    assert handles
    outputs = said + "".join(
        (tmp_path / f"private{end}").read_text()
        for end in (".jsonl", ".networks.jsonl", ".csv", ".html", ".dead.jsonl")
    )
    words = set(re.findall(r"[\w.-]+", outputs))
    assert not names & words
    assert not {handle for handle in handles if re.search(rf"@{re.escape(handle)}\b", outputs)}


def known_handles(path: Path, names: set[str]) -> set[str]:
    import gzip

    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in data.splitlines()]
    return {row["handle"] for row in rows if row["account_id"] in names and row.get("handle")}


@pytest.mark.slow
def test_pseudonyms_are_found_again_with_the_key_and_only_with_it(
    lockstep: Lockstep, world: Path, tmp_path: Path
) -> None:
    replay(lockstep, world, "clear")
    replay(lockstep, world, "private", "--config", "private.toml")
    posts = next(path for path in world.iterdir() if path.name.startswith("posts"))

    done = lockstep(
        "pseudonyms",
        "relink",
        "private.jsonl",
        "--from",
        posts,
        "--config",
        "private.toml",
        "--out",
        "names.csv",
    )
    assert done.returncode == 0, done.stderr.decode()
    found = dict(list(csv.reader((tmp_path / "names.csv").read_text().splitlines()))[1:])
    expected = {account for group in members(tmp_path / "clear.jsonl") for account in group}
    assert expected <= {*found.values(), *(name for name in expected if name.startswith("web:"))}
    assert all(
        pseudonym(name).partition(":")[2] == made
        for made, name in found.items()
        if ":" in name and " " not in name
    )

    # after a rotation the old key stands behind the new one
    (tmp_path / "key").write_text(f"{OTHER_KEY}\n{KEY}\n")
    again = lockstep("pseudonyms", "relink", "private.jsonl", "--from", posts, "--config", "private.toml")
    assert again.stdout.decode() == (tmp_path / "names.csv").read_text()
    (tmp_path / "key").write_text(f"{OTHER_KEY}\n")
    without = lockstep("pseudonyms", "relink", "private.jsonl", "--from", posts, "--config", "private.toml")
    assert without.stdout.decode() == "pseudonym,name\n"
    assert "is not in the key file" in without.stderr.decode()


def test_a_key_is_made_once_and_for_its_owner_alone(lockstep: Lockstep, tmp_path: Path) -> None:
    assert lockstep("pseudonyms", "key", "--out", "key").returncode == 0
    text = (tmp_path / "key").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}\n", text)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    again = lockstep("pseudonyms", "key", "--out", "key")
    assert again.returncode == 2
    assert (tmp_path / "key").read_text() == text


@pytest.mark.parametrize(
    ("settings", "key", "said"),
    [
        ("pseudonymise = true\n", None, "pseudonyms need a key"),
        ('pseudonymise = true\nkey_file = "absent"\n', None, "absent: cannot be read"),
        ('pseudonymise = true\nkey_file = "key"\n', "short", "holds no key"),
        ('pseudonymise = true\nkey = "0123"\n', None, "do not put a key into the settings"),
    ],
)
def test_without_a_good_key_nothing_runs(
    settings: str, key: str | None, said: str, lockstep: Lockstep, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text(f"[privacy]\n{settings}")
    (tmp_path / "p.jsonl").write_text(
        '{"post_id": "1", "platform": "x", "account_id": "a", "created_at": "2023-02-14T00:00:00Z"}\n'
    )
    if key is not None:
        (tmp_path / "key").write_text(key)
    done = lockstep("replay", "p.jsonl", "--config", "c.toml", "--alerts", "a.jsonl")
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert "0123" not in done.stderr.decode()
    assert not (tmp_path / "a.jsonl").exists()


def test_what_cannot_be_read_is_kept_without_its_content(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "c.toml").write_text(SETTINGS)
    row = {
        "platform": "x",
        "account_id": "secretname",
        "created_at": "2023-02-14T00:00:00Z",
        "text": "@secretname",
    }
    rows = [row, {**row, "post_id": "1"}, {**row, "post_id": "1"}, {**row, "post_id": "2"}]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    done = lockstep("replay", "p.jsonl", "--config", "c.toml", "--dead-letters", "d.jsonl")
    assert done.returncode == 0, done.stderr.decode()
    letters = (tmp_path / "d.jsonl").read_text()
    assert [json.loads(line)["reason"] for line in letters.splitlines()] == ["missing_field", "duplicate"]
    assert "secretname" not in letters
    assert PSEUDONYM.search(letters)
