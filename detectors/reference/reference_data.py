"""What is known about accounts from outside the stream: the registry, profiles, and reviewers' rules.

It is reference data: the same for the whole run, so that a backtest with the same files gives what production gave.
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
"""One row an observation of an account. Null means unknown."""


class Profile(NamedTuple):
    """A row of `PROFILES`, or nothing but None."""

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
        registry: who is known.
        profiles: columns of `PROFILES`; of several observations of an account the latest counts.
        rules: suppressions and allow-lists of reviewers.
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
        """Accounts of entities that tell of a state or a company: uint64, ascending."""
        self.watched_entity_numbers = self.registry_entities[watched]
        """Entity of each of these; int64."""
        self.watched_names = [
            name for name, tells in zip(self.registry_names, watched.tolist(), strict=True) if tells
        ]

    @property
    def profiles(self) -> pl.DataFrame:
        """The latest observation of each account; columns of `PROFILES`."""
        return self._profiles

    @property
    def has_profiles(self) -> bool:
        """Whether any profile is known."""
        return len(self._profiles) > 0

    def entities_of(self, keys: U64) -> I32:
        """Entity of each account key, `NO_ENTITY` for most; int32."""
        at, found = places(self.registry_keys, keys)
        if not len(self.registry_keys):
            return np.full(len(keys), NO_ENTITY, np.int32)
        return np.where(found, self.registry_entities[at], NO_ENTITY).astype(np.int32)

    def profiles_of(self, keys: U64) -> list[Profile]:
        """The profile of each account key, all None where there is none."""
        at, found = places(self._profile_keys, keys)
        # a row costs less than a microsecond, an expression of polars fifty: networks are small
        row = self._profiles.row
        return [
            Profile(*row(place)) if there else _NO_PROFILE
            for place, there in zip(at.tolist(), found.tolist(), strict=True)
        ]

    def followers_of(self, keys: U64) -> I64:
        """Followers of each account key by its profile, -1 where unknown; int64."""
        return self._known(self._followers, keys)

    def created_of(self, keys: U64) -> I64:
        """When each account was made, seconds, -1 where unknown; int64."""
        return self._known(self._created, keys)

    def _known(self, figures: I64, keys: U64) -> I64:
        at, found = places(self._profile_keys, keys)
        if not self.has_profiles:
            return np.full(len(keys), -1, np.int64)
        return np.where(found, figures[at], -1)
