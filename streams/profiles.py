"""`--accounts`: what platforms showed about accounts, added to the members of alerts."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl

from schemas.alerts import Alert, Member
from schemas.dead_letters import Reason
from schemas.errors import InputError
from streams.dead_letter_log import DeadLetterLog
from streams.sources.compressed import ByteInput
from streams.sources.json_rows import decode_objects
from streams.sources.lines import scan_lines
from streams.sources.records import Records, read_records
from streams.sources.times import rfc3339_seconds

_PROFILE = pl.Struct(
    {
        "platform": pl.String(),
        "account_id": pl.String(),
        "handle": pl.String(),
        "followers_count": pl.Int64(),
        "created_at": pl.String(),
        "observed_at": pl.String(),
    }
)
_TABLE = {
    "name": pl.String(),
    "handle": pl.String(),
    "followers": pl.Int64(),
    "created": pl.Int64(),
    "observed": pl.Int64(),
}
_REQUIRED = ("platform", "account_id", "observed_at")


class Profiles:
    """The latest profile of each account.

    About 100 bytes an account: a frame sorted by the hash of the name, looked up by bisection.

    Args:
        frame: columns name (`platform:account_id`), handle, followers, created (seconds), observed (seconds).
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        latest = frame.sort("observed", maintain_order=True).unique("name", keep="last", maintain_order=True)
        latest = latest.with_columns(pl.col("name").hash().alias("hash")).sort("hash")
        self._hashes = latest["hash"].to_numpy()
        self._frame = latest.drop("hash", "observed")

    def __len__(self) -> int:
        return len(self._frame)

    def complete(self, alert: Alert) -> Alert:
        """Return `alert` with handle, followers and creation time of its members where they were missing."""
        if not len(self._frame) or not alert.members:
            return alert
        wanted = pl.Series("name", [member.account_id for member in alert.members])
        at = np.minimum(np.searchsorted(self._hashes, wanted.hash().to_numpy()), len(self._hashes) - 1)
        found = self._frame[at]
        members = [
            _completed(member, *row) if name == member.account_id else member
            for member, (name, *row) in zip(alert.members, found.iter_rows(), strict=True)
        ]
        return msgspec.structs.replace(alert, members=members)


def read_profiles(path: str, dead_letters: DeadLetterLog) -> Profiles:
    """Read account profiles, one JSON object a line, plain or compressed.

    Lines that cannot be used become dead letters.

    Raises:
        InputError: the file cannot be read, ends early, is empty, or most of its lines are no profiles.
    """
    stream = ByteInput(path)
    frames = [pl.DataFrame(schema=_TABLE)]
    bad = 0
    for records in read_records(stream.blocks(), stream.name, scan_lines, str):
        if len(records) or records.dead_letters:
            frames.append(_decoded(records))
            bad += len(records.dead_letters)
            for letter in records.dead_letters:
                dead_letters.keep(letter)
    frame = pl.concat(frames)
    if bad > len(frame) or not len(frame):
        raise InputError(
            f"{stream.name}: {bad:,} of {bad + len(frame):,} lines are no account profiles. Each line has "
            'to be a JSON object such as {"platform": "x", "account_id": "1", "handle": "a", '
            '"followers_count": 9, "created_at": "2020-01-31T00:00:00Z", '
            '"observed_at": "2023-02-14T08:30:00Z"}.'
        )
    return Profiles(frame)


def _decoded(records: Records) -> pl.DataFrame:
    frame, rows = decode_objects(records, _PROFILE)
    table = frame.select(
        (pl.col("platform") + ":" + pl.col("account_id")).alias("name"),
        "handle",
        pl.col("followers_count").alias("followers"),
        rfc3339_seconds(frame["created_at"]).alias("created"),
        rfc3339_seconds(frame["observed_at"]).alias("observed"),
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
    return table.filter(~(missing | untimely | below))


def _completed(member: Member, handle: str | None, followers: int | None, created: int | None) -> Member:
    return msgspec.structs.replace(
        member,
        handle=member.handle if member.handle is not None else handle,
        followers=member.followers if member.followers is not None else followers,
        created_at=member.created_at
        if member.created_at is not None or created is None
        else datetime.fromtimestamp(created, UTC),
    )
