"""Who of some accounts belongs to an entity of the registry, and whether a reader can see that.

*Open*: the registry has the account, and it is a state medium's, a party organ's, a diplomat's or a known person's, or
its profile shows whose it is (a label of the platform, or the entity's name). A platform's label makes any account
open.

*Unlabelled but affiliated*: the registry has the account as a company's or an affiliate's, or most of its links
into the registry lead to such an owner's site, and its profile is known and shows nothing of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.context import Context
from detectors.hashing import U64
from detectors.registry import NO_ENTITY, Registry
from schemas.registry import EntityKind

I32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

_HIDING = frozenset({EntityKind.COMPANY, EntityKind.AFFILIATE})
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
    profiles: pl.DataFrame
    """Columns of `detectors.context.PROFILES`, null where unknown."""


def hiding_entities(registry: Registry) -> Bools:
    """Whether links into an entity's domains leave open whose they are; bool, by entity."""
    return np.array([entity.kind in _HIDING for entity in registry.entities], np.bool_)


def affiliations(context: Context, keys: U64, linked: I32) -> Affiliation:
    """Affiliation of accounts.

    Args:
        context: registry and profiles.
        keys: uint64, account keys.
        linked: int32, the hiding entity that an account's links into the registry lead to for the most part,
            `NO_ENTITY` where they are few.
    """
    entity = context.entities_of(keys)
    profiles = context.profiles_of(keys)
    hiding = np.append(hiding_entities(context.registry), False)  # the last place is NO_ENTITY
    tie = np.where(entity != NO_ENTITY, entity, linked).astype(np.int32)
    shown = np.array(
        [
            _shown(context.registry, int(of), *row)
            for of, row in zip(
                tie, profiles.select("display_name", "description", "platform_label").iter_rows(), strict=True
            )
        ],
        np.bool_,
    )
    known = profiles["account"].is_not_null().to_numpy()
    unlabelled = hiding[tie] & (tie != NO_ENTITY) & known & ~shown
    return Affiliation(
        entity=entity,
        open=((entity != NO_ENTITY) & ~unlabelled) | profiles["platform_label"].is_not_null().to_numpy(),
        unlabelled=unlabelled,
        tie=np.where(unlabelled, tie, NO_ENTITY).astype(np.int32),
        profiles=profiles,
    )


def _shown(
    registry: Registry, entity: int, display_name: str | None, description: str | None, label: str | None
) -> bool:
    """Whether a profile shows that the account is an entity's."""
    if label:
        return True
    if entity == NO_ENTITY:
        return False
    text = f"{display_name or ''} {description or ''}".casefold()
    names = (registry.entities[at].name.casefold() for at in registry.path(entity))
    return any(len(name) >= _LEAST_NAME and name in text for name in names)
