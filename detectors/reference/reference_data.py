"""Reference data: what is known about accounts from outside the stream (registry, profiles, reviewers' rules).

A backtest with the same files gives what production gave, because reference data change only at known event times.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U64
from detectors.arrays.hashing import hash_strings
from detectors.arrays.sorted_keys import places
from detectors.reference.registry import NO_ENTITY, Registry, watched_entities
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.reviews import SuppressionRule

PROFILES: Mapping[str, pl.DataType] = {
    "account": pl.String(),  # platform:account_id, never null
    "handle": pl.String(),
    "display_name": pl.String(),
    "description": pl.String(),
    "followers": pl.Int64(),
    "created": pl.Int64(),  # seconds since 1970 UTC
    "verified": pl.Boolean(),
    "platform_label": pl.String(),
    "observed": pl.Int64(),  # seconds since 1970 UTC, never null
}
"""One row for each observation of an account's profile. Null: unknown."""


class Profile(NamedTuple):
    """A row of `PROFILES`; all None where no profile is known."""

    account: str | None = None
    handle: str | None = None
    display_name: str | None = None
    description: str | None = None
    followers: int | None = None
    created: int | None = None
    verified: bool | None = None
    platform_label: str | None = None
    observed: int | None = None


_NO_PROFILE = Profile()


class ReferenceData:
    """Reference data of one run.

    Args:
        registry: the known entities.
        profiles: columns of `PROFILES`; the latest observation of each account counts.
        rules: reviewers' rules, which mute networks or allow accounts.
    """

    def __init__(
        self,
        registry: Registry | None = None,
        profiles: pl.DataFrame | None = None,
        rules: Iterable[SuppressionRule] = (),
    ) -> None:
        self.registry = registry if registry is not None else Registry.of()
        table = profiles if profiles is not None else pl.DataFrame(schema=PROFILES)
        table = (
            table.select(*PROFILES)
            .sort("observed", maintain_order=True)
            .unique("account", keep="last", maintain_order=True)
        )
        keys = hash_strings(table["account"], ACCOUNT_KEYS)
        order = np.argsort(keys)
        self._profile_keys = keys[order]
        self._profiles = table[order]
        self._followers, self._created = (
            self._profiles[name].fill_null(-1).to_numpy() for name in ("followers", "created")
        )
        self.rules: Sequence[SuppressionRule] = tuple(rules)
        self.registry_keys, self.registry_entities, self.registry_names = self.registry.by_account_key(
            self._profiles["account"], self._profiles["handle"], ACCOUNT_KEYS
        )

        watched = watched_entities(self.registry)[self.registry_entities]
        self.watched_keys = self.registry_keys[watched]
        """Keys of the accounts of watched entities; uint64, ascending."""
        self.watched_entity_numbers = self.registry_entities[watched]
        """Number of the entity of each of these; int64."""
        self.watched_names = [
            name for name, kept in zip(self.registry_names, watched.tolist(), strict=True) if kept
        ]
        """Account of each of these: `platform:account_id`."""

    @property
    def profiles(self) -> pl.DataFrame:
        """The latest observation of each account; columns of `PROFILES`."""
        return self._profiles

    @property
    def has_profiles(self) -> bool:
        """Whether any profile is known."""
        return len(self._profiles) > 0

    def added_to(self, before: "ReferenceData") -> U64 | None:
        """Keys of the accounts that are new to the registry; uint64.

        None: something else about accounts differs as well, a profile or an entity that was there before.
        """
        same = self._profiles is before._profiles or self._profiles.equals(before._profiles)
        if not same or not self.registry.includes(before.registry):
            return None
        return np.setdiff1d(self.registry_keys, before.registry_keys)

    def entities_of(self, keys: U64) -> I32:
        """Entity of each account key, `NO_ENTITY` for most; int32."""
        place, known = places(self.registry_keys, keys)
        if not len(self.registry_keys):
            return np.full(len(keys), NO_ENTITY, np.int32)
        return np.where(known, self.registry_entities[place], NO_ENTITY).astype(np.int32)

    def profiles_of(self, keys: U64) -> list[Profile]:
        """The profile of each account key, all None where there is none."""
        places_of, known = places(self._profile_keys, keys)
        # reading a row costs less than a microsecond, a polars expression fifty; networks are small
        row = self._profiles.row
        return [
            Profile(*row(place)) if there else _NO_PROFILE
            for place, there in zip(places_of.tolist(), known.tolist(), strict=True)
        ]

    def followers_of(self, keys: U64) -> I64:
        """Followers of each account by its profile, -1 where unknown; int64."""
        return self._known(self._followers, keys)

    def created_of(self, keys: U64) -> I64:
        """When each account was created, seconds since 1970 UTC, -1 where unknown; int64."""
        return self._known(self._created, keys)

    def _known(self, figures: I64, keys: U64) -> I64:
        place, known = places(self._profile_keys, keys)
        if not self.has_profiles:
            return np.full(len(keys), -1, np.int64)
        return np.where(known, figures[place], -1)
