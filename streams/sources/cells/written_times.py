"""Dates in writing: ISO 8601 basic and extended, RFC 2822, Twitter's, Go's, dates with dots, month names.

Months and weekdays may be in the languages of `_MONTHS`: feeds and spreadsheets write those of their authors.
"""

import polars as pl

ZONE_OFFSETS = {
    "UTC": "+0000",
    "GMT": "+0000",
    "UT": "+0000",
    "WET": "+0000",
    "WEST": "+0100",
    "CET": "+0100",
    "CEST": "+0200",
    "EET": "+0200",
    "EEST": "+0300",
    "MSK": "+0300",
    "JST": "+0900",
    "KST": "+0900",
    "AEST": "+1000",
    "AEDT": "+1100",
    "NZST": "+1200",
    "NZDT": "+1300",
    "EST": "-0500",
    "EDT": "-0400",
    "CDT": "-0500",
    "MST": "-0700",
    "MDT": "-0600",
    "PST": "-0800",
    "PDT": "-0700",
    "AKST": "-0900",
    "AKDT": "-0800",
    "HST": "-1000",
    "NDT": "-0230",
    "BRT": "-0300",
    "BRST": "-0200",
    "ART": "-0300",
    "UYT": "-0300",
    "CLT": "-0400",
    "CLST": "-0300",
    "BOT": "-0400",
    "COT": "-0500",
    "PET": "-0500",
    "WAT": "+0100",
    "CAT": "+0200",
    "SAST": "+0200",
    "EAT": "+0300",
    "TRT": "+0300",
    "PKT": "+0500",
    "WIB": "+0700",
    "WITA": "+0800",
    "WIT": "+0900",
    "PHT": "+0800",
    "SGT": "+0800",
    "HKT": "+0800",
    "MYT": "+0800",
    "AWST": "+0800",
    "ACST": "+0930",
    "ACDT": "+1030",
}
"""Names of zones with one meaning in exports. North American ones are those of RFC 2822, section 4.3, the others those
of the time zone database (IANA), up to 2017 also for zones that it has named by their offset since. Not here, since
several places use them: BST, IST, AST, GST, AMT, NST, and CST, which is also China's and Cuba's."""

_MONTHS = {
    1: ("jan", "ene", "gen", "янв"),
    2: ("feb", "fev", "fév", "фев"),
    3: ("mar", "mär", "mrt", "мар"),
    4: ("apr", "abr", "avr", "апр"),
    5: ("may", "mai", "mag", "mei", "мая", "май"),
    6: ("jun", "juin", "giu", "июн"),
    7: ("jul", "juil", "lug", "июл"),
    8: ("aug", "ago", "aoû", "aou", "авг"),
    9: ("sep", "set", "сен"),
    10: ("oct", "okt", "out", "ott", "окт"),
    11: ("nov", "ноя"),
    12: ("dec", "dez", "dic", "déc", "дек"),
}
"""How the names of each month begin, in lower case: English, Spanish, Portuguese, French, German, Italian, Dutch and
Russian, full and short as the Unicode locale data (CLDR) have them."""

_ZONE = r"(?<zone>(?:[Zz]|[+-]\d{2}:?(?:\d{2})?|[A-Za-z]{2,5}|[+-]\d{4} [A-Za-z]{2,5})?)"
_CLOCK = (
    r"(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d+)?)?(?:\s*(?<half>[AaPp])\.?[Mm]\.?)?"
)
_MONTH = r"(?<month>\p{L}{3,10})\.?"
_WEEKDAY = r"(?:[\p{L}-]{2,14}\.?,?\s+)?"

_FORMS = (
    # 2023-11-14T22:29:23.5+01:00, 2023-11-14 22:29 UTC, 2023/11/14 22:29:23, 2023-11-14
    rf"(?<year>\d{{4}})[-/.](?<month>\d{{1,2}})[-/.](?<day>\d{{1,2}})(?:(?:[Tt]|,?\s+){_CLOCK}\s*{_ZONE})?",
    # 20231114T222923Z, 20231114222923, 20231114
    r"(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?:[Tt\s]?(?<hour>\d{2}):?(?<minute>\d{2})"
    rf"(?::?(?<second>\d{{2}})(?:[.,]\d+)?)?\s*{_ZONE})?",
    # Tue, 14 Nov 2023 22:29:23 GMT
    rf"{_WEEKDAY}(?<day>\d{{1,2}})[\s-]+{_MONTH}[\s-]+(?<year>\d{{4}}),?(?:\s+(?:at\s+)?{_CLOCK}\s*{_ZONE})?",
    # Tue Nov 14 22:29:23 +0000 2023
    rf"\p{{L}}{{3}}\s+{_MONTH}\s+(?<day>\d{{1,2}})\s+{_CLOCK}(?:\s+(?<zone>[+-]\d{{4}}|[A-Za-z]{{2,5}}))?\s+(?<year>\d{{4}})",
    # Nov 14, 2023 at 10:29 PM
    rf"{_WEEKDAY}{_MONTH}\s+(?<day>\d{{1,2}}),?\s+(?<year>\d{{4}}),?(?:\s+(?:(?:at|@)\s+)?{_CLOCK}\s*{_ZONE})?",
    # 14.11.2023, 22:29:23: with dots the day comes first wherever it is written so
    rf"(?<day>\d{{1,2}})\.(?<month>\d{{1,2}})\.(?<year>\d{{4}})(?:,?\s+{_CLOCK}\s*{_ZONE})?",
)
_PARTS = ("year", "month", "day", "hour", "minute", "second", "half", "zone")


def written_seconds(text: pl.Series) -> pl.Series:
    """Read dates in writing; null where a text has none of the forms, or no such day exists.

    Args:
        text: String, not null.

    Returns:
        Int64, seconds since 1970 UTC.
    """
    seconds = pl.repeat(None, len(text), dtype=pl.Int64, eager=True)
    left = pl.arange(0, len(text), dtype=pl.UInt32, eager=True)
    for form in _FORMS:
        if not len(left):
            break
        found = _read(text.gather(left), form)
        known = found.is_not_null()
        seconds = seconds.scatter(left.filter(known), found.filter(known))
        left = left.filter(~known)
    return seconds


def _read(text: pl.Series, form: str) -> pl.Series:
    fields = (
        text.alias("text")
        .to_frame()
        .select(pl.col("text").str.extract_groups(rf"^\s*{form}\s*$"))
        .unnest("text")
    )
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in _PARTS if name not in fields.columns]
    fields = fields.with_columns(absent)
    month = pl.col("month").cast(pl.Int64, strict=False)
    for number, names in _MONTHS.items():
        begins = pl.col("month").str.to_lowercase().str.contains(f"^(?:{'|'.join(names)})")
        month = pl.when(begins).then(number).otherwise(month)
    hour = _number("hour")
    half = pl.col("half").str.to_lowercase()
    hour = (
        pl.when(half.is_null())
        .then(hour)
        # 12 AM is midnight, 12 PM is noon; there is no 13 PM
        .when(hour.is_between(1, 12))
        .then(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
    )
    second = _number("second")  # 60 is a leap second, which counts as the one after it
    fields = fields.with_columns(month=month, hour=hour, offset=_offset(pl.col("zone")))
    # the parts may be of no day that exists, and a date of them would be an error
    first = pl.date(_number("year").clip(1, 9_999), pl.col("month").clip(1, 12), 1)
    day = _number("day")
    valid = (
        pl.col("month").is_between(1, 12)
        & day.is_between(1, first.dt.month_end().dt.day())
        & pl.col("hour").is_between(0, 23)
        & (_number("minute") < 60)
        & (second <= 60)
    )
    at = (first.cast(pl.Int32).cast(pl.Int64) + day - 1) * 86_400 + (
        pl.col("hour") * 3_600 + _number("minute") * 60 + second - pl.col("offset")
    )
    return fields.select(pl.when(valid).then(at)).to_series()


def _number(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.Int64, strict=False)
    return value.fill_null(0) if name in ("hour", "minute", "second") else value


def _offset(zone: pl.Expr) -> pl.Expr:
    """Seconds east of UTC; null where a zone is not known, 0 where there is none."""
    # Go writes the offset, then the name; PostgreSQL leaves the minutes out
    written = zone.str.extract(r"^([+-]\d{2}:?(?:\d{2})?)").str.replace(":", "")
    named = zone.str.to_uppercase().replace_strict(
        {"": "+0000", "Z": "+0000", **ZONE_OFFSETS}, default=None, return_dtype=pl.String
    )
    text = pl.coalesce(written, named)
    hours = text.str.slice(1, 2).cast(pl.Int64, strict=False)
    minutes = text.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    east = pl.when(text.str.starts_with("-")).then(-1).otherwise(1) * (hours * 3_600 + minutes * 60)
    return pl.when(zone.is_null()).then(0).otherwise(east)
