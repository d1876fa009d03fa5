"""Reads times as dumps write them: whole seconds since 1970-01-01 UTC.

`times` reads every form whose meaning is clear; each value by itself, a whole column at a time. Fractions are cut off.
A time without a zone is UTC. Not read, since their meaning is not clear: day and month in numbers with slashes
(`03/04/2024`), zone names that several places use (`IST`, `BST`), and numbers in exponent form that have lost their
last digits (`1.70E+09`). These need a `time_format` or another export; `time_advice` says which.
"""

import re
from collections.abc import Callable

import polars as pl

from streams.sources.cells.written_times import ZONE_OFFSETS, written_seconds

_ZULU = "%Y-%m-%dT%H:%M:%SZ"
_OFFSET = "%Y-%m-%dT%H:%M:%S%.f%z"

_ZONE_NAME = rf"(^|[\s\d])({'|'.join(sorted(ZONE_OFFSETS, key=len, reverse=True))})(\s|$)"
_NUMBER = r"^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$"
_SERIALS = (36_526, 73_051)
"""Days since 1899-12-30 as spreadsheets count them, of 2000-01-01 and 2100-01-01. Seconds of this size are of 1970."""
_DIGITS_OF_DATES = ((20_000_101, 21_000_101), (20_000_101_000_000, 21_000_101_000_000))
"""Numbers that are dates without separators, `20231114` or `20231114222923`. Seconds of this size are of 1970,
milliseconds of the 27th century."""
EARLIEST = 946_684_800
"""2000-01-01 UTC, before the launch of any platform that Lockstep reads."""
COARSEST_S = 60
"""Seconds up to which a number in exponent form may be rounded: dumps with times to the minute are common."""


def times(text: pl.Series, usual: str = _ZULU) -> pl.Series:
    """Read times in any form; null where a text is not a time, or may be several.

    Args:
        text: String. Numbers are seconds; milliseconds, microseconds or nanoseconds from 1e11, 1e14 or 1e17 on, since
            in the smaller unit they would be after the year 5000; days of a spreadsheet from 36,526 to 73,050.
        usual: pattern of most times of this format, which is tried first.

    Returns:
        Int64, seconds.
    """
    # Each try reads only what the try before could not; usually the first one reads the whole dump. No two of them read
    # one text differently, so their order is free.
    first = text.drop_nulls().head(1).str.contains(_NUMBER)
    tries: list[Callable[[pl.Series], pl.Series]] = [_number_seconds] if first.any() else []
    tries += [lambda rest: text_seconds(rest, usual), _number_seconds, lambda rest: text_seconds(rest, _ZULU)]
    tries += [lambda rest: text_seconds(rest, _OFFSET), written_seconds]
    seconds = tries[0](text)
    for read in tries[1:]:
        seconds = _fill(seconds, text, read)
    return seconds


def text_seconds(text: pl.Series, pattern: str) -> pl.Series:
    """Read times of one strptime pattern; null where a text does not fit.

    A pattern without `%z` is UTC. `%Z` stands for the name of a zone, and only names with one meaning are read.
    """
    column = pl.col("text")
    if "%Z" in pattern:
        # the parser would accept any name, and ignore it
        name = column.str.extract(_ZONE_NAME, 2)
        offset = name.replace_strict(ZONE_OFFSETS, default=None, return_dtype=pl.String)
        column = (
            pl.when(name.is_null())
            .then(column)
            .otherwise(column.str.replace(_ZONE_NAME, "${1}\0${3}").str.replace("\0", offset, literal=True))
        )
        pattern = pattern.replace("%Z", "%z")
    parsed = column.str.to_datetime(pattern, strict=False, time_unit="ms")
    return text.alias("text").to_frame().select(parsed.dt.epoch("s").cast(pl.Int64)).to_series()


def unix_seconds(text: pl.Series, unit: int = 1) -> pl.Series:
    """Read numbers of which `unit` make a second, and cut off fractions; null where a text is not a number."""
    whole = text.str.strip_chars().cast(pl.Int64, strict=False)
    numbers = _fill(whole, text, lambda rest: _exact(rest).floor().cast(pl.Int64, strict=False))
    return numbers // unit if unit != 1 else numbers


def coarseness(number: pl.Expr) -> pl.Expr:
    """To what unit a number is written: 1e7 for `1.70e+09`, 1 for `1700000963`; null where there is no exponent."""
    exponent = number.str.extract(r"[eE]([+-]?\d+)\s*$").cast(pl.Int64, strict=False)
    decimals = number.str.extract(r"\.(\d*)[eE]").fill_null("").str.len_bytes().cast(pl.Int64)
    return pl.lit(10.0).pow((exponent - decimals).clip(-30, 30))


def is_time(written: str) -> bool:
    """Whether one text is a time since 2000, in a form that `times` reads."""
    seconds = times(pl.Series([written]))[0]
    return seconds is not None and seconds >= EARLIEST


def time_advice(written: str) -> str:
    """What to do about a time that was not read."""
    if re.fullmatch(r"\s*[+-]?\d(?:\.\d*)?[eE][+-]?\d+\s*", written):
        return (
            "it has lost its last digits: a spreadsheet or R shortened it. Export it again as text, in R after "
            "options(scipen = 999)"
        )
    if match := re.search(r"(?<=\d)\s*([A-Za-z]{2,5})\s*$", written):
        name = match.group(1).upper()
        if name not in ZONE_OFFSETS and name not in ("AM", "PM"):
            return (
                f"{name} is no zone of one meaning. Write its offset in its place, such as +02:00, or export the times "
                "in UTC"
            )
    pattern, either = "%d/%m/%Y %H:%M", ""
    if re.match(r"\s*\d{1,2}/\d{1,2}/\d{4}", written):
        first, second = (int(part) for part in re.findall(r"\d+", written)[:2])
        pattern = f"{'%d/%m/%Y' if first > 12 else '%m/%d/%Y'}{_clock_of(written)}"
        either = "" if max(first, second) > 12 else ", or %d/%m/%Y if the day comes first"
    remedy = f'name its pattern in [source], such as time_format = "{pattern}"{either}'
    return f"write it as 2023-11-14T22:29:23Z, or {remedy}"


def _clock_of(written: str) -> str:
    _, _, clock = written.strip().partition(" ")
    if not clock:
        return ""
    half = bool(re.search(r"(?i)[ap]m", clock))
    seconds = ":%S" if clock.count(":") > 1 else ""
    return f" {'%I' if half else '%H'}:%M{seconds}{' %p' if half else ''}"


def _number_seconds(text: pl.Series) -> pl.Series:
    """Read numbers by their size; null where a text is not a number."""
    whole = text.str.strip_chars().cast(pl.Int64, strict=False)
    size = pl.col("n").abs()
    first, end = _SERIALS

    def scaled(n: pl.Series) -> pl.Series:
        n = n.alias("n")
        unit = (
            pl.when(size >= 1e17)
            .then(10**9)
            .when(size >= 1e14)
            .then(10**6)
            .when(size >= 1e11)
            .then(1_000)
            .otherwise(1)
        )
        value = pl.col("n")
        serial = (value >= first) & (value < end)
        days = ((value - 25_569) * 86_400).round()
        dated = pl.any_horizontal((value >= begin) & (value < last) for begin, last in _DIGITS_OF_DATES)
        seconds = (
            pl.when(dated)
            .then(None)
            .when(serial)
            .then(days.cast(pl.Int64, strict=False))
            .otherwise((value // unit).cast(pl.Int64, strict=False))
        )
        return n.to_frame().select(seconds).to_series()

    return _fill(scaled(whole), text, lambda rest: scaled(_exact(rest)))


def _exact(text: pl.Series) -> pl.Series:
    """Numbers as Float64; null where a text is not a number, or is rounded too coarsely."""
    number = pl.col("text").str.strip_chars()
    value = pl.when(pl.col("text").str.contains(_NUMBER)).then(number.cast(pl.Float64, strict=False))
    size = value.abs()
    unit = (
        pl.when(size >= 1e17)
        .then(1e9)
        .when(size >= 1e14)
        .then(1e6)
        .when(size >= 1e11)
        .then(1e3)
        .otherwise(1.0)
    )
    fine = (coarseness(number) <= unit * COARSEST_S).fill_null(value=True)
    return text.alias("text").to_frame().select(pl.when(fine).then(value)).to_series()


def _fill(seconds: pl.Series, text: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    left = seconds.is_null() & text.is_not_null()
    if not left.any():
        return seconds
    rows = left.arg_true()
    return seconds.scatter(rows, read(text.gather(rows)))
