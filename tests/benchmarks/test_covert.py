"""The last alert of each network, for the benchmarks of covertness."""

from pathlib import Path

import msgspec

from benchmarks.covert import latest_alerts
from schemas.alerts import Alert, Lifecycle
from tests.schemas.samples import FULL

ALERT = FULL["alert"]


def alert(network: str, explanation: str, **fields: object) -> Alert:
    return msgspec.structs.replace(ALERT, network_id=network, explanation=explanation, **fields)


def latest(folder: Path, *alerts: Alert) -> list[tuple[str, str]]:
    path = folder / "alerts.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in alerts))
    return [(row.network_id, row.explanation) for row in latest_alerts(path)]


def test_given_several_alerts_of_a_network_then_the_last_one_counts(tmp_path: Path) -> None:
    rows = alert("n1", "Two accounts."), alert("n1", "Three accounts.")
    assert latest(tmp_path, *rows) == [("n1", "Three accounts.")]


def test_given_a_network_merged_into_another_then_only_the_other_counts(tmp_path: Path) -> None:
    rows = (
        alert("n1", "Two accounts."),
        alert("n2", "Three accounts."),
        alert("n1", "Two accounts.", lifecycle=Lifecycle.ABSORBED),
        alert("n2", "Five accounts.", lifecycle=Lifecycle.MERGED),
    )
    assert latest(tmp_path, *rows) == [("n2", "Five accounts.")]


def test_given_a_higher_priority_then_the_network_comes_first(tmp_path: Path) -> None:
    rows = alert("n1", "Low.", priority=1), alert("n2", "High.", priority=9)
    assert [network for network, _ in latest(tmp_path, *rows)] == ["n2", "n1"]
