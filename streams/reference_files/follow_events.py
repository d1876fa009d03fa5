"""`--follows`: follow events, all read before the run and kept as keys in order of time."""

import time
from collections.abc import Callable

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64
from detectors.arrays.hashing import hash_strings
from detectors.followers.follow_edges import ACTIONS, FOLLOW, FollowEvents
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.dead_letters import Reason
from schemas.errors import InputError
from schemas.values import PLATFORM_ALIASES, platform_name
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.privacy.records import PseudonymRecords, without_content
from streams.reference_files.follow_exports import follow_export
from streams.sources.cells.identities import ids
from streams.sources.cells.times import EARLIEST, times
from streams.sources.files.compressed import BLOCK_SIZE, ByteInput
from streams.sources.files.csv_rows import Layout, csv_records, read_rows, split_record
from streams.sources.files.encodings import Readable
from streams.sources.files.json_records import json_records, lines_or_array
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.records import Records
from streams.sources.formats.json_format import ROW
from streams.sources.screening import LEEWAY

FIELDS = ("platform", "follower_id", "followee_id", "action", "at")
FOLLOW_EVENT = pl.Struct(dict.fromkeys(FIELDS, pl.String()))
_KEYED = {"at": pl.Int64(), "follower": pl.UInt64(), "followee": pl.UInt64(), "action": pl.UInt8()}
EVENT_TABLE = _KEYED | {"follower_name": pl.String(), "followee_name": pl.String()}
"""Follow events; `platform:account_id` of both accounts, null unless the action is `follow`: no other needs them."""
_CODES = {action.value: code for code, action in enumerate(ACTIONS)}
_NAMES = {
    form: platform_name(form)
    for name in {*PLATFORM_ALIASES, *PLATFORM_ALIASES.values()}
    for form in (name, name.title(), name.upper())
    if platform_name(form) != form
}
"""Other names of platforms, and the names that Lockstep gives them."""
_SEPARATORS = (",", "\t", ";", "|")
_HEAD = 64 << 10
_JUDGED_FIRST = 1_000
"""This many records are judged first, so that a large file of something else is rejected early. Chosen, not
measured."""


def read_follows(
    path: str,
    dead_letters: DeadLetterLog,
    names: PseudonymRecords | None = None,
    *,
    block_size: int = BLOCK_SIZE,
    now: Callable[[], float] = time.time,
) -> FollowEvents:
    """Read follow events: JSON objects, one a line or in an array, or CSV with the same fields as columns.

    Pages of followers of the X API and events of Jetstream are read as well (`streams.reference_files.follow_exports`).

    Records that cannot be used become dead letters. Memory: 25 bytes an event, 60 while they are read and sorted;
    of events with action `follow` the names of their accounts, too, each once.

    Args:
        path: a file, or `-` for standard input.
        dead_letters: receives records that cannot be used.
        names: puts pseudonyms into the events; None: names stay.
        block_size: decompressed bytes decoded at a time; the result does not depend on it.
        now: seconds since 1970 UTC. Events more than a day in the future are set aside: the latest event decides
            about an edge, so a false one would do so forever.

    Raises:
        InputError: the file cannot be read, ends early, is empty, or most of its records are no follow events.
    """
    stream = ByteInput(path)
    readable = Readable(stream.peek(_HEAD), None)
    head = readable.head
    layout = _csv_layout(head)
    export = follow_export(head.decode("utf-8", "replace"), stream.name) if layout is None else None
    blocks = readable.blocks(stream.blocks(block_size))
    latest = now() + LEEWAY
    parts = [pl.DataFrame(schema=EVENT_TABLE)]
    good = bad = bad_first = 0
    if layout is not None:
        found = csv_records(blocks, stream.name, layout)
    elif export is not None:
        found = export.records(blocks, stream.name)
    else:
        found = json_records(blocks, stream.name, lines_or_array(head))
    for records in found:
        if layout is not None:
            rows = read_rows(records, layout, FIELDS).with_columns(
                ids(pl.col(name)) for name in ("follower_id", "followee_id")
            )
            numbers = np.arange(len(records), dtype=np.int64)
            parts.append(keyed_events(rows, numbers, records, latest, names)[0])
        elif export is not None:
            events = export.events(records)
            parts.append(keyed_events(events.drop(ROW), events[ROW].to_numpy(), records, latest, names)[0])
        else:
            parts.append(decoded_follows(records, latest, names)[0])
        good += len(parts[-1])
        bad += len(records.dead_letters)
        for letter in sorted(records.dead_letters, key=lambda letter: letter.position):
            dead_letters.keep(letter if names is None else without_content(letter))
            bad_first += letter.position <= _JUDGED_FIRST
        if good + bad >= _JUDGED_FIRST:
            _judge(stream.name, _JUDGED_FIRST - bad_first, bad_first)
    _judge(stream.name, good, bad)
    accounts = named_accounts(pl.concat(parts, rechunk=False))
    events = pl.concat([part.select(_KEYED.keys()) for part in parts], rechunk=True)
    parts.clear()
    # polars sorts three times slower when all rows have the same first key, as in a snapshot
    differing = [name for name in _KEYED if events[name].min() != events[name].max()]
    events = events.sort(differing or ["at"])
    return follow_events(events, accounts)


def follow_events(events: pl.DataFrame, names: pl.DataFrame) -> FollowEvents:
    """Follow events as detection takes them.

    Args:
        events: columns of `EVENT_TABLE` but for the names, in order of time.
        names: as `named_accounts` gives them.
    """
    follower, followee, action, at = (
        events[name].to_numpy() for name in ("follower", "followee", "action", "at")
    )
    return FollowEvents(follower, followee, action, at, names)


def named_accounts(events: pl.DataFrame) -> pl.DataFrame:
    """The accounts that events name, each once: columns key and name, ascending by key."""
    sides = [
        events.select(pl.col(side).alias("key"), pl.col(f"{side}_name").alias("name"))
        .drop_nulls()
        .unique("key")
        for side in ("follower", "followee")
    ]
    return pl.concat(sides).unique("key").sort("key")


def _csv_layout(head: bytes) -> Layout | None:
    """The layout of a CSV of follow events; None for anything else."""
    line = head.decode("utf-8", "replace").lstrip().partition("\n")[0].removesuffix("\r")
    if line.startswith(("{", "[")):
        return None
    for separator in _SEPARATORS:
        columns = tuple(column.strip() for column in split_record(line, separator))
        if set(FIELDS) <= set(columns):
            return Layout(separator, columns, header=True)
    return None


def decoded_follows(
    records: Records, latest: float, names: PseudonymRecords | None = None
) -> tuple[pl.DataFrame, I64]:
    """Decode lines of JSON, each a follow event.

    Args:
        records: the lines; they receive the dead letters.
        latest: latest time that an event may have, seconds since 1970 UTC.
        names: puts pseudonyms into the events; None: names stay.

    Returns:
        Columns of `EVENT_TABLE`, and the row of `records` of each, ascending.
    """
    rows, numbers = decode_objects(records, FOLLOW_EVENT)
    rows = rows.with_columns(ids(pl.col(name)) for name in ("follower_id", "followee_id"))
    return keyed_events(rows, numbers, records, latest, names)


def keyed_events(
    rows: pl.DataFrame,
    numbers: I64,
    records: Records,
    latest: float,
    names: PseudonymRecords | None = None,
) -> tuple[pl.DataFrame, I64]:
    """Keep the rows that can be used; all others become dead letters.

    Args:
        rows: the fields of follow events, as text.
        numbers: row of `records` that each came from.
        records: receive the dead letters.
        latest: latest time that an event may have, seconds since 1970 UTC.
        names: puts pseudonyms into the events; None: names stay.

    Returns:
        Columns of `EVENT_TABLE`, and the row of `records` of each.
    """
    rows = rows.with_columns(pl.col("platform").replace(_NAMES))
    if names is not None:
        rows = names.follows(rows)
    accounts = [
        rows.select(pl.concat_str("platform", pl.lit(":"), name)).to_series()
        for name in ("follower_id", "followee_id")
    ]
    at = times(rows["at"])
    action = pl.col("action").replace_strict(_CODES, default=None, return_dtype=pl.UInt8)
    blank = [(pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")) for name in FIELDS]
    checks = rows.select(
        missing=pl.any_horizontal(blank),
        untimely=pl.lit(at.is_null() | (at < EARLIEST) | (at > latest)),
        unknown=action.is_null(),
        alone=pl.col("follower_id") == pl.col("followee_id"),
    )
    bad = checks.select(pl.any_horizontal(pl.all())).to_series()
    table = pl.DataFrame(
        {
            "at": at,
            "follower": hash_strings(accounts[0], ACCOUNT_KEYS),
            "followee": hash_strings(accounts[1], ACCOUNT_KEYS),
            "action": rows.select(action).to_series(),
            "follower_name": accounts[0],
            "followee_name": accounts[1],
        },
        schema=EVENT_TABLE,
    ).with_columns(
        pl.when(pl.col("action") == FOLLOW).then(pl.col(name)) for name in ("follower_name", "followee_name")
    )
    if not bad.any():
        return table, numbers
    for row in bad.arg_true().to_list():
        missing, untimely, unknown, _ = checks.row(row)
        if missing:
            reason, detail = Reason.MISSING_FIELD, f"one of {', '.join(FIELDS)} is absent or empty"
        elif untimely:
            reason, detail = Reason.BAD_TIME, "at is not a readable time between 2000 and a day from now"
        elif unknown:
            reason, detail = Reason.MALFORMED, f"action is not one of {', '.join(sorted(_CODES))}"
        else:
            reason, detail = Reason.MALFORMED, "the account would follow itself"
        records.set_aside(int(numbers[row]), reason, detail)
    return table.filter(~bad), numbers[~bad.to_numpy()]


def _judge(name: str, good: int, bad: int) -> None:
    """Stop if most records are not follow events."""
    if bad > good or not good + bad:
        raise InputError(
            f"{name}: {bad:,} of {good + bad:,} records are no follow events. Each line must be a JSON object "
            'such as {"platform": "x", "follower_id": "1", "followee_id": "2", "action": "follow", '
            '"at": "2023-02-14T08:30:00Z"}, or a CSV must have these columns: '
            f"{', '.join(FIELDS)}. Actions are {', '.join(sorted(_CODES))}."
        )
