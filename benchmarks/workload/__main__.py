"""A load of mixed posts with planted groups, of any size, from a seed.

    python -m benchmarks.workload N OUT.jsonl.gz [--seed S] [--labels OUT.csv] [--days D] ...

45% of the posts are reposts, 25% links, 20% plain texts and 10% replies. Activity and popularity follow Zipf's law:
the most popular post gets about a tenth of all reposts, most of them within hours. The load is for measuring speed
and memory under bursts; for measuring quality, use `benchmarks.planted`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.runs.generator_command import timed_generation
from benchmarks.workload.load import Load, generate
from benchmarks.workload.rows import Dials


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.workload", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("posts", type=int, help="posts to write")
    parser.add_argument("out", type=Path, help="canonical posts, JSONL.gz")
    parser.add_argument("--labels", type=Path, help="write account_id,label,group here")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--users", type=int, help="organic accounts (default: posts / 20)")
    parser.add_argument("--groups", type=int, help="planted groups (default: 3 + posts / 20,000)")
    parser.add_argument("--zipf", type=float, default=1.05, help="exponent of popularity")
    parser.add_argument("--actions", type=int, default=25, help="joint actions of a group")
    parser.add_argument("--participation", type=float, default=0.7, help="chance a member joins an action")
    parser.add_argument("--jitter", type=int, default=30, help="most seconds between the posts of an action")
    parser.add_argument(
        "--popular", type=float, default=0.0, help="share of actions on popular organic objects"
    )
    parser.add_argument("--edited", type=float, default=0.5, help="share of copied texts with a word changed")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    args = _parser().parse_args(argv)
    dials = Dials(args.actions, args.participation, args.jitter, args.popular, args.edited)
    load = Load(args.posts, args.seed, args.days, args.users, args.groups, args.zipf, dials=dials)
    return timed_generation(lambda: generate(load, args.out, args.labels))


if __name__ == "__main__":
    raise SystemExit(main())
