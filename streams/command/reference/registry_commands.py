"""`lockstep registry`; `streams.command.faults` turns its faults into messages and exit statuses."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from detectors.covertness.words import plural
from detectors.reference.registry import Registry
from schemas.errors import InputError, UsageError
from schemas.registry import EntityKind, RegistryEntity
from streams.command.faults import print_message
from streams.outputs.output_files import STDOUT, check_outputs, output
from streams.reference_files.registry_file import read_registry
from streams.registry.merging import Merged, entities_of, merge
from streams.registry.public_lists import is_registry, rows_of

_MOST_NAMED = 20
"""Faults and conflicts that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Merging:
    """What is merged, and how."""

    lists: list[str]
    out: str
    into: str | None
    kind: str
    entity: str
    source: str


def checked(path: str) -> Iterator[str]:
    """What a registry holds, in sentences.

    Raises:
        InputError: it cannot be used.
    """
    registry = read_registry(path)
    yield f"{path}: can be used. {_holds(registry.entities)}"
    unsourced = [entity.entity_id for entity in registry.entities if not entity.source]
    if unsourced:
        yield f"{len(unsourced):,} entities name no source, such as {unsourced[0]}: a reader cannot check them."
    bare = [entity.entity_id for entity in registry.entities if not entity.accounts and not entity.domains]
    if bare:
        yield f"{len(bare):,} entities have neither accounts nor domains, such as {bare[0]}: they match nothing."
    by_handle = sum(a.account_id is None for entity in registry.entities for a in entity.accounts)
    if by_handle:
        yield (
            f"{by_handle:,} accounts have a handle and no id: their posts and followers are found only with "
            "--accounts, which has the id of each handle. Mentions are found by handle."
        )


def merge_lists(merging: Merging) -> bool:
    """Merge, and write the registry; whether no list contradicts another.

    Raises:
        UsageError: an option is wrong.
        InputError: a list cannot be read, or gives nothing.
        OutputError: the registry cannot be written.
    """
    if merging.kind not in set(EntityKind):
        raise UsageError(f"--kind: {merging.kind!r} is none of {', '.join(EntityKind)}.")
    check_outputs({"--out": merging.out}, [*merging.lists, *([merging.into] if merging.into else [])])
    own = read_registry(merging.into).entities if merging.into is not None else ()
    lists: list[Sequence[RegistryEntity]] = []
    for path in merging.lists:
        entities, faults = _list(path, merging)
        _name(faults, "rows were left out")
        if not entities:
            raise InputError(f"{path}: gives no entity with an account or a domain.")
        print_message(f"{path}: {_holds(entities)}")
        lists.append(entities)
    merged = merge(own, lists)
    Registry.of(merged.entities)  # what is written can be used
    with output(merging.out, lines=True) as file:
        file.writelines(msgspec.json.encode(entity) + b"\n" for entity in merged.entities)
    _say(merged, merging)
    return not merged.conflicts


def _list(path: str, merging: Merging) -> tuple[Sequence[RegistryEntity], list[str]]:
    if path != STDOUT and is_registry(path):
        return read_registry(path).entities, []
    read = entities_of(rows_of(path, merging.entity, merging.source), EntityKind(merging.kind))
    return read.entities, read.faults


def _holds(entities: Sequence[RegistryEntity]) -> str:
    kinds = Counter(entity.kind.value.replace("_", " ") for entity in entities)
    accounts = sum(len(entity.accounts) for entity in entities)
    domains = sum(len(entity.domains) for entity in entities)
    shown = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    return (
        f"{plural(len(entities), 'entity')} ({shown}) with {plural(accounts, 'account')} and "
        f"{plural(domains, 'domain')}."
    )


def _say(merged: Merged, merging: Merging) -> None:
    _name(merged.conflicts, "conflicts")
    place = "" if merging.out == STDOUT else f"{merging.out}: "
    print_message(
        f"{place}{len(merged.entities):,} entities: {merged.added:,} new, {merged.extended:,} extended, "
        f"{len(merged.conflicts):,} conflicts."
    )


def _name(lines: Sequence[str], what: str) -> None:
    for line in lines[:_MOST_NAMED]:
        print_message(f"  {line}")
    if len(lines) > _MOST_NAMED:
        print_message(f"  and {len(lines) - _MOST_NAMED:,} more {what}")
