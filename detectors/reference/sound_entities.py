"""Which entities of a registry can be used together, if some of them contradict others.

An entity contradicts those before it if it claims an account, handle or domain that one of them has, or if parents
would run in a circle. It also cannot be used if one of its domains is none. A parent that is not known contradicts
nothing: the entity is used without it, until it is there.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from detectors.reference.claims import Claim, claims_of, conflict
from schemas.registry import RegistryEntity


class SoundEntities(NamedTuple):
    """Entities that can be used together."""

    used: list[RegistryEntity]
    """As given, in their order. Those whose parent is unknown have none."""
    places: list[int]
    """Where each of these was among all that were given, from 0."""
    set_aside: dict[str, str]
    """Why each other entity cannot be used, by its id."""
    orphans: dict[str, str]
    """The parent that is not known, by the id of the entity."""


def sound_entities(entities: Iterable[RegistryEntity]) -> SoundEntities:
    """Choose the entities that can be used together.

    Args:
        entities: those that come first take precedence. Of several records of one entity the first counts that can be
            used.
    """
    used: dict[str, RegistryEntity] = {}
    places: list[int] = []
    owners: dict[Claim, str] = {}
    set_aside: dict[str, str] = {}
    for place, entity in enumerate(entities):
        if entity.entity_id in used:
            continue
        claims, faults = claims_of(entity)
        faults += [conflict(owners[claim], entity.entity_id, claim) for claim in claims if claim in owners]
        faults += _circle(entity, used)
        if faults:
            set_aside.setdefault(entity.entity_id, "; ".join(faults))
        else:
            used[entity.entity_id] = entity
            places.append(place)
            owners |= dict.fromkeys(claims, entity.entity_id)
    orphans = {
        entity.entity_id: entity.parent_id
        for entity in used.values()
        if entity.parent_id is not None and entity.parent_id not in used
    }
    return SoundEntities(
        [
            msgspec.structs.replace(entity, parent_id=None) if entity.entity_id in orphans else entity
            for entity in used.values()
        ],
        places,
        set_aside,
        orphans,
    )


def _circle(entity: RegistryEntity, used: dict[str, RegistryEntity]) -> Iterator[str]:
    """The circle in which parents would run, if they would."""
    path = [entity.entity_id]
    parent = entity.parent_id
    while parent is not None:
        path.append(parent)
        if parent == entity.entity_id:
            yield f"parents run in a circle: {' -> '.join(path)}"
            return
        parent = used[parent].parent_id if parent in used else None
