"""The networks found in the shipped data sets, in brief: written by `make golden`, checked by a test.

python -m tests.golden_alerts
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from streams.command.program import app

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
SETS = {
    "coortweet_russian": [],
    "coortweet_german": ["--config", str(ROOT / "examples" / "coortweet_german.toml")],
}
_DETECTOR = "co_share."


def found(name: str) -> list[dict[str, Any]]:
    """Replay one of the sets; give the last alert of each network in brief, by first seen."""
    with tempfile.TemporaryDirectory() as folder:
        alerts = Path(folder) / "alerts.jsonl"
        data = ROOT / "examples" / "data" / f"{name}.csv.gz"
        options = [*SETS[name], "--alerts", str(alerts), "--no-progress"]
        done = CliRunner().invoke(app, ["replay", str(data), *options])
        if done.exit_code:
            raise RuntimeError(f"{name}: {done.stderr}")
        latest = {alert["network_id"]: alert for alert in _read(alerts)}
    brief = [_brief(alert) for alert in latest.values()]
    return sorted(brief, key=lambda network: (network["first_seen"], network["network_id"]))


def golden(name: str) -> list[dict[str, Any]]:
    """What was found when the file was last written."""
    lines = (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _brief(alert: dict[str, Any]) -> dict[str, Any]:
    detectors = [signal["detector"] for signal in alert["signals"]]
    return {
        "network_id": alert["network_id"],
        "lifecycle": alert["lifecycle"],
        "revision": alert["revision"],
        "member_count": alert["member_count"],
        "first_seen": alert["event_time_start"],
        "kinds": [d.removeprefix(_DETECTOR) for d in detectors if d.startswith(_DETECTOR)],
        "coordination": alert["coordination"],
        "headline": alert["headline"],
    }


def _read(alerts: Path) -> Iterator[dict[str, Any]]:
    for line in alerts.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def main() -> None:
    """Write all golden files."""
    GOLDEN.mkdir(exist_ok=True)
    for name in SETS:
        networks = found(name)
        text = "".join(json.dumps(network) + "\n" for network in networks)
        (GOLDEN / f"{name}.jsonl").write_text(text, encoding="utf-8")
        print(f"wrote {GOLDEN.relative_to(ROOT) / name}.jsonl: {len(networks)} networks")


if __name__ == "__main__":
    main()
