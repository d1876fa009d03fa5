"""`--accounts`: profiles of accounts, as platforms showed them."""

import polars as pl

from detectors.arrays.dtypes import I64
from detectors.post_columns import conform
from detectors.reference.reference_data import PROFILES
from schemas.dead_letters import Reason
from schemas.errors import InputError
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.sources.cells.identities import ids, platforms
from streams.sources.cells.times import times
from streams.sources.files.compressed import ByteInput
from streams.sources.files.encodings import Readable
from streams.sources.files.json_records import json_records, lines_or_array
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.records import Records

_PROFILE = pl.Struct(
    {
        "platform": pl.String(),
        "account_id": pl.String(),
        "handle": pl.String(),
        "display_name": pl.String(),
        "description": pl.String(),
        "followers_count": pl.Int64(),
        "created_at": pl.String(),
        "verified": pl.Boolean(),
        "platform_label": pl.String(),
        "observed_at": pl.String(),
    }
)
_HEAD = 64 << 10
_REQUIRED = ("platform", "account_id", "observed_at")


def read_profiles(path: str, dead_letters: DeadLetterLog) -> pl.DataFrame:
    """Read account profiles, JSON objects one a line or in an array: columns of `reference_data.PROFILES`.

    Lines that cannot be used become dead letters.

    Raises:
        InputError: the file cannot be read, ends early, is empty, or most of its lines are no profiles.
    """
    stream = ByteInput(path)
    frames = [pl.DataFrame(schema=PROFILES)]
    bad = 0
    readable = Readable(stream.peek(_HEAD), None)
    framing = lines_or_array(readable.head)
    for records in json_records(readable.blocks(stream.blocks()), stream.name, framing):
        if len(records) or records.dead_letters:
            frames.append(decoded_profiles(records)[0])
            bad += len(records.dead_letters)
            for letter in records.dead_letters:
                dead_letters.keep(letter)
    frame = pl.concat(frames)
    if bad > len(frame) or not len(frame):
        raise InputError(
            f"{stream.name}: {bad:,} of {bad + len(frame):,} lines are no account profiles. Each line must "
            'be a JSON object such as {"platform": "x", "account_id": "1", "handle": "a", '
            '"followers_count": 9, "created_at": "2020-01-31T00:00:00Z", '
            '"observed_at": "2023-02-14T08:30:00Z"}.'
        )
    return frame


def decoded_profiles(records: Records) -> tuple[pl.DataFrame, I64]:
    """Columns of `reference_data.PROFILES`, and the row of `records` of each; other records become dead letters."""
    frame, rows = decode_objects(records, _PROFILE)
    frame = frame.with_columns(platforms(pl.col("platform")), ids(pl.col("account_id")))
    table = frame.select(
        pl.concat_str(pl.col("platform"), pl.lit(":"), pl.col("account_id")).alias("account"),
        "handle",
        "display_name",
        "description",
        pl.col("followers_count").alias("followers"),
        times(frame["created_at"]).alias("created"),
        "verified",
        "platform_label",
        times(frame["observed_at"]).alias("observed"),
    )
    blank = [(pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")) for name in _REQUIRED]
    missing = frame.select(pl.any_horizontal(blank)).to_series()
    untimely = table["observed"].is_null() | (frame["created_at"].is_not_null() & table["created"].is_null())
    below = (table["followers"] < 0).fill_null(value=False)
    for bad, reason, detail in (
        (missing, Reason.MISSING_FIELD, f"one of {', '.join(_REQUIRED)} is absent or empty"),
        (untimely & ~missing, Reason.BAD_TIME, "created_at or observed_at is not a time that can be read"),
        (below & ~missing & ~untimely, Reason.MALFORMED, "followers_count is below 0"),
    ):
        for row in bad.arg_true():
            records.set_aside(int(rows[row]), reason, detail)
    bad = missing | untimely | below
    return conform(table.filter(~bad), PROFILES), rows[~bad.to_numpy()]
