"""Posts that carry their shares: what one worker read of them, in columns that another one need not read again.

Measured on real and generated posts: shingles take 30 to 42 bytes a post, and spare 1.6 to 3 µs of normalising. The
minima of a near-copy signature would take 270 to 310 bytes to spare another 0.4 µs, so they are made where they are
needed, and of texts that are new only.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, Bools
from detectors.config import KINDS
from detectors.traces.normalising import fixed
from detectors.traces.post_shares import TEXT, PostShares, ShareReader
from detectors.traces.text import MAX_SHINGLES

CARRIED: Mapping[str, pl.DataType] = {
    "share_kinds": pl.List(pl.UInt8()),
    "share_objects": pl.List(pl.UInt64()),
    "share_labels": pl.List(pl.String()),
    "text_shingles": pl.List(pl.UInt32()),
}
"""The fields of `PostShares` by post; null: there are none. One label for each share that is not of a text."""


def carries_shares(posts: pl.DataFrame) -> bool:
    """Whether posts carry their shares."""
    return CARRIED.keys() <= set(posts.columns)


def carrying(posts: pl.DataFrame, shares: PostShares) -> pl.DataFrame:
    """Add the columns `CARRIED` to posts.

    Args:
        posts: any.
        shares: of these posts.
    """
    is_text = shares.kinds == TEXT
    texts = shares.rows[is_text]
    lists = (
        _lists(shares.rows, {"share_kinds": shares.kinds, "share_objects": shares.objects}, len(posts)),
        _lists(shares.rows[~is_text], {"share_labels": shares.labels}, len(posts)),
        _lists(
            np.repeat(texts, np.diff(shares.shingle_offsets)), {"text_shingles": shares.shingles}, len(posts)
        ),
    )
    return posts.with_columns(column for frame in lists for column in frame)


def carried(posts: pl.DataFrame) -> PostShares:
    """The shares that posts carry.

    Args:
        posts: with the columns `CARRIED`, as `carrying` made them; `fault_of` finds what would be wrong.
    """
    counts, kinds = _taken(posts["share_kinds"])
    rows = np.repeat(np.arange(len(posts), dtype=np.int32), counts)
    kind = kinds.to_numpy()
    offsets = np.zeros(np.count_nonzero(kind == TEXT) + 1, np.int64)
    shingle_counts, shingles = _taken(posts["text_shingles"])
    np.cumsum(shingle_counts[rows[kind == TEXT]], out=offsets[1:])
    return PostShares(
        rows=fixed(rows),
        kinds=fixed(kind),
        objects=fixed(_taken(posts["share_objects"])[1].to_numpy()),
        labels=_taken(posts["share_labels"])[1],
        shingles=fixed(shingles.to_numpy()),
        shingle_offsets=offsets,
    )


def fault_of(posts: pl.DataFrame, reader: ShareReader) -> str | None:
    """Why these shares are not those of any posts; None: they could be.

    Args:
        posts: with the column text, and the columns `CARRIED` in their dtypes, from any source.
        reader: traces the kinds that may be there.
    """
    parts = {name: _taken(posts[name]) for name in CARRIED}
    if any(items.null_count() for _, items in parts.values()):
        return "shares that are null"
    counts, kinds = parts["share_kinds"]
    rows = np.repeat(np.arange(len(posts), dtype=np.int32), counts)
    kind, objects = kinds.to_numpy(), parts["share_objects"][1].to_numpy()
    traced = np.array([one in reader.kinds for one in KINDS])
    if not np.array_equal(parts["share_objects"][0], counts):
        return "shares without an object, or without a kind"
    if not traced[np.minimum(kind, len(KINDS) - 1)].all() or (kind >= len(KINDS)).any():
        return "shares of a kind that is not traced"
    if not objects.all():
        return "shares of an object without a key"
    if not _ascend(rows, kind.astype(np.int64), objects):
        return "shares that are not in their order"
    texts = rows[kind == TEXT]
    if (texts[1:] == texts[:-1]).any() or posts["text"].gather(texts).null_count():
        return "shares of texts that are not there"
    of_texts = np.zeros(len(posts), np.int64)
    of_texts[texts] = 1
    if not np.array_equal(parts["share_labels"][0], counts - of_texts):
        return "shares without a label"
    shingle_counts, shingles = parts["text_shingles"]
    if (shingle_counts[of_texts == 0]).any() or (shingle_counts > MAX_SHINGLES).any():
        return "shingles of texts that are not shared, or too many"
    shingle_rows = np.repeat(np.arange(len(posts), dtype=np.int32), shingle_counts)
    if not _ascend(shingle_rows, np.zeros(len(shingles), np.int64), shingles.to_numpy()):
        return "shingles that are not in their order"
    return None


def _lists(rows: I32, columns: Mapping[str, object], posts: int) -> pl.DataFrame:
    """Columns of lists, one a post, from items and the row of each; null where a post has none."""
    grouped = (
        pl.DataFrame({"row": rows, **columns})
        .with_columns(pl.col("row").set_sorted())
        .group_by("row", maintain_order=True)
        .agg(pl.all())
    )
    every = pl.DataFrame({"row": np.arange(posts, dtype=np.int32)})
    return every.join(grouped, on="row", how="left", maintain_order="left").drop("row")


def _taken(lists: pl.Series) -> tuple[I64, pl.Series]:
    """How many items each list has, and all items."""
    counts = lists.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    return counts, lists.explode(empty_as_null=False, keep_nulls=False)


def _ascend(rows: I32, first: I64, second: "np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]") -> bool:
    """Whether (first, second) ascends within each row and repeats nothing."""
    same: Bools = rows[1:] == rows[:-1]
    rises = (first[1:] > first[:-1]) | ((first[1:] == first[:-1]) & (second[1:] > second[:-1]))
    return bool((rises | ~same).all())
