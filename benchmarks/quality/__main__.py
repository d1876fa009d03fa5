"""How right the alerts are, on real data and on planted worlds, in one table.

    python -m benchmarks.quality [DATA_DIR] [--seeds 101,102] [--noise-seeds 20] [--json OUT]

DATA_DIR may hold `mixed_2016_spring`, `ira_2016_10`, `higgs_2012_07` and the CooRTweet sets with their pairs. Data
sets that are missing are left out. The exit status is 1 if a run failed, if noise raised an alert, or if exact pairs
differ from those of CooRTweet.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.generated_worlds import Worlds
from benchmarks.quality.parts import PARTS, measured
from benchmarks.quality.result_rows import table, write_json
from benchmarks.runs.program import Program


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder with real data")
    parser.add_argument("--seeds", default="101,102", help="seeds of planted networks")
    parser.add_argument("--noise-seeds", type=int, default=20, help="seeds of each noise scenario")
    parser.add_argument("--accounts", type=int, default=20_000, help="accounts of a planted world")
    parser.add_argument("--days", type=float, default=7, help="days of a planted world")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--work", type=Path, help="keep generated worlds here (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--lockstep", type=Path, help="the program (default: the one of this environment)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
    parts = args.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--only: no part {', '.join(sorted(unknown))}")
    if args.data is not None and not args.data.is_dir():
        parser.error(f"{args.data}: no such folder")
    program = Program(args.lockstep.absolute()) if args.lockstep else Program.beside_python()
    seeds = [int(seed) for seed in args.seeds.split(",") if seed]
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        worlds = Worlds(work, args.accounts, args.days)
        data = args.data.absolute() if args.data else None
        rows = []
        for row in measured(program, data, worlds, seeds, args.noise_seeds, parts):
            rows.append(row)
            print(
                f"{row.data}: done" if row.passed is not False else f"{row.data}: {row.note}", file=sys.stderr
            )
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    return int(any(row.passed is False for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
