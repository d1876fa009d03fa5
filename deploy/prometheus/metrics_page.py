"""Writes the tables of docs/operations/metrics.md from the declared metrics (`make dashboards`); --check compares."""

import re
import sys
from pathlib import Path
from typing import Any

from streams.metrics.metric_families import Declared
from streams.metrics.metrics import CollectorMetrics, RunMetrics, WorkerMetrics

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations" / "metrics.md"
_TABLE = re.compile(r"(<!-- metrics: (worker|run|collector) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with current tables."""
    tables = {
        "worker": WorkerMetrics.declared,
        "run": RunMetrics.declared,
        "collector": CollectorMetrics.declared,
    }
    return _TABLE.sub(lambda match: f"{match[1]}{_table(tables[match[2]])}{match[3]}", page)


def _table(declared: list[Declared[Any]]) -> str:
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for metric in declared:
        labels = ", ".join(metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page; with --check, only say if it is stale."""
    page = PAGE.read_text(encoding="utf-8")
    fresh = with_tables(page)
    if page == fresh:
        return 0
    if "--check" in arguments:
        print(f"stale: {PAGE.name}")
        return 1
    PAGE.write_text(fresh, encoding="utf-8")
    print(f"written: {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
