"""Small worlds with known truth, for measuring how right the alerts are.

    python -m benchmarks.planted SCENARIO OUT.jsonl.gz --labels L.csv [--seed S] [--accounts N] [--days D]

`noise`         ordinary people only: any alert is a mistake
`minute-noise`  the same posts with times rounded down to the minute, as in many dumps
`networks`      ordinary people, covert groups (label `io`, group `covert-SIZE-sSTEALTH-NUMBER`) and openly
                coordinated groups (label `coordinated`)
`many-groups`   ordinary people and 200 covert groups of 25, for `benchmarks.planted.cases`

These worlds share nothing with `benchmarks.workload` except the file format. A detector tuned to one generator
should not look good on the other for that reason.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.planted.world import SCENARIOS, PlantedWorld, generate
from benchmarks.runs.generator_command import timed_generation


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
    world = PlantedWorld(args.scenario, args.seed, args.accounts, args.days)
    return timed_generation(lambda: generate(world, args.out, args.labels))


if __name__ == "__main__":
    raise SystemExit(main())
