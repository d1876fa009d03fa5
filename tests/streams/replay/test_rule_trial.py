"""`--try-suppressions`: what rules would mute and allow is what they do mute and allow once they are in force."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.reviews import RuleKind, SuppressionRule
from tests.detectors.press_world import MEMBERS, posts
from tests.streams.conftest import Lockstep, lockstep, world
from tests.streams.press_files import write_posts, write_registry

__all__ = ["lockstep", "world"]
_OF_THE_RUN = ("emitted_at", "run_id", "provenance")


def write_rules(path: Path, *rules: SuppressionRule) -> Path:
    path.write_bytes(b"\n".join(map(msgspec.json.encode, rules)))
    return path


def rule(rule_id: str, kind: RuleKind, *accounts: str, network: str | None = None) -> SuppressionRule:
    return SuppressionRule(
        rule_id=rule_id, kind=kind, account_ids=list(accounts), network_id=network, reason="a newsroom"
    )


class Runs:
    """Replays of one world."""

    def __init__(self, lockstep: Lockstep, folder: Path) -> None:
        self._lockstep = lockstep
        self._folder = folder
        self._dump = write_posts(posts(), folder / "posts.jsonl")
        self._registry = write_registry(folder / "registry.jsonl")

    def __call__(self, *options: str | Path) -> tuple[list[dict[str, Any]], str]:
        alerts = self._folder / "alerts.jsonl"
        done = self._lockstep(
            "replay", self._dump, "--registry", self._registry, "--alerts", alerts, "--no-progress", *options
        )
        assert done.returncode == 0, done.stderr.decode()
        found = [json.loads(line) for line in alerts.read_text().splitlines()]
        for alert in found:
            for name in _OF_THE_RUN:
                alert.pop(name)
        return found, " ".join(done.stderr.decode().split())


def noticed(alerts: list[dict[str, Any]]) -> int:
    return sum(alert["severity"] != "info" for alert in alerts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(RuleKind))
def test_given_new_rules_then_the_summary_says_what_they_do_once_they_are_in_force(
    lockstep: Lockstep, tmp_path: Path, kind: RuleKind
) -> None:
    run = Runs(lockstep, tmp_path)
    plain, _ = run()
    suspected = [alert for alert in plain if alert["severity"] != "info"]
    assert suspected
    rules = write_rules(
        tmp_path / "new.jsonl",
        rule("r-trio", kind, *MEMBERS),
        rule("r-idle", RuleKind.MUTE, network="net-no"),
    )
    tried, said = run("--try-suppressions", rules)
    assert tried == plain  # the outputs are those without the rules
    in_force, _ = run("--suppressions", rules)
    assert noticed(in_force) < noticed(plain)
    assert f"1 network had {noticed(plain)} alert" in said
    assert f"would have had {noticed(in_force)}" in said
    assert "r-idle (mute: a newsroom): would have changed nothing in these data." in said
    network = suspected[-1]["network_id"]
    if kind is RuleKind.MUTE:
        fewer = noticed(plain) - noticed(in_force)
        assert "r-trio (mute: a newsroom): would have muted 1 network: " in said
        assert f"{network}, 3 accounts, highest severity {suspected[-1]['severity']}, {fewer} alert" in said
    else:
        assert "r-trio (allow: a newsroom): would have allowed accounts of 1 network: " in said
        assert f"{network}, 3 of 3 accounts, no longer suspected" in said


@pytest.mark.slow
def test_given_a_rule_that_is_in_force_already_then_a_new_one_for_the_same_changes_nothing(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    run = Runs(lockstep, tmp_path)
    old = write_rules(tmp_path / "old.jsonl", rule("r-old", RuleKind.MUTE, *MEMBERS))
    new = write_rules(tmp_path / "new.jsonl", rule("r-new", RuleKind.MUTE, *MEMBERS))
    _, said = run("--suppressions", old, "--try-suppressions", new)
    assert "muted by reviewers' rules" in said
    assert "r-new (mute: a newsroom): would have changed nothing in these data." in said


def test_given_a_file_that_holds_no_rules_then_the_run_ends_before_it_reads_posts(
    lockstep: Lockstep, tmp_path: Path, world: Path
) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"rule_id": "r"}')
    done = lockstep("replay", world, "--try-suppressions", wrong)
    assert done.returncode == 1 and b"line 1" in done.stderr
    assert b"posts in" not in done.stderr
