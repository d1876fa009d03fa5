"""Accounts that are erased are in no output, and nothing of them counts."""

import json
from pathlib import Path

import pytest

from tests.streams.conftest import Lockstep
from tests.streams.small_world import TOGETHER, small_world, write_jsonl

NAMES = [f"x:{name}" for name in TOGETHER]


@pytest.fixture
def posts(lockstep: Lockstep) -> Path:
    return write_jsonl(Path("posts.jsonl"), small_world())


def test_given_an_erased_account_then_no_output_names_it_and_the_others_are_found(
    lockstep: Lockstep, posts: Path
) -> None:
    Path("erased.txt").write_text(f"\ufeff# asked for on 3 March\n\nTwitter:{TOGETHER[0]}\n")
    written = ("alerts", "networks", "signals", "pairs", "report")
    outputs = [word for name in written for word in (f"--{name}", f"{name}.out")]

    done = lockstep("replay", posts, "--erased", "erased.txt", *outputs)

    assert done.returncode == 0, done.stderr.decode()
    assert b"posts of erased accounts (12)" in done.stderr
    everything = "".join(Path(f"{name}.out").read_text() for name in written) + done.stdout.decode()
    assert NAMES[0] not in everything
    last = json.loads(Path("alerts.out").read_text().splitlines()[-1])
    assert [member["account_id"] for member in last["members"]] == NAMES[1:]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x:1\n2\n", "line 2 of erased.txt names no account. Give each as platform:account_id"),
        (b"x:1\n\xff\n", "erased.txt: byte 5 is not UTF-8"),
        (None, "erased.txt: no such file"),
    ],
)
def test_given_a_file_of_erased_accounts_that_cannot_be_used_then_the_run_says_why(
    lockstep: Lockstep, posts: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        Path("erased.txt").write_bytes(content)
    done = lockstep("replay", posts, "--erased", "erased.txt", "--alerts", "alerts.jsonl")
    assert done.returncode in (1, 2)
    assert said in " ".join(done.stderr.decode().split())
    assert not Path("alerts.jsonl").exists()
