"""Bytes that detection holds after a load, by part."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.runs.tables import markdown
from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from detectors.state.capture import capture
from detectors.traces.traces import keyed
from streams.sources import open_source

_BATCH = 10_000
_PER = {
    "pairs": "pairs",
    "_exposure": "accounts",
    "texts": "texts",
    "synchrony": "share_log",
    "observations": "accounts",
    "samples": "pairs",
    "pools": "pool_shares",
}
"""By part: the store whose items its bytes are divided by."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.held", description=(__doc__ or "").strip())
    parser.add_argument("load", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    pipeline = Pipeline(DetectionConfig())
    posts = pl.concat([batch.posts for batch in open_source(str(args.load)).batches()])
    posts = keyed(posts).unique("row_key", keep="first").sort("created_at", "post_key", "row_key")
    for begin in range(0, len(posts), _BATCH):
        batch = posts[begin : begin + _BATCH]
        for _ in pipeline.process(batch, int(batch["created_at"][-1]) + 1):
            pass
    figures = held(pipeline)
    rows = [
        [
            part,
            f"{one['bytes'] / 1e6:,.1f}",
            one["of"],
            f"{one['items']:,}",
            f"{one['bytes'] / one['items']:,.0f}",
        ]
        for part, one in figures.items()
    ]
    print(markdown(["part", "MB", "items", "count", "bytes an item"], rows))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def held(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """Bytes of each part, and the items that they are compared with; the largest part first."""
    remembered = capture(pipeline)["remembered"]
    stored = pipeline.stored | {"pairs": pipeline.pairs.size}
    figures = {
        part.removeprefix("_"): {
            "bytes": size(remembered[part]),
            "items": max(stored[store], 1),
            "of": store.replace("_", " "),
        }
        for part, store in _PER.items()
    }
    return dict(sorted(figures.items(), key=lambda item: -item[1]["bytes"]))


def size(form: Any) -> int:
    """Bytes of all arrays, frames and texts in plain data."""
    match form:
        case np.ndarray():
            return int(form.nbytes)
        case pl.DataFrame() | pl.Series():
            return int(form.estimated_size())
        case dict():
            return sum(map(size, form.values()))
        case list() | tuple():
            return sum(map(size, form))
        case bytes() | str():
            return len(form)
        case _:
            return 8


if __name__ == "__main__":
    raise SystemExit(main())
