"""`lockstep backtest --reviews`: precision by the labels of reviewers, beside that by the labels of accounts."""

import json
from pathlib import Path

import msgspec
import pytest

from schemas.reviews import ReviewLabel
from tests.streams.calibration.test_calibrate import label
from tests.streams.conftest import Lockstep, lockstep, world

__all__ = ["lockstep", "world"]


@pytest.mark.slow
def test_given_reviews_then_a_backtest_reports_how_right_reviewers_found_its_networks(
    lockstep: Lockstep, world: Path, tmp_path: Path
) -> None:
    assert lockstep("replay", world, "--alerts", "alerts.jsonl").returncode == 0
    alerts = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    network = alerts[0]["network_id"]
    (tmp_path / "labels.csv").write_text(f"account_id,label\n{alerts[0]['members'][0]['account_id']},io\n")
    (tmp_path / "reviews.jsonl").write_bytes(
        b"\n".join(
            map(
                msgspec.json.encode,
                [label(network, ReviewLabel.BENIGN_AUTOMATION), label("gone", ReviewLabel.NOT_COORDINATED)],
            )
        )
    )
    command = ("backtest", world, "--labels", "labels.csv", "--json", "figures.json")
    assert lockstep(*command).returncode == 0
    assert "reviewed" not in json.loads((tmp_path / "figures.json").read_text())
    done = lockstep(*command, "--reviews", "reviews.jsonl")
    assert done.returncode == 0, done.stderr.decode()
    reviewed = json.loads((tmp_path / "figures.json").read_text())["reviewed"]
    assert reviewed["labelled"]["benign_automation"] == 1
    assert reviewed["unknown"] == 1
    assert (reviewed["coordinated"]["right"], reviewed["coordinated"]["networks"]) == (1, 1)
    assert (reviewed["inauthentic"]["right"], reviewed["inauthentic"]["high"]) == (0, 0.975)
    assert "1 of 1: 1.00" in " ".join(done.stderr.decode().split())
