"""A run of the live service in which everything goes wrong that ordinary bad days bring.

    python -m benchmarks.chaos [--seconds S] [--every S] [--outages 10,30,...] [--seed N] [--json FILE] [--logs FILE]

Two collectors publish a simulated world at a steady rate and in bursts. Midway the follow graph is loaded, partitions
are added, and the registry is updated. Meanwhile, in an order drawn by lot, workers are killed and stopped, and the
broker is stopped, killed and frozen. Each worker is asked once a second whether it is alive and ready, and the answers
are compared with what the topics and the groups say of the same time. At the end the alerts must equal those of a local
replay of the same records. LOCKSTEP_SOAK_S gives the seconds as well: 3600 by default, 180 is a short form.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos.run import chaotic

_SHORT_S = 600.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; 1 if anything was lost, changed, invented or late, health was not true, or a worker failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("LOCKSTEP_SOAK_S", "3600")))
    parser.add_argument("--rate", type=float, default=50.0, help="posts a second, without bursts")
    parser.add_argument("--every", type=float, help="seconds from one recovery to the next fault")
    parser.add_argument("--outages", help="seconds that the broker is away, to draw from; with commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--logs", type=Path, help="write the logs of the workers here")
    arguments = parser.parse_args(argv)
    for path in filter(None, (arguments.json, arguments.logs)):
        path.touch()  # what cannot be written is reported now, and not after an hour
    short = arguments.seconds < _SHORT_S
    arguments.every = arguments.every or (8.0 if short else 30.0)
    outages = arguments.outages or ("12" if short else "10,20,40,90,180")
    arguments.outages = tuple(float(seconds) for seconds in outages.split(","))
    with tempfile.TemporaryDirectory() as folder:
        chaos = asyncio.run(chaotic(arguments, Path(folder)))
    text = json.dumps(chaos.figures(), indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if chaos.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
