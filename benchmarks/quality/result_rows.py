"""The table of the quality benchmark: one row for each measurement."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.runs.tables import markdown


@dataclass(slots=True)
class QualityRow:
    """One measurement; fields that do not apply are None."""

    data: str
    posts: int | None = None
    alerts: int | None = None
    networks: int | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    average_precision: float | None = None
    purity: float | None = None
    """Mean share of a network's accounts that have its most frequent label."""
    first_detection_s: float | None = None
    """Event time from the first post to the first alert on a mostly positive network."""
    seconds: float | None = None
    """Wall-clock time of the run, or of all runs in this row together."""
    passed: bool | None = None
    """Whether the criterion is met: no alert in noise, pairs equal to the oracle's, no failed run."""
    note: str = ""


def table(rows: Sequence[QualityRow]) -> str:
    """Render all rows as one markdown table; event time is shown in hours."""
    header = ["data", "posts", "alerts", "networks", "precision", "recall", "F1", "AP", "purity"]
    header += ["first h", "s", "check", "note"]
    return markdown(header, [_cells(row) for row in rows])


def write_json(rows: Sequence[QualityRow], path: Path) -> None:
    """Write all rows, every field, seconds as seconds."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def backtest_row(data: str, result: Path, seconds: float, note: str = "") -> QualityRow:
    """Read the JSON of a backtest; missing figures stay unknown."""
    report = json.loads(result.read_bytes())
    accounts, networks = report.get("accounts") or {}, report.get("networks") or {}
    return QualityRow(
        data,
        posts=report.get("posts"),
        alerts=report.get("alerts"),
        networks=networks.get("count"),
        precision=accounts.get("precision"),
        recall=accounts.get("recall"),
        f1=accounts.get("f1"),
        average_precision=accounts.get("average_precision"),
        purity=networks.get("purity"),
        first_detection_s=report.get("first_detection_s"),
        seconds=seconds,
        note=note,
    )


def _cells(row: QualityRow) -> list[str]:
    hours = None if row.first_detection_s is None else row.first_detection_s / 3600
    shares = (row.precision, row.recall, row.f1, row.average_precision, row.purity)
    return [
        row.data,
        *(_shown(count, ",d") for count in (row.posts, row.alerts, row.networks)),
        *(_shown(share, ".3f") for share in shares),
        _shown(hours, ".1f"),
        _shown(row.seconds, ".1f"),
        "" if row.passed is None else "ok" if row.passed else "FAILS",
        row.note.replace("|", "/"),
    ]


def _shown(value: float | None, style: str) -> str:
    return "" if value is None else format(value, style)
