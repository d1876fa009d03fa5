"""The command: see `benchmarks.follows`."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
import polars as pl

from benchmarks.follows.organic import organic_follows
from benchmarks.runs.program import Program

_WITHIN_S = 7_200
"""Seconds within which two accounts follow the same third: the accounts that are to be found do so three times."""
_TOGETHER = 3
_PROGRAM = Program(Path(sys.executable).parent / "lockstep", code=Path(__file__).resolve().parents[2])


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.follows")
    parser.add_argument(
        "follows", help="follow events of accounts that act together; JSON objects, one a line"
    )
    parser.add_argument("--seeds", default="11-13", help="seeds of the ordinary follows, such as 11-13")
    parser.add_argument("--share", type=int, default=10, help="ordinary follows for each of the others")
    parser.add_argument("--half", choices=("first", "second"), help="use the follows of one half of the time")
    options = parser.parse_args()
    planted = _half(_planted(options.follows), options.half)
    wanted = partners(planted)
    first, _, last = options.seeds.partition("-")
    print(
        "| seed | to be found | of these found | share | all found | ordinary among them | precision | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for seed in range(int(first), int(last or first) + 1):
        found, seconds = _found(planted, seed, options.share)
        ordinary = {name for name in found if name.startswith("organic-")}
        share = len(wanted & found) / max(len(wanted), 1)
        precision = 1 - len(ordinary) / max(len(found), 1)
        print(
            f"| {seed} | {len(wanted)} | {len(wanted & found)} | {share:.3f} | {len(found):,} | {len(ordinary):,} "
            f"| {precision:.4f} | {seconds:.0f} |",
            flush=True,
        )
    return 0


def partners(follows: pl.DataFrame) -> set[str]:
    """The accounts that followed three accounts or more within two hours of one and the same other account."""
    together: Counter[tuple[str, str]] = Counter()
    for _, rows in follows.sort("at").group_by("followee", maintain_order=True):
        times, names = rows["at"].to_list(), rows["follower"].to_list()
        met = set()
        for later in range(len(times)):
            for earlier in range(later - 1, -1, -1):
                if times[later] - times[earlier] > _WITHIN_S:
                    break
                if names[later] != names[earlier]:
                    one, other = sorted((names[later], names[earlier]))
                    met.add((one, other))
        together.update(met)
    return {name for pair, count in together.items() if count >= _TOGETHER for name in pair}


def _planted(path: str) -> pl.DataFrame:
    """The follows of a file: at (seconds), follower, followee."""
    return (
        pl.read_ndjson(path)
        .filter(pl.col("action") == "follow")
        .select(
            pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.epoch("s"),
            pl.col("follower_id").alias("follower"),
            pl.col("followee_id").alias("followee"),
        )
    )


def _half(follows: pl.DataFrame, half: str | None) -> pl.DataFrame:
    """The follows before, or from, the middle one."""
    if half is None:
        return follows
    middle = follows["at"].median()
    return follows.filter(pl.col("at") < middle if half == "first" else pl.col("at") >= middle)


def _found(planted: pl.DataFrame, seed: int, share: int) -> tuple[set[str], float]:
    """The accounts in any network of the mix, and the processor seconds of the replay."""
    start, end = int(planted["at"].min()), int(planted["at"].max()) + 1  # type: ignore[arg-type] # never empty
    mixed = pl.concat([planted, organic_follows(share * len(planted), start, end, seed)]).sort("at")
    with tempfile.TemporaryDirectory() as folder:
        follows, alerts = Path(folder, "follows.jsonl"), Path(folder, "alerts.jsonl")
        mixed.select(
            pl.lit("github").alias("platform"),
            pl.col("follower").alias("follower_id"),
            pl.col("followee").alias("followee_id"),
            pl.lit("follow").alias("action"),
            pl.from_epoch("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("at"),
        ).write_ndjson(follows)
        usage = _PROGRAM.run("replay", "--follows", follows, "--alerts", alerts, "--no-progress")
        found = {
            member["account_id"].removeprefix("github:")
            for line in alerts.read_bytes().splitlines()
            for member in msgspec.json.decode(line)["members"]
        }
    return found, usage.cpu_s


if __name__ == "__main__":
    sys.exit(main())
