"""Finds the format of a JSON input by the fields of its objects."""

import re
from collections.abc import Mapping, Sequence

from schemas.errors import FormatError, UsageError
from streams.sources.csv_layouts import listed
from streams.sources.files.json_sample import ObjectSample, samples
from streams.sources.formats.canonical.jsonl import Jsonl
from streams.sources.formats.format import Format
from streams.sources.formats.json_format import JsonFormat
from streams.sources.formats.json_formats import JSON_FORMATS
from streams.sources.formats.tables.column_mapping import EXAMPLE, REQUIRED_FIELDS, ColumnMapping
from streams.sources.formats.tables.mapped import FieldPath, Mapped, MappedJson

_NOTHING = re.compile(r"[\s\[\]{}]*")
_CANONICAL = {"post_id", "account_id"}


def json_format(text: str, name: str, format_name: str | None, mapping: ColumnMapping | None) -> Format:
    """Return the format of a JSON input that begins with `text`; see `streams.sources.detect.detect`."""
    if _NOTHING.fullmatch(text):
        raise FormatError(f"{name}: is JSON without any record. Check that its export has finished.")
    found = list(samples(text))
    if format_name == Mapped.name:
        if mapping is None:
            raise UsageError(f"format mapped needs fields named in the configuration, such as:\n{EXAMPLE}")
        return _mapped(found, name, mapping)
    for sample in found:
        if kind := _kind(sample.objects, format_name):
            if mapping is not None and format_name is None and kind is not Jsonl:
                break
            return _canonical(sample) if kind is Jsonl else kind(sample.framing)
    if mapping is not None and format_name is None:
        return _mapped(found, name, mapping)
    # a post without the one or the other is a dead letter, not another format
    for sample in found:
        if format_name in (None, Jsonl.name) and any(_CANONICAL & one.keys() for one in sample.objects):
            return _canonical(sample)
    what = "in no known format" if format_name is None else f"not in format {format_name}"
    keys = listed(tuple(found[0].objects[0])) if found else "none that can be read"
    inside = (
        f", and below {found[-1].framing.key}: {listed(tuple(found[-1].objects[0]))}"
        if len(found) > 1
        else ""
    )
    raise FormatError(
        f"{name}: its JSON objects are {what}. The first has the keys: {keys}{inside}. `lockstep sources` lists the "
        f"formats. For other JSON, `lockstep inspect` writes the mapping to start from. It goes into a configuration "
        f"file, which is given with --config:\n{EXAMPLE}"
    )


def _canonical(sample: ObjectSample) -> Jsonl:
    """Canonical posts. If no post at the beginning names a platform, the file has none, as a table of one platform."""
    named = any("platform" in one for one in sample.objects)
    return Jsonl(sample.framing, None if named else "unknown")


def _kind(objects: Sequence[Mapping[str, object]], format_name: str | None) -> type[JsonFormat] | None:
    for kind in JSON_FORMATS:
        if format_name in (None, kind.name) and any(kind.fits(one) for one in objects):
            return kind
    return None


def _mapped(found: Sequence[ObjectSample], name: str, mapping: ColumnMapping) -> MappedJson:
    """Take the arrays whose objects have most of the fields that the mapping names."""
    best: ObjectSample | None = None
    paths: list[FieldPath] = []
    for sample in found:
        here = [path for written in mapping.sources if (path := _path(sample.objects, written)) is not None]
        if best is None or len(here) > len(paths):
            best, paths = sample, here
    missing = [written for written in mapping.sources if written not in [path.written for path in paths]]
    if best is None or any(mapping.columns[field] in missing for field in REQUIRED_FIELDS):
        keys = listed(tuple(best.objects[0])) if best is not None else "none that can be read"
        raise FormatError(
            f"{name}: the mapping names fields that its JSON objects do not have: {', '.join(missing)}. The first has "
            f"the keys: {keys}."
        )
    return MappedJson(best.framing, mapping, paths)


def _path(records: Sequence[object], written: str) -> FieldPath | None:
    """Find a field such as `entities.urls[].expanded_url`; a key with points in it counts as written."""
    whole = [record[written] for record in records if isinstance(record, dict) and written in record]
    if whole:
        return FieldPath(written, (written,), (any(isinstance(value, list) for value in whole),))
    keys = tuple(step.removesuffix("[]") for step in written.split("."))
    many: list[bool] = []
    for key in keys:
        values = [record[key] for record in records if isinstance(record, dict) and key in record]
        if not values:
            return None
        many.append(any(isinstance(value, list) for value in values))
        records = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return FieldPath(written, keys, tuple(many))
