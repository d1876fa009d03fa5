"""Which accounts belong to an entity of the registry, and whether a reader can see that.

An account is *open* if a label of the platform shows whose it is, or if the registry has it and a reader can see whose
it is: it belongs to a state medium, a party organ, a diplomat or a known person, or its profile has the entity's name.

An account is *unlabelled but affiliated* if its profile is known and shows no owner, and either the registry has it as
a company's or an affiliate's, or most of its links to registry sites lead to such an owner.
"""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I32, U64, Bools
from detectors.reference.reference_data import Profile, ReferenceData
from detectors.reference.registry import NO_ENTITY, Registry
from schemas.registry import EntityKind

_OPAQUE_KINDS = frozenset({EntityKind.COMPANY, EntityKind.AFFILIATE})
"""Kinds of opaque entities: their accounts and sites do not show by themselves who owns them."""
_LEAST_NAME = 4
"""Letters of the shortest name that is looked for in a profile: shorter ones occur inside other words. Not measured."""


@dataclass(frozen=True, slots=True)
class Affiliation:
    """The affiliation of accounts; all columns have the same length."""

    entity: I32
    """Entity that the registry gives the account to, `NO_ENTITY` for none; int32."""
    open: Bools
    unlabelled: Bools
    tie: I32
    """Entity that an unlabelled account belongs to or links to, `NO_ENTITY` for all other accounts; int32."""
    profiles: list[Profile]


def opaque_entities(registry: Registry) -> Bools:
    """Companies and affiliates: their accounts and sites do not show who owns them; bool, by entity."""
    return np.array([entity.kind in _OPAQUE_KINDS for entity in registry.entities], np.bool_)


def affiliations(reference_data: ReferenceData, keys: U64, linked: I32) -> Affiliation:
    """Affiliation of accounts.

    Args:
        reference_data: registry and profiles.
        keys: uint64, account keys.
        linked: int32, the opaque entity that most of an account's registry links lead to, `NO_ENTITY` where there
            are few links.
    """
    entity = reference_data.entities_of(keys)
    profiles = reference_data.profiles_of(keys)
    tie = np.where(entity != NO_ENTITY, entity, linked).astype(np.int32)
    unlabelled = np.array(
        [
            _hides(reference_data.registry, owner, profile)
            for owner, profile in zip(tie.tolist(), profiles, strict=True)
        ],
        np.bool_,
    )
    labelled = np.array([profile.platform_label is not None for profile in profiles], np.bool_)
    return Affiliation(
        entity=entity,
        open=((entity != NO_ENTITY) & ~unlabelled) | labelled,
        unlabelled=unlabelled,
        tie=np.where(unlabelled, tie, NO_ENTITY).astype(np.int32),
        profiles=profiles,
    )


def _hides(registry: Registry, entity: int, profile: Profile) -> bool:
    """Whether a known profile does not show that the account belongs to this opaque entity."""
    if entity == NO_ENTITY or profile.account is None or profile.platform_label:
        return False
    if registry.entities[entity].kind not in _OPAQUE_KINDS:
        return False
    text = f"{profile.display_name or ''} {profile.description or ''}".casefold()
    names = (registry.entities[number].name.casefold() for number in registry.path(entity))
    return not any(len(name) >= _LEAST_NAME and name in text for name in names)
