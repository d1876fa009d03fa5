"""How much of an operation is found, the more it hides: recall at purity .99.

    python -m benchmarks.evasion [--curves jitter,share] [--seeds 1,2] [--json OUT] [--picture OUT.svg]

Worlds are made by the simulator, so the figures are optimistic. What each curve changes is in `curves.py`. A row is
printed as soon as it is measured: recall at each point, mean over the seeds. Accounts found are ranked by coordination
of their network x membership; recall is that of the longest ranking of which 99% belong to an operation.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.evasion.curves import CURVES, Curve
from benchmarks.evasion.picture import write_picture
from benchmarks.evasion.worlds import recall_at_purity, write_world
from benchmarks.runs.alerts_file import read_alerts
from benchmarks.runs.measure import ROOT
from benchmarks.runs.program import Program, ProgramError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evasion", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--curves", default=",".join(CURVES), help=f"some of {','.join(CURVES)}")
    parser.add_argument("--seeds", default="1,2", help="seeds of the worlds at each point")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--picture", type=Path, help="write the curves here, as SVG")
    parser.add_argument("--code", type=Path, default=ROOT, help="the checkout whose code the program runs")
    args = parser.parse_args(argv)
    names = args.curves.split(",")
    if unknown := set(names) - set(CURVES):
        parser.error(f"--curves: no {', '.join(sorted(unknown))}; there are {', '.join(CURVES)}")
    program = Program(Program.beside_python().path, args.code.absolute())
    seeds = [int(seed) for seed in args.seeds.split(",")]
    measured: dict[str, dict[float, float]] = {}
    try:
        for name in names:
            measured[name] = _measured(program, CURVES[name], seeds)
            figures = " | ".join(f"{point:g}: {recall:.2f}" for point, recall in measured[name].items())
            print(f"| {CURVES[name].title} ({CURVES[name].unit}) | {figures} |", flush=True)
    except ProgramError as error:
        print(error, file=sys.stderr)
        return 1
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    if args.picture:
        write_picture([(CURVES[name], points) for name, points in measured.items()], args.picture)
    return 0


def _measured(program: Program, curve: Curve, seeds: Sequence[int]) -> dict[float, float]:
    """Recall at each point, mean over the seeds."""
    recalls: dict[float, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        posts, alerts = Path(folder) / "posts.jsonl.gz", Path(folder) / "alerts.jsonl"
        for point, setting in curve.points.items():
            each = []
            for seed in seeds:
                operation = write_world(setting, seed, posts)
                alerts.unlink(missing_ok=True)
                program.run("replay", posts, "--alerts", alerts, "--no-progress")
                each.append(recall_at_purity(read_alerts(alerts).scores.values(), operation))
                print(f"{curve.title}, {point:g}, seed {seed}: {each[-1]:.2f}", file=sys.stderr, flush=True)
            recalls[point] = sum(each) / len(each)
    return recalls


if __name__ == "__main__":
    raise SystemExit(main())
