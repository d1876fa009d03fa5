"""Small worlds with known truth, for measuring how right the alerts are.

    python -m benchmarks.planted SCENARIO OUT.jsonl.gz --labels L.csv [--seed S] [--accounts N] [--days D]

`noise`         ordinary people only: any alert is a mistake
`minute-noise`  the same posts with times rounded down to the minute, as in many dumps
`networks`      ordinary people, covert groups (label `io`, group `covert-SIZE-sSTEALTH-NUMBER`) and openly
                coordinated groups (label `coordinated`)

These worlds share nothing with `benchmarks.workload` except the file format. A detector tuned to one generator
should not look good on the other for that reason.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.planted.world import SCENARIOS, PlantedWorld, generate


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("out", type=Path, help="canonical posts, JSONL.gz")
    parser.add_argument("--labels", type=Path, help="write account_id,label,group here")
    parser.add_argument("--seed", type=int, default=PlantedWorld.seed)
    parser.add_argument("--accounts", type=int, default=PlantedWorld.accounts)
    parser.add_argument("--days", type=float, default=PlantedWorld.days)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    args = _parser().parse_args(argv)
    started = time.perf_counter()
    try:
        posts = generate(
            PlantedWorld(args.scenario, args.seed, args.accounts, args.days), args.out, args.labels
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    seconds = time.perf_counter() - started
    print(f"{posts:,} posts in {seconds:.1f} s ({posts / seconds:,.0f} posts/s)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
