"""A long run of the live service under load, with workers killed again and again.

    python -m benchmarks.soak [--minutes M] [--accounts N] [--days D] [--kill-every S] [--report FILE.md]

A simulated world is published at a steady multiple of its own time. Two workers share the work. Again and again one of
them is killed and started anew, in turn the worker that runs detection and the other one. A Prometheus with the
project's rules watches. At the end the service must have applied everything that was published, and its alerts must
equal those of a local replay of the same files. --report writes a page with what Prometheus saw, and pictures of the
dashboards' panels beside it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.soak.run import soaked


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; 1 if anything was lost, changed or invented."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--accounts", type=int, default=40_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--kill-every", type=float, default=50, help="seconds between kills, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--report", type=Path, help="write a page about it here, and pictures beside it")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        soak = asyncio.run(soaked(arguments, Path(folder)))
    text = json.dumps({**asdict(soak), "kills": len(soak.kills)}, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if soak.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
