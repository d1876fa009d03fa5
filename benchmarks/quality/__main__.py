"""How right the alerts are, on real data and on planted worlds, in one table.

    python -m benchmarks.quality [DATA_DIR] [--sets A,B] [--only real,copies] [--seeds 101,102] [--json OUT]

DATA_DIR may hold the sets that `--help` names; those that are missing are left out. A row is printed as soon as it is
measured. The exit status is 1 if a run failed, if noise raised an alert, if too many accounts are found in copies
without coordination, or if exact pairs differ from those of CooRTweet.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.quality.generated_worlds import Worlds
from benchmarks.quality.parts import PARTS, SET_NAMES, QualityPlan, measured
from benchmarks.quality.result_rows import COLUMNS, line, write_json
from benchmarks.runs.measure import ROOT
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
    parser.add_argument("--sets", help=f"only these of the real data: some of {','.join(SET_NAMES)}")
    parser.add_argument(
        "--only", help=f"some of {','.join(PARTS)} (default: all; real and copies if --sets is given)"
    )
    parser.add_argument("--work", type=Path, help="keep copies and worlds here (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--lockstep", type=Path, help="the program (default: the one of this environment)")
    parser.add_argument(
        "--code",
        type=Path,
        help="the checkout whose code the program runs (default: the first of PYTHONPATH, or this one)",
    )
    return parser


def _chosen(
    parser: argparse.ArgumentParser, option: str, given: str | None, known: Sequence[str]
) -> list[str]:
    """The names in a list of names; all that are known if none is given."""
    names = [name for name in (given or ",".join(known)).split(",") if name]
    if unknown := set(names) - set(known):
        parser.error(f"{option}: no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return names


def _code(given: Path | None) -> Path:
    """The checkout whose code the program runs: the one given, that of PYTHONPATH, or this one.

    The program of an environment that several checkouts share runs the code of one of them otherwise.
    """
    first_place = os.environ.get("PYTHONPATH", "").split(os.pathsep)[0]
    return (given or Path(first_place or ROOT)).absolute()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
    sets = _chosen(parser, "--sets", args.sets, SET_NAMES)
    parts = _chosen(parser, "--only", args.only or ("real,copies" if args.sets else None), PARTS)
    if args.sets and args.data is None:
        parser.error("--sets: which folder has them? Give DATA_DIR.")
    for folder in (args.data, args.code):
        if folder is not None and not folder.is_dir():
            parser.error(f"{folder}: no such folder")
    program = Program.beside_python() if args.lockstep is None else Program(args.lockstep.absolute())
    code = _code(args.code)
    print(f"code: {code}", file=sys.stderr)
    program = replace(program, code=code)
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        plan = QualityPlan(
            Worlds(work, args.accounts, args.days),
            args.data.absolute() if args.data else None,
            sets,
            parts,
            [int(seed) for seed in args.seeds.split(",") if seed],
            args.noise_seeds,
        )
        rows = []
        print(COLUMNS.header, flush=True)
        for row in measured(program, plan):
            rows.append(row)
            print(line(row), flush=True)
    if args.json:
        write_json(rows, args.json)
    return int(any(row.passed is False for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
