"""Recognises the format of an input by its first bytes, never by its name."""

import re

from schemas.errors import FormatError, UsageError
from streams.sources.csv_layouts import csv_format
from streams.sources.formats.csv_formats import CSV_FORMATS
from streams.sources.formats.format import Format
from streams.sources.formats.json_formats import JSON_FORMATS
from streams.sources.formats.tables.column_mapping import ColumnMapping
from streams.sources.formats.tables.mapped import Mapped
from streams.sources.formats.web.feeds import Feeds
from streams.sources.json_layouts import json_format

_JSON = tuple(kind.name for kind in JSON_FORMATS)
FORMATS = (*_JSON, *(kind.name for kind in CSV_FORMATS), Feeds.name, Mapped.name)
"""Names of the formats, as `--format` takes them."""

HEAD_SIZE = 256 << 10
"""Bytes read for detection: enough for a header and the first records."""


_FEED = r"(?s)^\s*(?:<\?xml[^>]*\?>|<!--.*?-->|<\?[^>]*\?>|<!DOCTYPE[^>]*>|\s)*<(?:\w+:)?(?:rss|feed|RDF)\b"


def detect(head: bytes, name: str, format_name: str | None, mapping: ColumnMapping | None) -> Format:
    """Return the format of an input that begins with `head`, fitted to its columns.

    Args:
        head: the first bytes, decompressed, in UTF-8 and without a byte order mark.
        name: the input's name, for errors.
        format_name: overrides the detection.
        mapping: columns or fields of an input in no known format; tried before the known formats, except for
            canonical posts in JSON.

    Raises:
        FormatError: no format fits, or columns of the requested format are missing.
        UsageError: `format_name` is unknown, or is `mapped` without a mapping.
    """
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(f"unknown format {format_name!r}: known are {', '.join(FORMATS)}")
    text = head.decode("utf-8", "replace")
    is_json = re.match(r"\s*[{\[]", text) is not None
    if format_name in _JSON and not is_json:
        raise FormatError(
            f"{name}: is not in format {format_name}: it does not begin with {{ or [, as JSON does."
        )
    if re.match(r"\s*<", text) is not None:
        return _markup(text, name, format_name)
    if is_json and format_name in (None, Mapped.name, *_JSON):
        return json_format(text, name, format_name, mapping)
    return csv_format(text, name, format_name, mapping)


def _markup(text: str, name: str, format_name: str | None) -> Format:
    if format_name in (None, Feeds.name) and re.match(_FEED, text):
        return Feeds()
    raise FormatError(
        f"{name}: is a page of HTML or XML, and no feed (RSS or Atom). Export the posts as JSON or CSV: for a chat of "
        "Telegram, choose the machine-readable format."
    )
