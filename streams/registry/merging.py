"""Entities of several lists in one registry, with every conflict named.

The first list that has an account or domain keeps it. A later list that gives it to somebody else is contradicted, not
followed: a wrong owner would show in alerts.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from detectors.reference.claims import Claim, claims_of, conflict
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from streams.registry.indicators import named_by

_ID = re.compile(r"[^a-z0-9]+")


class Found(NamedTuple):
    """One row of a list."""

    value: str
    """A domain, an address, a handle or an account id."""
    type: str
    platform: str
    entity: str
    """Name of the entity that it belongs to."""
    entity_id: str
    """Its id in the list; empty: it has none."""
    source: str
    """Where it comes from: an address, or the name of a document."""
    note: str
    place: str
    """Where it is in the list, for messages."""
    kind: EntityKind | None = None
    """What sort the entity is; None: the list does not say."""
    parent: str = ""
    """Id of the parent entity in the list."""


@dataclass(slots=True)
class Read:
    """What a list gave."""

    entities: list[RegistryEntity]
    faults: list[str] = field(default_factory=list)
    """Rows that name nothing a registry can have, and why."""


def entities_of(rows: Iterable[Found], kind: EntityKind) -> Read:
    """Rows to entities: all rows of one entity together.

    Args:
        rows: of one list.
        kind: of entities whose kind the list does not say.
    """
    read = Read([])
    made: dict[str, RegistryEntity] = {}
    for row in rows:
        key = row.entity_id or row.entity
        entity = made.get(key)
        if entity is None:
            name = row.entity or row.entity_id
            if not name:
                read.faults.append(f"{row.place}: {row.value!r} belongs to no entity. Name it with --entity.")
                continue
            entity = made[key] = RegistryEntity(
                entity_id=row.entity_id or id_of(name),
                name=name,
                kind=row.kind or kind,
                parent_id=row.parent or None,
            )
        if row.value:
            named = named_by(row.value, row.type, row.platform)
            if isinstance(named, str):
                read.faults.append(f"{row.place}: {row.value!r} {named}")
                continue
            domains, accounts = list(entity.domains), list(entity.accounts)
            if named.domain is not None and named.domain not in domains:
                domains.append(named.domain)
            if named.account is not None and named.account not in accounts:
                accounts.append(named.account)
            entity = msgspec.structs.replace(entity, domains=domains, accounts=accounts)
        made[key] = msgspec.structs.replace(
            entity, source=_joined(entity.source, row.source), note=entity.note or row.note or None
        )
    read.entities = [entity for entity in made.values() if entity.accounts or entity.domains]
    known = {entity.entity_id for entity in read.entities}
    read.entities = [
        entity if entity.parent_id in known else msgspec.structs.replace(entity, parent_id=None)
        for entity in read.entities
    ]
    return read


@dataclass(slots=True)
class Merged:
    """Entities put together."""

    entities: list[RegistryEntity]
    added: int = 0
    """New entities."""
    extended: int = 0
    """Entities that got further accounts, domains or sources."""
    names: dict[str, str] = field(default_factory=dict)
    """Ids of entities of lists that are known under another id."""
    conflicts: list[str] = field(default_factory=list)
    """What lists contradict each other in, in words."""


def merge(registry: Sequence[RegistryEntity], lists: Sequence[Sequence[RegistryEntity]]) -> Merged:
    """Bring the entities of lists into a registry.

    An entity of a list is one that is known if it has its id, or an account or domain of it. If it has those of
    several, each keeps its own, and the rest goes to the one with the same id, or to a new entity.

    Args:
        registry: sound; it is never changed but by additions.
        lists: entities of each list; earlier ones go first.
    """
    merged = Merged([])
    known = {entity.entity_id: entity for entity in registry}
    owners: dict[Claim, str] = {
        claim: entity.entity_id for entity in registry for claim in claims_of(entity)[0]
    }
    for entities in lists:
        for entity in entities:
            _bring_in(entity, known, owners, merged)
    for entity in known.values():
        parent = merged.names.get(entity.parent_id or "", entity.parent_id)
        if parent == entity.entity_id or parent not in known:
            parent = None
        merged.entities.append(msgspec.structs.replace(entity, parent_id=parent))
    return merged


def _bring_in(
    entity: RegistryEntity, known: dict[str, RegistryEntity], owners: dict[Claim, str], merged: Merged
) -> None:
    held = {owners[claim] for claim in claims_of(entity)[0] if claim in owners}
    target = entity.entity_id if entity.entity_id in known else None
    if target is None and len(held) == 1:
        target = next(iter(held))
    own: RegistryEntity
    before = known.get(target) if target is not None else None
    own = before if before is not None else msgspec.structs.replace(entity, accounts=[], domains=[])
    accounts: list[RegistryAccount] = list(own.accounts)
    domains: list[str] = list(own.domains)
    parts: list[RegistryAccount | str] = [*entity.accounts, *entity.domains]
    for part in parts:
        one = msgspec.structs.replace(
            entity,
            accounts=[part] if isinstance(part, RegistryAccount) else [],
            domains=[part] if isinstance(part, str) else [],
        )
        claims = claims_of(one)[0]
        taken = {
            owners[claim]: claim for claim in claims if owners.get(claim, own.entity_id) != own.entity_id
        }
        if taken:
            for owner, claim in taken.items():
                merged.conflicts.append(f"{conflict(owner, entity.entity_id, claim)}; {owner} keeps it")
            continue
        if all(claim in owners for claim in claims):
            continue
        owners.update(dict.fromkeys(claims, own.entity_id))
        if isinstance(part, RegistryAccount):
            accounts.append(part)
        else:
            domains.append(part)
    if not accounts and not domains:
        return
    if before is not None and before.kind is not entity.kind:
        merged.conflicts.append(
            f"{before.entity_id} is {before.kind.value} in one list and {entity.kind.value} in another; "
            f"it stays {before.kind.value}"
        )
    merged.names[entity.entity_id] = own.entity_id
    result = msgspec.structs.replace(
        own,
        accounts=accounts,
        domains=domains,
        source=_joined(own.source if before is not None else None, entity.source or ""),
        note=own.note or entity.note,
        parent_id=own.parent_id or entity.parent_id,
    )
    if before is None:
        merged.added += 1
    elif result != before:
        merged.extended += 1
    known[own.entity_id] = result


def id_of(name: str) -> str:
    """An entity id from a name: `Embajada de Élbonia` gives `embajada-de-elbonia`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _ID.sub("-", plain).strip("-") or "entity-" + name.encode().hex()[:24]


def _joined(before: str | None, more: str) -> str | None:
    """Sources one after another, each once."""
    parts = before.split("; ") if before else []
    if more and more not in parts:
        parts.append(more)
    return "; ".join(parts) or None
