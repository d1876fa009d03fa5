"""`--registry`: entities from JSONL or CSV.

Every alert depends on the registry, so a registry is used whole or not at all: a line that cannot be used is an error
that names the line, never a dead letter as in a dump.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import PurePath

import msgspec

from detectors.reference.registry import Registry, RegistryError
from schemas.checks.decoding_faults import DecodingFault, decoding_fault
from schemas.errors import InputError
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from streams.reference_files.whole_files import objects_of, text_of_file
from streams.sources.files.compressed import ByteInput

_MOST_BYTES = 1 << 26
"""64 MiB: a registry of that size would have some hundred thousand entities."""
_MOST_FAULTS = 10
_SEPARATORS = ",;\t"
_COLUMNS = ("entity_id", "name", "kind")
_ALL_COLUMNS = (*_COLUMNS, "parent_id", "accounts", "domains", "source", "note")
_EXAMPLE = '{"entity_id": "press-agency", "name": "Press Agency", "kind": "state_media"}'


def read_registry(path: str) -> Registry:
    """Read a registry: JSON objects, one a line or in an array, or a CSV with a header; plain or compressed.

    In a CSV, `accounts` holds `platform:account_id` or `platform:@handle`, several separated by spaces or
    semicolons, and `domains` likewise.

    Raises:
        InputError: the file cannot be read, is too large, holds no entity, a line is no entity, or entities
            contradict each other. The message lists up to ten faults.
    """
    stream = ByteInput(path)
    text = text_of_file(stream, _MOST_BYTES, "a registry")
    read = _csv_lines if _is_csv(stream.name, text) else _json_objects
    entities, faults = [], []
    for place, entity in read(text):
        if isinstance(entity, str):
            faults.append(f"{place}: {entity}")
        else:
            entities.append(entity)
    if faults:
        more = f"; and {len(faults) - _MOST_FAULTS:,} more" if len(faults) > _MOST_FAULTS else ""
        raise InputError(f"{stream.name}: {'; '.join(faults[:_MOST_FAULTS])}{more}.")
    if not entities:
        raise InputError(f"{stream.name}: holds no entity. Each line must be an entity such as {_EXAMPLE}.")
    try:
        return Registry.of(entities)
    except RegistryError as error:
        raise RegistryError(f"{stream.name}: {error}") from error


def _is_csv(name: str, text: str) -> bool:
    begins = text.lstrip()[:200]
    parted = any(separator in begins for separator in _SEPARATORS)
    return not begins.startswith(("{", "[")) and (".csv" in PurePath(name).suffixes or parted)


def _json_objects(text: str) -> Iterator[tuple[str, RegistryEntity | str]]:
    """Place and entity of each line or element, or its fault in words."""
    for place, entity in objects_of(text, RegistryEntity):
        if isinstance(entity, DecodingFault):
            yield place, f"{_in_words(entity)} (an entity is written like {_EXAMPLE})"
        else:
            yield place, entity


def _csv_lines(text: str) -> Iterator[tuple[str, RegistryEntity | str]]:
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, delimiter=separator)
    try:
        missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
        unknown = [column for column in rows.fieldnames or () if column not in _ALL_COLUMNS]
        if missing or unknown:
            what = f"lacks {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
            yield "line 1", f"the header {what}; known columns are {', '.join(_ALL_COLUMNS)}"
            return
        for row in rows:
            yield f"line {rows.line_num:,}", _entity(row)
    except csv.Error as error:
        yield f"line {rows.line_num:,}", f"not CSV: {error}"


def _entity(row: dict[str, str]) -> RegistryEntity | str:
    if None in row or None in row.values():
        return "has more or fewer fields than the header"
    known = {column: value.strip() for column, value in row.items() if value.strip()}
    accounts = []
    for account in known.pop("accounts", "").replace(";", " ").split():
        platform, colon, name = account.partition(":")
        if not (platform and colon and name.strip("@")):
            return f"{account!r} is no account. Give platform:account_id or platform:@handle"
        given = {"handle": name[1:]} if name.startswith("@") else {"account_id": name}
        accounts.append(RegistryAccount(platform=platform, **given))
    domains = known.pop("domains", "").replace(";", " ").split()
    try:
        return msgspec.convert({**known, "domains": domains, "accounts": accounts}, RegistryEntity)
    except msgspec.ValidationError as error:
        return _in_words(decoding_fault(error))


def _in_words(fault: DecodingFault) -> str:
    words = str(fault)
    return f"{words}; a kind is one of {', '.join(EntityKind)}" if "invalid enum value" in words else words
