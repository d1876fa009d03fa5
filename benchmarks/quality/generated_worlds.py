"""Quality on generated worlds: no alert in noise, and recall of planted groups by size and stealth."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.quality.result_rows import QualityRow, backtest_row
from benchmarks.runs.alerts_file import AlertedNetworks, read_alerts, recall
from benchmarks.runs.generated import world_files
from benchmarks.runs.program import Program
from streams.simulation.records.canonical import Label, read_labels

NOISE = ("noise", "minute-noise")


@dataclass(frozen=True, slots=True)
class Worlds:
    """The folder for generated worlds, and their size."""

    work: Path
    accounts: int = 20_000
    days: float = 7


def noise(program: Program, worlds: Worlds, scenario: str, seeds: Sequence[int]) -> QualityRow:
    """Replay a scenario without coordination for each seed; any alert is a mistake.

    Raises:
        benchmarks.runs.program.ProgramError: a run fails.
    """
    row = QualityRow(f"{scenario}, {len(seeds)} seeds", alerts=0, networks=0, seconds=0.0)
    mistaken = []
    alerts = worlds.work / "alerts.jsonl"
    for seed in seeds:
        posts, labels = world_files(worlds.work, scenario, seed, worlds.accounts, worlds.days)
        alerts.unlink(missing_ok=True)
        usage = program.run("replay", posts, "--alerts", alerts, "--no-progress")
        found = read_alerts(alerts)
        row.alerts = (row.alerts or 0) + found.alerts
        row.networks = (row.networks or 0) + len(found.members)
        row.seconds = (row.seconds or 0) + usage.wall_s
        if found.alerts:
            mistaken.append(f"seed {seed}: {_mistaken_groups(found, read_labels(labels))}")
    row.passed = not mistaken
    row.note = "; ".join(mistaken)
    return row


@dataclass(slots=True)
class _Pool:
    """Sums over all seeds."""

    found: int = 0
    coordinated: int = 0
    shares: dict[str, list[float]] = field(default_factory=dict)
    """Recall of each kind of group, one value for each seed."""


def networks(program: Program, worlds: Worlds, seeds: Sequence[int]) -> Iterator[QualityRow]:
    """Backtest planted networks: a row for each seed, then precision and recall over all seeds.

    Raises:
        benchmarks.runs.program.ProgramError: a run fails.
    """
    pool = _Pool()
    alerts, result = worlds.work / "alerts.jsonl", worlds.work / "backtest.json"
    for seed in seeds:
        posts, labels_file = world_files(worlds.work, "networks", seed, worlds.accounts, worlds.days)
        for stale in (alerts, result):
            stale.unlink(missing_ok=True)
        outputs = ("--json", result, "--alerts", alerts, "--no-progress")
        usage = program.run("backtest", posts, "--labels", labels_file, *outputs)
        found, labels = read_alerts(alerts), read_labels(labels_file)
        capped = f"{found.capped} alerts name only some of their members" if found.capped else ""
        yield backtest_row(f"networks, seed {seed}", result, usage.wall_s, capped)

        accounts = found.accounts
        pool.found += len(accounts)
        pool.coordinated += sum(one.account_id in accounts for one in labels if one.label != "organic")
        for kind in sorted({_kind(one.group) for one in labels if one.label != "organic"}, key=_order):
            share = recall(accounts, labels, kind + "-")
            if share is not None:
                pool.shares.setdefault(kind, []).append(share)
    precision = pool.coordinated / pool.found if pool.found else None
    yield QualityRow("networks, any coordinated", precision=precision, note=f"{pool.found} accounts found")
    for kind, shares in pool.shares.items():
        yield QualityRow(f"networks, {kind}", recall=sum(shares) / len(shares))


def _kind(group: str) -> str:
    """The kind of a group: `covert-10-s2` for `covert-10-s2-1`."""
    return group.rsplit("-", 1)[0]


def _order(kind: str) -> list[tuple[int, str]]:
    """Sort key under which 3 comes before 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split("-", kind)]


def _mistaken_groups(found: AlertedNetworks, labels: Sequence[Label]) -> str:
    """The groups of the mistaken accounts, with the number of accounts."""
    accounts = found.accounts
    counts: dict[str, int] = {}
    for label in labels:
        if label.account_id in accounts:
            counts[label.group] = counts.get(label.group, 0) + 1
    return (
        ", ".join(f"{count} {group}" for group, count in sorted(counts.items())) or f"{found.alerts} alerts"
    )
