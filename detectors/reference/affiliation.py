"""Who of some accounts belongs to an entity of the registry, and whether a reader can see that.

*Open*: the registry has the account, and it is a state medium's, a party organ's, a diplomat's or a known person's, or
its profile shows whose it is (a label of the platform, or the entity's name). A platform's label makes any account
open.

*Unlabelled but affiliated*: the registry has the account as a company's or an affiliate's, or most of its links
into the registry lead to such an owner's site, and its profile is known and shows nothing of it.
"""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I32, U64, Bools
from detectors.reference.reference_data import Profile, ReferenceData
from detectors.reference.registry import NO_ENTITY, Registry
from schemas.registry import EntityKind

_OPAQUE_KINDS = frozenset({EntityKind.COMPANY, EntityKind.AFFILIATE})
"""Owners that an account or a domain does not show by itself."""
_LEAST_NAME = 4


@dataclass(frozen=True, slots=True)
class Affiliation:
    """One entry an account."""

    entity: I32
    """Entity whose account it is by the registry, `NO_ENTITY` for none; int32."""
    open: Bools
    unlabelled: Bools
    tie: I32
    """Entity that an unlabelled account is tied to, `NO_ENTITY` for the others; int32."""
    profiles: list[Profile]


def opaque_entities(registry: Registry) -> Bools:
    """Whether links into an entity's domains leave open whose they are; bool, by entity."""
    return np.array([entity.kind in _OPAQUE_KINDS for entity in registry.entities], np.bool_)


def affiliations(reference_data: ReferenceData, keys: U64, linked: I32) -> Affiliation:
    """Affiliation of accounts.

    Args:
        reference_data: registry and profiles.
        keys: uint64, account keys.
        linked: int32, the opaque entity that an account's links into the registry lead to for the most part,
            `NO_ENTITY` where they are few.
    """
    entity = reference_data.entities_of(keys)
    profiles = reference_data.profiles_of(keys)
    tie = np.where(entity != NO_ENTITY, entity, linked).astype(np.int32)
    unlabelled = np.array(
        [
            _hides(reference_data.registry, of, profile)
            for of, profile in zip(tie.tolist(), profiles, strict=True)
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
    """Whether a known profile leaves open that the account is an opaque entity's."""
    if entity == NO_ENTITY or profile.account is None or profile.platform_label:
        return False
    if registry.entities[entity].kind not in _OPAQUE_KINDS:
        return False
    text = f"{profile.display_name or ''} {profile.description or ''}".casefold()
    names = (registry.entities[at].name.casefold() for at in registry.path(entity))
    return not any(len(name) >= _LEAST_NAME and name in text for name in names)
