"""The table of the quality benchmark: one row for each measurement."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.runs.tables import FixedColumns


@dataclass(slots=True)
class QualityRow:
    """One measurement; fields that do not apply are None."""

    data: str
    posts: int | None = None
    alerts: int | None = None
    networks: float | None = None
    """Networks at the end; for several copies, their mean."""
    accounts: float | None = None
    """Accounts in them, labelled or not; for several copies, their mean."""
    chance_share: float | None = None
    """Accounts found in copies without coordination, divided by those found in the data themselves."""
    precision: float | None = None
    recall: float | None = None
    ceiling: float | None = None
    """Share of the positive accounts that share three objects or more with others of them within two hours."""
    attained: float | None = None
    """Recall divided by the ceiling."""
    f1: float | None = None
    average_precision: float | None = None
    purity: float | None = None
    """Mean share of a network's accounts that have its most frequent label."""
    pieces: int | None = None
    """Networks that hold positive accounts."""
    largest_piece: float | None = None
    """Share of the positive accounts found that one network holds."""
    pieces_by_group: float | None = None
    """Networks that hold accounts of one labelled group, mean over groups."""
    first_detection_s: float | None = None
    """Event time from the first post to the first alert on a mostly positive network."""
    seconds: float | None = None
    """Wall-clock time of the run, or of all runs in this row together."""
    passed: bool | None = None
    """Whether the criterion is met: no alert in noise, few accounts in copies, pairs equal to the oracle's, no failed
    run."""
    note: str = ""


COLUMNS = FixedColumns(
    {
        "data": 27, "networks": 8, "accounts": 8, "by chance": 9, "precision": 9, "recall": 6, "ceiling": 7,
        "attained": 8, "purity": 6, "AP": 5, "pieces": 6, "largest": 7, "per group": 9, "first h": 7, "s": 6,
        "check": 5, "note": 0,
    }
)  # fmt: skip
"""Columns with their widths, so that a row can be printed as soon as it is measured."""


def table(rows: Sequence[QualityRow]) -> str:
    """Render all rows as one markdown table; event time is shown in hours."""
    return "\n".join([COLUMNS.header, *map(line, rows)])


def line(row: QualityRow) -> str:
    """Render one row of the table."""
    return COLUMNS.line(_cells(row))


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
    return [
        row.data,
        *(_count(count) for count in (row.networks, row.accounts)),
        *(
            _shown(share, ".3f")
            for share in (row.chance_share, row.precision, row.recall, row.ceiling, row.attained)
        ),
        *(_shown(share, ".3f") for share in (row.purity, row.average_precision)),
        _count(row.pieces),
        _shown(row.largest_piece, ".2f"),
        _shown(row.pieces_by_group, ".1f"),
        _shown(hours, ".1f"),
        _shown(row.seconds, ".1f"),
        "" if row.passed is None else "ok" if row.passed else "FAILS",
        row.note.replace("|", "/"),
    ]


def _count(value: float | None) -> str:
    """A number of things; a mean has one decimal place."""
    return _shown(value, ",.0f" if value is None or value == int(value) else ",.1f")


def _shown(value: float | None, style: str) -> str:
    return "" if value is None else format(value, style)
