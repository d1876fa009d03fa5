"""Profiles and follow events of files, as records with their keys."""

from collections.abc import Iterator
from itertools import chain

import polars as pl

from schemas.errors import InputError
from schemas.values import platform_name
from streams.live.exchange.post_encoding import ABSENT
from streams.privacy.records import PseudonymRecords
from streams.sources.cells.times import times
from streams.sources.files.compressed import ByteInput

_PROFILE = pl.Struct(
    {
        **dict.fromkeys(("platform", "account_id", "handle", "display_name", "description"), pl.String()),
        "followers_count": pl.Int64(),
        "following_count": pl.Int64(),
        "created_at": pl.String(),
        "verified": pl.Boolean(),
        "platform_label": pl.String(),
        "observed_at": pl.String(),
    }
)
_FOLLOW = pl.Struct(dict.fromkeys(("platform", "follower_id", "followee_id", "action", "at"), pl.String()))


def profile_lines(path: str, names: PseudonymRecords | None = None) -> Iterator[tuple[str, bytes]]:
    """Lines of a file and their keys. A line that is no profile is published as it is, and the worker rejects it.

    Args:
        path: of the file.
        names: puts pseudonyms into the lines; None: names stay.

    Raises:
        InputError: the file cannot be read; or a line is no profile, and names are to be pseudonyms.
    """
    for lines, text in _lines(path):
        if names is not None:
            profiles = names.profile_fields(_decoded(path, text, _PROFILE))
            keys = profiles.select(pl.concat_str("platform", pl.lit(":"), "account_id")).to_series()
            yield from zip(keys.to_list(), _encoded(profiles), strict=True)
            continue
        keys = _field(text, "platform") + ":" + _field(text, "account_id")
        yield from zip(keys.to_list(), lines.to_list(), strict=True)


def follow_lines(path: str, names: PseudonymRecords | None = None) -> Iterator[tuple[str, bytes]]:
    """Follow events in the order of time, because workers wait until each partition has passed a tick.

    They are held in memory, about 400 bytes for each event. Arguments and errors as for `profile_lines`.
    """
    both = _lines(path) if names is None else _follows_with_pseudonyms(path, names)
    parts = [
        pl.DataFrame(
            {
                "at": times(_field(text, "at")),
                "key": _field(text, "platform") + ":" + _field(text, "followee_id"),
                "line": lines,
            }
        )
        for lines, text in both
    ]
    if parts:
        events = pl.concat(parts).sort("at", maintain_order=True)
        yield from events.select("key", "line").iter_rows()


def _follows_with_pseudonyms(path: str, names: PseudonymRecords) -> Iterator[tuple[pl.Series, pl.Series]]:
    for _, text in _lines(path):
        made = pl.Series("line", _encoded(names.follows(_decoded(path, text, _FOLLOW))), dtype=pl.Binary)
        yield made, made.cast(pl.String)


def _decoded(path: str, text: pl.Series, fields: pl.Struct) -> pl.DataFrame:
    """The fields of lines.

    Raises:
        InputError: a line is no such object.
    """
    try:
        found = text.str.json_decode(fields).struct.unnest()
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{path}: a line is no record, so no pseudonyms can be put into it: {error}."
        ) from error
    return found.with_columns(pl.col("platform").map_elements(platform_name, pl.String))


def _encoded(rows: pl.DataFrame) -> list[bytes]:
    """Rows as JSON; what is unknown is absent."""
    struct = rows.select(pl.struct(pl.all()).struct.json_encode().str.replace_all(ABSENT, "")).to_series()
    return [line.encode() for line in struct]


def _lines(path: str) -> Iterator[tuple[pl.Series, pl.Series]]:
    """The lines of a file of JSON objects in batches, as bytes and as text; the text is empty if it is not UTF-8.

    Blank lines are left out.

    Raises:
        InputError: the file cannot be read, or does not hold JSON objects.
    """
    stream = ByteInput(path)
    rest = b""
    first = True
    for block in chain(stream.blocks(), [None]):
        data = rest + (block.data if block is not None else b"\n")
        whole, _, rest = data.rpartition(b"\n")
        lines = pl.Series("line", whole.split(b"\n"), dtype=pl.Binary)
        text = _text(lines).str.strip_chars()
        not_blank = text.is_null() | (text.str.len_bytes() > 0)
        lines, text = lines.filter(not_blank), text.filter(not_blank).fill_null("")
        if first and len(text) and not text[0].startswith("{"):
            raise InputError(f"{stream.name}: publishing takes JSON objects, one on each line.")
        if len(text):
            first = False
            yield lines, text


def _text(lines: pl.Series) -> pl.Series:
    """Bytes as text; null where they are not UTF-8."""
    try:
        return lines.cast(pl.String)
    except pl.exceptions.PolarsError:
        whole = [line if line.decode("utf-8", "ignore").encode() == line else None for line in lines]
        return pl.Series(lines.name, whole, dtype=pl.Binary).cast(pl.String)


def _field(lines: pl.Series, name: str) -> pl.Series:
    """A field of each line; empty if it is absent."""
    return lines.str.json_path_match(f"$.{name}").fill_null("")
