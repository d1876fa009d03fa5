"""Worlds in which accounts are few, so that one reader of two groups ties them."""

from pathlib import Path

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.networks import Lifecycle
from streams.simulation.records.canonical import read_labels
from tests.streams.conftest import Lockstep


@pytest.mark.slow
def test_given_a_journalist_who_shares_texts_with_a_suspected_network_then_it_stays_one_of_its_own(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    simulated = lockstep(
        "simulate", "diaspora-press", "--accounts", "1500", "--days", "5", "--seed", "11", "--out", "world"
    )
    assert simulated.returncode == 0, simulated.stderr.decode()
    done = lockstep(
        "replay", "world/posts.jsonl.gz", "--registry", "world/registry.jsonl",
        "--follows", "world/follows.jsonl.gz", "--accounts", "world/accounts.jsonl.gz", "--alerts", "alerts.jsonl",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()

    alerts = msgspec.json.Decoder(Alert).decode_lines((tmp_path / "alerts.jsonl").read_bytes())
    last = {alert.network_id: alert for alert in alerts if alert.lifecycle != Lifecycle.ABSORBED}
    suspected = [alert for alert in last.values() if (alert.covertness or 0.0) >= 0.5]
    labels = read_labels(tmp_path / "world" / "labels.csv")
    planted = {f"x:{label.account_id}" for label in labels if label.label == "io"}
    assert len(planted) == 3
    assert [{member.account_id for member in alert.members} for alert in suspected] == [planted]
