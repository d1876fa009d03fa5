"""Canonical records (JSONL, gzip) and labels (CSV) on disk; the same rows give the same bytes."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
POST_ID_BASE = 1_000_000_000_000
"""The post id of the first post of a generated file; later posts count up from here."""

_POST = (
    *("post_id", "platform", "account_id", "created_at", "text", "lang", "urls", "hashtags", "mentions"),
    *("repost_of", "reply_to", "followers_count", "following_count"),
)
_METRICS = ("likes", "reposts", "replies")
_TIMES = ("created_at", "metrics_at", "observed_at", "at")


class Label(NamedTuple):
    """The truth about one account, a line of the labels file."""

    account_id: str
    label: str
    """`io`, `coordinated`, `registry` or `organic`."""
    group: str


def write_posts(frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Write frames of posts as canonical JSONL.gz, in the order they come.

    Args:
        frames: `post_id`, `platform`, `account_id`, `created_at` (seconds since 1970 UTC) and any of the
            optional canonical columns; `likes`, `reposts` and `replies` are written inside `metrics`.
        path: the file to write.

    Returns:
        The number of posts written.
    """
    return _write((_post_lines(frame) for frame in frames), path)


def write_rows(frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Write frames as JSONL.gz, one object a row with a member for each column, in their order.

    A null value is left out of its line, since absent means unknown.

    Args:
        frames: columns `at`, `created_at` and `observed_at` are seconds since 1970 UTC and become RFC 3339.
        path: the file to write.

    Returns:
        The number of rows written.
    """
    return _write((_lines(frame, [_member(frame, name) for name in frame.columns]) for frame in frames), path)


def write_labels(labels: Sequence[Label], path: Path) -> None:
    """Write `account_id,label,group`, sorted by account."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Label._fields)
        writer.writerows(sorted(labels))


def read_labels(path: Path) -> list[Label]:
    """Read a labels file; a missing column reads as empty."""
    with path.open(newline="", encoding="utf-8") as source:
        rows = csv.DictReader(source)
        return [Label(row["account_id"], row.get("label") or "", row.get("group") or "") for row in rows]


def _write(lines: Iterable[pl.Series], path: Path) -> int:
    """Write lines; the gzip header holds no time and no name, so equal lines give equal bytes."""
    written = 0
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as out,
    ):
        for chunk in lines:
            if len(chunk):
                out.write(chunk.str.join("\n").item().encode())
                out.write(b"\n")
                written += len(chunk)
    return written


def _post_lines(frame: pl.DataFrame) -> pl.Series:
    members = [_member(frame, name) for name in _POST if name in frame.columns]
    metrics = [name for name in _METRICS if name in frame.columns]
    if metrics:
        inner = pl.concat_str([_member(frame, name) for name in metrics], separator=",", ignore_nulls=True)
        members.append(
            pl.when(pl.any_horizontal(pl.col(name).is_not_null() for name in metrics)).then(
                pl.concat_str([pl.lit('"metrics":{'), inner, pl.lit("}")])
            )
        )
    if "metrics_at" in frame.columns:
        members.append(_member(frame, "metrics_at"))
    return _lines(frame, members)


def _lines(frame: pl.DataFrame, members: Sequence[pl.Expr]) -> pl.Series:
    """One JSON object a row."""
    body = pl.concat_str(members, separator=",", ignore_nulls=True)
    times = [
        pl.from_epoch(name, time_unit="s").dt.strftime(TIME_FORMAT).alias(name)
        for name in _TIMES
        if name in frame.columns
    ]
    line = pl.concat_str([pl.lit("{"), body, pl.lit("}")])
    return frame.with_columns(times).select(line=line)["line"]


def _member(frame: pl.DataFrame, name: str) -> pl.Expr:
    """The text `"name":value`, or null where there is no value; an empty list is no value."""
    is_list = isinstance(frame.schema[name], pl.List)
    known = pl.col(name).list.len() > 0 if is_list else pl.col(name).is_not_null()
    pair = pl.struct(name).struct.json_encode().str.strip_prefix("{").str.strip_suffix("}")
    return pl.when(known).then(pair)
