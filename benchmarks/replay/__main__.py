"""How fast a replay is, and how it grows with the input.

    python -m benchmarks.replay [--sizes 10000,100000,1000000] [--runs 3] [--context] [--profile] [--json OUT]

The console script replays every load in a child process. Another child process reads the same file and does nothing
else, which is the limit. The time of a replay of 10 posts is the start-up; the second growth exponent leaves it out.
An exponent of 1.0 means that ten times the posts take ten times as long.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.replay.stage_seconds import profile
from benchmarks.replay.timing import context_options, run
from benchmarks.runs.generated import load_file
from benchmarks.runs.program import Program, ProgramError
from benchmarks.runs.tables import markdown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replay", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--sizes", default="10000,100000,1000000", help="posts of each load, rising")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep the loads here (default: a temporary folder)")
    parser.add_argument("--profile", action="store_true", help="also show where the largest load's time goes")
    parser.add_argument(
        "--context", action="store_true", help="also with a registry, follow events and profiles"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--lockstep", type=Path, help="the program (default: the one of this environment)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    args = _parser().parse_args(argv)
    sizes = [int(size) for size in args.sizes.split(",")]
    program = Program(args.lockstep.absolute()) if args.lockstep else Program.beside_python()
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        try:
            text, figures = run(program, work, sizes, args.runs, args.seed, context=args.context)
            if args.profile:
                largest = load_file(work, sizes[-1], args.seed)
                options = context_options(largest, work, sizes[-1], args.seed) if args.context else []
                seconds = profile(program, largest, options)
                total = sum(seconds.values()) or 1.0
                rows = [[part, f"{spent:.2f}", f"{spent / total:.0%}"] for part, spent in seconds.items()]
                text += "\n\n" + markdown(["stage", "s", "share"], rows)
                figures["profile"] = seconds
        except ProgramError as error:
            print(error, file=sys.stderr)
            return 1
    print(text)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
