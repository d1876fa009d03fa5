"""Measures speed and memory, and writes benchmarks/RESULTS.md with its pictures.

python -m benchmarks.results [--sizes 10000,100000] [--runs 3] [--work out/bench] [--no-peer]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.replay.timing import START_UP_POSTS
from benchmarks.results.measuring import Results, measured
from benchmarks.results.page import write_page
from benchmarks.results.picture import write_picture
from benchmarks.runs.measure import ROOT
from benchmarks.runs.program import ProgramError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.results", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--sizes", default="10000,100000", help="posts of each load, rising")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--work", type=Path, default=Path("out/bench"), help="loads and environments are kept here"
    )
    parser.add_argument("--no-peer", action="store_true", help="without coordination-network-toolkit")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    args = parser.parse_args(argv)
    work = args.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in args.sizes.split(",")]
    try:
        results = measured(work, sizes, args.runs, args.seed, with_peer=not args.no_peer)
    except ProgramError as error:
        print(error, file=sys.stderr)
        return 1
    out = args.out.absolute()
    folder = out.parent / "pictures"
    folder.mkdir(exist_ok=True)
    pictures = {
        "CPU seconds by posts": folder / "cpu-seconds.svg",
        "Peak memory by posts": folder / "memory.svg",
    }
    for (title, path), (figure, unit) in zip(
        pictures.items(), [("cpu_s", 1.0), ("peak_rss_bytes", 1e6)], strict=True
    ):
        write_picture(f"{title}, MB" if unit > 1 else title, _lines(results, figure, unit), path)
    write_page(results, out, pictures)
    print(out.read_text(encoding="utf-8"))
    return 0


def _lines(results: Results, figure: str, unit: float) -> dict[str, dict[int, float]]:
    lines: dict[str, dict[int, float]] = {}
    for one in results.timings:
        if one["posts"] > START_UP_POSTS:
            lines.setdefault(one["job"], {})[one["posts"]] = one[figure] / unit
    for posts, steps in results.peer.items():
        values = [getattr(step, figure) / unit for step in steps]
        lines.setdefault("toolkit", {})[posts] = sum(values) if figure == "cpu_s" else max(values)
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
