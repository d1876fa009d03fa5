"""What the nearest other program takes for the same load.

    python -m benchmarks.peer LOAD.jsonl.gz [--work out/peer] [--json OUT]

The first run installs the toolkit with pip, in an environment of its own below `--work`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.peer.toolkit import run
from benchmarks.runs.program import ProgramError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peer", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("load", type=Path, help="a load of benchmarks.workload")
    parser.add_argument(
        "--work", type=Path, default=Path("out/peer"), help="its environment and data go here"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    try:
        steps = run(args.load, args.work.absolute())
    except ProgramError as error:
        print(error, file=sys.stderr)
        return 1
    for step in steps:
        print(
            f"{step.name}: {step.cpu_s:.1f} CPU s, {step.wall_s:.1f} s, {step.peak_rss_bytes / 2**20:,.0f} MiB"
        )
    print(f"sum: {sum(step.cpu_s for step in steps):.1f} CPU s")
    if args.json:
        args.json.write_text(json.dumps([asdict(step) for step in steps], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
