"""Reads times as dumps write them: whole seconds since 1970-01-01 UTC."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[Tt ](.+))?")
_LEAP_SECOND = re.compile(r"(\d{2}:\d{2}):60\b")
_ZULU = "%Y-%m-%dT%H:%M:%SZ"
_OFFSET = "%Y-%m-%dT%H:%M:%S%.f%z"


def rfc3339_seconds(text: pl.Series, usual: str = _ZULU) -> pl.Series:
    """Read RFC 3339 times; null where a text is not a time.

    More than RFC 3339 is accepted where the meaning is clear: a space for the `T`, no offset (UTC), a date alone (its
    midnight). Fractions are cut off. `usual` is the pattern of most times in this format.
    """
    seconds = text_seconds(text, usual)
    # Each try reads only what the try before could not; usually the first one reads the whole dump.
    seconds = _fill(seconds, text, lambda rest: text_seconds(rest, _OFFSET))
    return _fill(seconds, text, lambda rest: pl.Series([_one(value) for value in rest], dtype=pl.Int64))


def text_seconds(text: pl.Series, pattern: str) -> pl.Series:
    """Read times of one strptime pattern, UTC if it has no offset; null where a text does not fit."""
    parsed = pl.col("text").str.to_datetime(pattern, strict=False, time_unit="ms")
    return text.alias("text").to_frame().select(parsed.dt.epoch("s").cast(pl.Int64)).to_series()


def unix_seconds(text: pl.Series) -> pl.Series:
    """Read numbers of seconds and cut off fractions; null where a text is not a number."""
    whole = text.str.strip_chars().cast(pl.Int64, strict=False)
    return _fill(whole, text, lambda rest: _whole(rest.str.strip_chars().cast(pl.Float64, strict=False)))


def any_seconds(text: pl.Series) -> pl.Series:
    """Read numbers or RFC 3339 times; each value by itself.

    A number from 1e11 on is in milliseconds, from 1e14 on in microseconds: in seconds it would be after the year 5000.
    """
    number = text.str.strip_chars().cast(pl.Float64, strict=False)
    size = number.abs()
    frame = pl.select(
        pl.when(size >= 1e14).then(number / 1e6).when(size >= 1e11).then(number / 1e3).otherwise(number)
    )
    return _fill(_whole(frame.to_series()), text, rfc3339_seconds)


def _whole(number: pl.Series) -> pl.Series:
    return number.floor().cast(pl.Int64, strict=False)


def _fill(seconds: pl.Series, text: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    left = seconds.is_null() & text.is_not_null()
    if not left.any():
        return seconds
    rows = left.arg_true()
    return seconds.scatter(rows, read(text.gather(rows)))


def _one(text: str) -> int | None:
    match = _DATED.fullmatch(text.strip())
    if match is None:
        return None
    date, clock = match.groups()
    leap = 0
    if clock is not None:
        clock = clock.strip().replace(" ", "").upper()
        clock, leap = _LEAP_SECOND.subn(r"\1:59", clock)
    try:
        when = datetime.fromisoformat(date if clock is None else f"{date}T{clock}")
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return math.floor(when.timestamp()) + leap
    except (ValueError, OverflowError):
        return None
