"""Registry, follow events and profiles for a load of `benchmarks.workload`, so that every detector works.

    python -m benchmarks.load_context POSTS.jsonl.gz OUT_DIR [--seed S] [--follows N]

40 accounts of the load become state media and 60 become diplomats; one site that the load links becomes the site of a
company. --follows sets the number of follow events among the accounts of the load; followees follow Zipf's law. Every
account has a profile.
"""

import argparse
import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

_START = "2023-11-14T00:00:00Z"


def write_context(posts: Path, out: Path, seed: int, follows: int) -> list[str]:
    """Write `registry.jsonl`, `follows.jsonl.gz` and `accounts.jsonl.gz`; return options of replay that use them."""
    rng = np.random.default_rng(seed)
    frame = pl.read_ndjson(posts, schema={"account_id": pl.String, "urls": pl.List(pl.String)})
    accounts = frame["account_id"].unique().sort()
    known = accounts.sample(100, seed=seed).to_list()
    hosts = (
        frame["urls"].explode().drop_nulls().str.extract(r"^https?://([^/]+)").drop_nulls().unique().sort()
    )
    registry = [
        {
            "entity_id": f"entity-{number}",
            "name": f"Entity Number {number}",
            "kind": "state_media" if number < 40 else "diplomat",
            "accounts": [{"platform": "x", "account_id": account, "handle": f"entity_number_{number}"}],
        }
        for number, account in enumerate(known)
    ]
    if len(hosts):
        domain = hosts[0]
        registry.append({"entity_id": "company", "name": "A Company", "kind": "company", "domains": [domain]})
    out.mkdir(parents=True, exist_ok=True)
    (out / "registry.jsonl").write_text("".join(json.dumps(row) + "\n" for row in registry), encoding="utf-8")
    followee = np.minimum(rng.zipf(1.3, follows) - 1, len(accounts) - 1)
    edges = pl.DataFrame(
        {
            "platform": pl.Series(["x"]).new_from_index(0, follows),
            "follower_id": accounts.gather(rng.integers(0, len(accounts), follows)),
            "followee_id": accounts.shuffle(seed=seed).gather(followee),
            "action": pl.Series(["snapshot"]).new_from_index(0, follows),
            "at": pl.Series([_START]).new_from_index(0, follows),
        }
    ).filter(pl.col("follower_id") != pl.col("followee_id"))
    _lines(out / "follows.jsonl.gz", [edges.write_ndjson()])
    profiles = pl.DataFrame(
        {
            "platform": pl.Series(["x"]).new_from_index(0, len(accounts)),
            "account_id": accounts,
            "followers_count": rng.lognormal(5, 1.8, len(accounts)).astype(np.int64),
            "observed_at": pl.Series([_START]).new_from_index(0, len(accounts)),
        }
    )
    _lines(out / "accounts.jsonl.gz", [profiles.write_ndjson()])
    files = {
        "--registry": "registry.jsonl",
        "--follows": "follows.jsonl.gz",
        "--accounts": "accounts.jsonl.gz",
    }
    return [part for option, name in files.items() for part in (option, str(out / name))]


def _lines(path: Path, texts: Iterable[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(texts)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load_context", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("posts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--follows", type=int, default=1_000_000)
    args = parser.parse_args(argv)
    print(" ".join(write_context(args.posts, args.out, args.seed, args.follows)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
