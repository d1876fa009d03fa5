"""A replay whose suspected network goes quiet: the newest revision keeps what was assessed, muted or not."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.command.program import app
from tests.detectors.test_quiet_networks import world
from tests.streams.press_files import write_posts, write_registry

pytestmark = pytest.mark.slow


def newest(folder: Path, *options: str) -> dict[str, Any]:
    """The last alert of the replay."""
    posts = write_posts(world(), folder / "posts.jsonl")
    registry = write_registry(folder / "registry.jsonl")
    alerts = folder / "alerts.jsonl"
    command = ["replay", str(posts), "--registry", str(registry), "--alerts", str(alerts), "--no-progress"]
    done = CliRunner().invoke(app, [*command, *options])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = [json.loads(line) for line in alerts.read_text().splitlines()]
    assert len({alert["network_id"] for alert in found}) == 1
    return found[-1]


def test_given_a_network_that_goes_quiet_then_a_reader_of_the_newest_revision_still_sees_it(
    tmp_path: Path,
) -> None:
    alert = newest(tmp_path)

    assert (alert["severity"], alert["lifecycle"]) == ("high", "quiet")
    assert alert["covertness"] >= 0.5
    assert alert["assessed_at"] > alert["event_time_end"]
    assert "No posts of its members since 18 September 2020." in alert["explanation"]

    review = {
        "event_id": "e1", "alert_id": alert["alert_id"], "alert_revision": 1, "network_id": alert["network_id"],
        "actor": "r", "role": "reviewer", "at": "2026-01-01T00:00:00Z", "kind": "mute", "reason": "a school",
    }  # fmt: skip
    (tmp_path / "reviews.jsonl").write_text(json.dumps(review))
    muted = newest(tmp_path, "--reviews", str(tmp_path / "reviews.jsonl"))

    assert (muted["severity"], muted["lifecycle"]) == ("info", "quiet")
    assert muted["suppression"] == {"rule_id": "review:e1", "reason": "a school"}
    assert muted["covertness"] == alert["covertness"]
