"""How right suspicions of being covert are, on the worlds of `lockstep simulate`.

    python -m benchmarks.covert [--scenarios a,b] [--stealth 0,1] [--seeds 101-120] [--accounts N] [--json OUT]

The benchmark makes each world, replays it with its registry, follow events and profiles, and removes it. An account
counts as suspected if the last alert of its network has a severity above `info` and the registry does not list it. In
`diaspora-press` the three planted accounts must be one network, first by priority. In `quiet` nobody may be suspected.
The exit status is 1 if that fails.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from benchmarks.runs.alerts_file import bare, is_merged_away
from benchmarks.runs.program import Program, ProgramError
from benchmarks.runs.tables import markdown
from schemas.alerts import Alert, Severity
from streams.simulation.records.canonical import Label, read_labels

SCENARIOS = ("diaspora-press", "troll-farm", "spam-amplifier", "paid-placement", "quiet")
_TERMS = ("registry_followers", "obscurity", "unattributed_copies", "hidden_mentions")
"""Context terms that the alert on `diaspora-press` must have, with numbers."""


@dataclass(slots=True)
class Cell:
    """All seeds of one scenario at one stealth."""

    scenario: str
    stealth: int
    seeds: list[int] = field(default_factory=list)
    covert: int = 0
    """Covert accounts planted that posted."""
    found: int = 0
    """Covert accounts that are suspected."""
    suspected: int = 0
    """All accounts that are suspected."""
    mistaken: dict[str, int] = field(default_factory=dict)
    """Suspected accounts that are not covert, by label and group."""
    in_network: int = 0
    """Covert accounts in any network, suspected or not."""
    by_group: dict[str, list[float]] = field(default_factory=dict)
    """Recall of each planted group, by kind of group."""
    faults: list[str] = field(default_factory=list)
    """Criteria that are not met."""
    seconds: float = 0.0

    @property
    def precision(self) -> float | None:
        """Share of the suspected accounts that are covert."""
        return self.found / self.suspected if self.suspected else None

    @property
    def recall(self) -> float | None:
        """Share of the covert accounts that are suspected."""
        return self.found / self.covert if self.covert else None


def measure_world(program: Program, cell: Cell, seed: int, accounts: int, work: Path) -> None:
    """Make one world, replay it, and add the figures to `cell`.

    Raises:
        benchmarks.runs.program.ProgramError: a run fails.
    """
    with tempfile.TemporaryDirectory(dir=work) as made:
        folder = Path(made) / "world"
        program.run(
            "simulate", cell.scenario, "--out", folder, "--seed", str(seed), "--stealth", str(cell.stealth),
            "--accounts", str(accounts),
        )  # fmt: skip
        alerts = Path(made) / "alerts.jsonl"
        usage = program.run(
            "replay", folder / "posts.jsonl.gz", "--registry", folder / "registry.jsonl",
            "--follows", folder / "follows.jsonl.gz", "--accounts", folder / "accounts.jsonl.gz",
            "--alerts", alerts, "--no-progress",
        )  # fmt: skip
        cell.seconds += usage.wall_s
        cell.seeds.append(seed)
        _score(cell, seed, latest_alerts(alerts), read_labels(folder / "labels.csv"))


def latest_alerts(path: Path) -> list[Alert]:
    """The last alert of each network, highest priority first, without networks that others took in."""
    decoder = msgspec.json.Decoder(Alert)
    latest: dict[str, Alert] = {}
    for line in path.read_bytes().splitlines():
        alert = decoder.decode(line)
        before = latest.get(alert.network_id)
        if is_merged_away(alert.lifecycle, alert.explanation, before and before.explanation):
            del latest[alert.network_id]
        else:
            latest[alert.network_id] = alert
    return sorted(latest.values(), key=lambda alert: (-alert.priority, -alert.coordination, alert.network_id))


def _score(cell: Cell, seed: int, alerts: Sequence[Alert], labels: Sequence[Label]) -> None:
    truth = {label.account_id: label for label in labels}
    suspects = [alert for alert in alerts if alert.severity is not Severity.INFO]
    # the alert marks members that the registry lists; they do not count as suspected
    named = {bare(member.account_id) for alert in suspects for member in alert.members if not member.registry}
    anywhere = {bare(member.account_id) for alert in alerts for member in alert.members}
    covert = {label.account_id for label in labels if label.label == "io"}
    cell.covert += len(covert)
    cell.found += len(covert & named)
    cell.in_network += len(covert & anywhere)
    cell.suspected += len(named)
    for account in named - covert:
        what = _what(truth.get(account))
        cell.mistaken[what] = cell.mistaken.get(what, 0) + 1
    groups: dict[str, list[bool]] = {}
    for account in sorted(covert):
        groups.setdefault(truth[account].group, []).append(account in named)
    for group, hits in groups.items():
        cell.by_group.setdefault(group.rsplit("-", 1)[0], []).append(sum(hits) / len(hits))
    if cell.scenario == "quiet" and suspects:
        cell.faults.append(f"seed {seed}: {len(suspects)} networks suspected")
    if cell.scenario == "diaspora-press":
        cell.faults += [f"seed {seed}: {fault}" for fault in _press_faults(alerts, suspects, covert)]


def _press_faults(alerts: Sequence[Alert], suspects: Sequence[Alert], covert: set[str]) -> Iterator[str]:
    """Criteria that the alerts on `diaspora-press` do not meet."""
    if len(suspects) != 1:
        yield f"{len(suspects)} networks suspected"
    if not alerts or {bare(member.account_id) for member in alerts[0].members} != covert:
        yield "the three are not the network that is ranked first"
        return
    said = {term.name for term in alerts[0].covertness_terms if term.summary and term.value > 0.0}
    missing = [term for term in _TERMS if term not in said]
    if missing:
        yield f"the alert lacks {', '.join(missing)}"


def _what(label: Label | None) -> str:
    return "unlabelled" if label is None else f"{label.label}/{label.group.rsplit('-', 1)[0]}"


def table(cells: Sequence[Cell]) -> str:
    """Render one row for each cell."""
    rows = [
        [
            f"{cell.scenario}, stealth {cell.stealth}",
            str(len(cell.seeds)),
            f"{cell.covert:,}",
            _share(cell.precision),
            _share(cell.recall),
            _share(cell.in_network / cell.covert if cell.covert else None),
            ", ".join(
                f"{group.rsplit('-', 1)[0].rsplit('-', 1)[-1]}: {sum(each) / len(each):.2f}"
                for group, each in sorted(cell.by_group.items(), key=lambda item: (len(item[0]), item[0]))
            ),
            f"{cell.seconds / max(len(cell.seeds), 1):.1f}",
            "; ".join([*(f"{count} {what}" for what, count in sorted(cell.mistaken.items())), *cell.faults]),
        ]
        for cell in cells
    ]
    header = [
        "world",
        "seeds",
        "covert",
        "precision",
        "recall",
        "in a network",
        "recall by size",
        "s",
        "mistakes",
    ]
    return markdown(header, rows)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _numbers(text: str) -> list[int]:
    """`1,3-5` is 1, 3, 4, 5."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.covert", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--stealth", type=_numbers, default=[0, 1, 2, 3])
    parser.add_argument("--seeds", type=_numbers, default=[1, 2])
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    program = Program.beside_python()
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory() as work:
        for scenario in args.scenarios.split(","):
            for stealth in args.stealth if scenario != "quiet" else [0]:
                cell = Cell(scenario, stealth)
                cells.append(cell)
                for seed in args.seeds:
                    try:
                        measure_world(program, cell, seed, args.accounts, Path(work))
                    except ProgramError as error:
                        cell.faults.append(f"seed {seed}: {error}")
                    print(table([cell]).splitlines()[-1], file=sys.stderr)
    print(table(cells))
    if args.json:
        args.json.write_text(json.dumps([asdict(cell) for cell in cells], indent=1) + "\n", encoding="utf-8")
    return int(any(cell.faults for cell in cells))


if __name__ == "__main__":
    raise SystemExit(main())
