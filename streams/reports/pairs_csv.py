"""`--pairs`: pairs of accounts as CSV, with their co-shares and what chance gives."""

from typing import BinaryIO

import numpy as np
import polars as pl

from detectors.config import KINDS
from detectors.evidence.pair_summary import summarise
from detectors.pipeline import Pipeline

_CHUNK = 100_000
COLUMNS = ("account_a", "account_b", "kind", "window_s", "co_shares", "expected", "p_value", "validated")


def write_pairs(file: BinaryIO, pipeline: Pipeline) -> int:
    """Write the pairs that the pipeline holds.

    An exact run (no cap) writes all pairs with a co-share. Any other run writes the candidates: pairs with at least two
    independent objects. Rows are ordered by accounts, then kind and window. An account of unknown platform is written
    as its bare id.

    Args:
        file: receives the CSV, in UTF-8.
        pipeline: after `end`.

    Returns:
        Count of rows written.
    """
    exact = pipeline.config.co_share.cap == 0
    chosen = np.arange(pipeline.pairs.size, dtype=np.int32) if exact else pipeline.pairs.candidates()
    names = pl.Series("name", pipeline.accounts.names, pl.String).str.strip_prefix("unknown:")
    low, high = pipeline.pairs.accounts(chosen)
    frame = pl.DataFrame({"pair": chosen, "one": names.gather(low), "other": names.gather(high)})
    ordered = frame.select(
        "pair",
        account_a=pl.min_horizontal("one", "other"),
        account_b=pl.max_horizontal("one", "other"),
    ).sort("account_a", "account_b")
    edges = pipeline.stage.validated(chosen)
    validated = pl.DataFrame({"pair": chosen, "validated": edges})
    kinds = pl.Series("kind", [kind.value for kind in KINDS])
    windows = np.zeros((len(KINDS), 4), np.int64)
    for kind, spans in pipeline.config.co_share.windows_s.items():
        windows[KINDS.index(kind), : len(spans)] = spans
    null = pipeline.stage.null()
    written = 0
    file.write((",".join(COLUMNS) + "\n").encode())
    for begin in range(0, len(ordered), _CHUNK):
        part = ordered[begin : begin + _CHUNK]
        summary = summarise(
            part["pair"].to_numpy(writable=True), pipeline.pairs.rows, pipeline.pairs.table, null
        )
        table = (
            pl.DataFrame(
                {
                    "pair": summary["pair"],
                    "kind": kinds.gather(summary["kind"].astype(np.int64)),
                    "window_s": windows[summary["kind"], summary["window"]],
                    "co_shares": summary["co_shares"],
                    "expected": summary["expected"],
                    "p_value": summary["p_value"],
                }
            )
            .join(part, on="pair", maintain_order="left")
            .join(validated, on="pair", maintain_order="left")
        )
        table.select(COLUMNS).write_csv(file, include_header=False, float_precision=None)
        written += len(table)
    return written
