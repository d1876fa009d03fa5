"""Events of Jetstream to posts, follow events and profiles, with the readers of its dumps."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import polars as pl

from detectors.post_columns import parted
from schemas.dead_letters import Reason
from streams.collect.source import Events, Message, Position
from streams.live.exchange.value_lines import records_of
from streams.reference_files.follow_events import keyed_events
from streams.sources.cells.times import EARLIEST, times
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.json_sample import LINES
from streams.sources.files.records import Records
from streams.sources.formats.bluesky.jetstream import (
    Jetstream,
    JetstreamMessages,
    as_events,
    follows_of,
)
from streams.sources.formats.bluesky.record_fields import with_subjects
from streams.sources.formats.json_fields import path, struct
from streams.sources.formats.json_format import ROW
from streams.sources.screening import LEEWAY, screen

_AHEAD_S = 300
"""Seconds by which an event may be ahead of this machine's clock and still move the cursor: a cursor in the future
would mean to go on from now. Workers set such posts aside by the same default (`worker.max_ahead_s`)."""
_PROFILES = 100_000
"""Accounts whose profile is remembered, so that a new handle does not replace a known description. Chosen, not
measured: about 300 bytes each."""
_PROFILE = "app.bsky.actor.profile"
_MORE = {"identity": struct("handle")}
_NAMES = struct("displayName", "description")


class JetstreamDecoder:
    """Decodes frames of one server.

    Args:
        source: name of the server, for dead letters.
        second: whether it is the second server.
        profiles: whether handles and profiles are wanted.
        now: seconds since 1970 UTC.
    """

    def __init__(
        self, source: str, *, second: bool, profiles: bool = False, now: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self._second = second
        self._now = now
        self._schema = _extended(JetstreamMessages.schema if second else Jetstream.schema, second)
        self._format = Jetstream(LINES)
        self._profiles = KnownProfiles() if profiles else None

    def decode(self, messages: Sequence[Message], first_number: int) -> Events:
        """As of `streams.collect.source.LiveSource`."""
        records = records_of([message.data for message in messages], self._source)
        frame, rows = decode_objects(records, self._schema, with_subjects)
        frame = frame.with_columns(pl.Series(ROW, rows))
        if self._second:
            frame = as_events(frame)
        frame = _events(frame, records)
        batch = screen(self._format.posts(frame), records, self._now)
        others = Counter(batch.others)
        follows = self._follows(frame, records)
        others["follows"] -= len(follows)
        posts, deleted = parted(batch.posts)
        deletions = _reported(deleted)
        others["deletions"] -= len(deletions)
        profiles = None if self._profiles is None else self._profiles.seen(frame)
        first, last = self._places(frame)
        letters = [
            msgspec.structs.replace(letter, position=first_number + letter.position - 1)
            for letter in records.dead_letters
        ]
        return Events(
            posts=posts,
            first=first,
            position=last,
            reached=0 if last is None else last.time_us // 1_000_000,
            follows=follows if len(follows) else None,
            profiles=profiles,
            deletions=deletions if len(deletions) else None,
            dead_letters=letters,
            others=+others,
        )

    def _follows(self, frame: pl.DataFrame, records: Records) -> pl.DataFrame:
        follows = follows_of(frame)
        if not len(follows):
            return follows
        _, kept = keyed_events(follows.drop(ROW), follows[ROW].to_numpy(), records, self._now() + LEEWAY)
        return follows.filter(pl.col(ROW).is_in(kept)).drop(ROW)

    def _places(self, frame: pl.DataFrame) -> tuple[Position | None, Position | None]:
        """The places of the first and the last event that have a plausible time."""
        latest = int((self._now() + _AHEAD_S) * 1e6)
        seq = pl.col("seq").cast(pl.Int64, strict=False) if self._second else pl.lit(0)
        sound = frame.select(_microseconds(frame["time_us"]), seq.fill_null(0).alias("seq")).filter(
            pl.col("time_us").is_between(EARLIEST * 1_000_000, latest)
        )
        if not len(sound):
            return None, None
        first, last = (Position(time_us=time_us, seq=max(0, seq)) for time_us, seq in map(sound.row, (0, -1)))
        return first, last


class KnownProfiles:
    """Profiles as far as events have shown them: each event shows a part, and a record replaces the one before it."""

    def __init__(self, most: int = _PROFILES) -> None:
        self._most = most
        self._known: dict[str, dict[str, str]] = {}

    def seen(self, frame: pl.DataFrame) -> pl.DataFrame | None:
        """The profiles of accounts whose handle or description is in these events; None: there are none.

        Args:
            frame: events of Jetstream.
        """
        record = path("commit", "record")
        is_profile = path("commit", "collection") == _PROFILE
        rows = (
            frame.select(
                "did",
                pl.from_epoch(times(frame["time_us"])).dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("at"),
                path("identity", "handle").alias("handle"),
                pl.when(is_profile).then(record.struct.field("displayName")).alias("display_name"),
                pl.when(is_profile).then(record.struct.field("description")).alias("description"),
                is_profile.fill_null(value=False).alias("is_profile"),
            )
            .filter(pl.col("handle").is_not_null() | pl.col("is_profile"))
            .drop("is_profile")
        )
        found = []
        for did, at, *parts in rows.iter_rows():
            known = self._known.pop(did, {})
            named = zip(("handle", "display_name", "description"), parts, strict=True)
            known |= {name: value for name, value in named if value is not None}
            self._known[did] = known
            found.append({"platform": "bluesky", "account_id": did, **known, "observed_at": at})
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return pl.DataFrame(found, schema=_PROFILE_FIELDS) if found else None


_PROFILE_FIELDS = dict.fromkeys(
    ("platform", "account_id", "handle", "display_name", "description", "observed_at"), pl.String
)


def _reported(deleted: pl.DataFrame) -> pl.DataFrame:
    """Reports of deletions, as `Events` has them."""
    return deleted.select(
        "platform",
        "post_id",
        "account_id",
        pl.from_epoch("created_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("created_at"),
    )


def _events(frame: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Leave out objects that are no events; they become dead letters."""
    good = frame["did"].is_not_null() & frame["time_us"].is_not_null()
    if good.all():
        return frame
    for row in frame.filter(~good)[ROW].to_list():
        records.set_aside(
            row, Reason.MISSING_FIELD, "no event of Jetstream: its account or its time is absent"
        )
    return frame.filter(good)


def _microseconds(when: pl.Series) -> pl.Series:
    """Times as Jetstream writes them, digits or RFC 3339, as microseconds since 1970 UTC; null if unreadable."""
    return when.to_frame().select(
        pl.coalesce(
            pl.col(when.name).cast(pl.Int64, strict=False),
            pl.col(when.name)
            .str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
            .dt.epoch("us"),
        )
    )[when.name]


def _extended(schema: pl.Struct, second: bool) -> pl.Struct:
    """The fields that dumps are read for, and those of handles and profiles."""
    fields = {field.name: field.dtype for field in schema.fields}
    inside = fields["payload" if second else "commit"]
    assert isinstance(inside, pl.Struct)  # noqa: S101 - for the type checker
    inner = {field.name: field.dtype for field in inside.fields}
    record = inner["record"]
    assert isinstance(record, pl.Struct)  # noqa: S101 - as above
    inner["record"] = pl.Struct([*record.fields, *_NAMES.fields])
    if second:
        return pl.Struct(fields | {"payload": pl.Struct(inner | _MORE)})
    return pl.Struct(fields | {"commit": pl.Struct(inner)} | _MORE)
