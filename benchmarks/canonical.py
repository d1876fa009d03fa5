"""Canonical posts (JSONL, gzip) and labels (CSV) on disk, byte for byte the same for the same rows."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
POST_ID_BASE = 1_000_000_000_000
"""The post id of the first post of a generated file; later posts count up from here."""

_REQUIRED = ("post_id", "platform", "account_id", "created_at")
_LISTS = ("urls", "hashtags", "mentions")
_OPTIONAL = ("text", "lang", *_LISTS, "repost_of", "reply_to", "followers_count", "following_count")
_METRICS = ("likes", "reposts", "replies")


class Label(NamedTuple):
    """The truth about one account, a line of the labels file."""

    account_id: str
    label: str
    """`io`, `coordinated` or `organic`."""
    group: str


def write_posts(frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Write frames of posts as canonical JSONL.gz, in the order they come.

    What is null (or an empty list) is left out of its line, since absent means unknown. The gzip header
    holds neither time nor name, so equal posts give equal bytes.

    Args:
        frames: `post_id`, `platform`, `account_id`, `created_at` (seconds since 1970 UTC) and any of the
            optional canonical columns; `likes`, `reposts` and `replies` travel inside `metrics`.
        path: the file to write.

    Returns:
        The number of posts written.
    """
    posts = 0
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as out,
    ):
        for frame in frames:
            if frame.height:
                out.write(_lines(frame).str.join("\n").item().encode())
                out.write(b"\n")
                posts += frame.height
    return posts


def write_labels(labels: Sequence[Label], path: Path) -> None:
    """Write `account_id,label,group`, sorted by account."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Label._fields)
        writer.writerows(sorted(labels))


def read_labels(path: Path) -> list[Label]:
    """Read a labels file; a column that is missing reads as empty."""
    with path.open(newline="", encoding="utf-8") as source:
        rows = csv.DictReader(source)
        return [Label(row["account_id"], row.get("label") or "", row.get("group") or "") for row in rows]


def _lines(frame: pl.DataFrame) -> pl.Series:
    """One JSON object a row."""
    present = [name for name in (*_REQUIRED, *_OPTIONAL) if name in frame.columns]
    members = [_member(name) for name in present]
    metrics = [name for name in _METRICS if name in frame.columns]
    if metrics:
        inner = pl.concat_str([_member(name) for name in metrics], separator=",", ignore_nulls=True)
        members.append(
            pl.when(pl.any_horizontal(pl.col(name).is_not_null() for name in metrics)).then(
                pl.concat_str([pl.lit('"metrics":{'), inner, pl.lit("}")])
            )
        )
    body = pl.concat_str(members, separator=",", ignore_nulls=True)
    times = pl.from_epoch("created_at", time_unit="s").dt.strftime(TIME_FORMAT)
    return frame.with_columns(created_at=times).select(line=pl.concat_str([pl.lit("{"), body, pl.lit("}")]))[
        "line"
    ]


def _member(name: str) -> pl.Expr:
    """The text `"name":value`, or null where there is no value."""
    known = pl.col(name).list.len() > 0 if name in _LISTS else pl.col(name).is_not_null()
    pair = pl.struct(name).struct.json_encode().str.strip_prefix("{").str.strip_suffix("}")
    return pl.when(known).then(pair)
