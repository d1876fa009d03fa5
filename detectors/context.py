"""What is known about accounts from outside the stream: the registry, profiles, and reviewers' rules.

It is reference data: the same for the whole run, so that a backtest with the same files gives what production gave.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.hashing import I64, U64, hash_strings
from detectors.registry import NO_ENTITY, Registry, telling_entities
from detectors.sorted_keys import places
from detectors.traces import ACCOUNT_KEYS
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


class Context:
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
        table = table.sort("observed", maintain_order=True).unique(
            "account", keep="last", maintain_order=True
        )
        keys = hash_strings(table["account"], ACCOUNT_KEYS)
        order = np.argsort(keys)
        self._profile_keys = keys[order]
        self._profiles = table[order]
        self.rules: Sequence[SuppressionRule] = tuple(rules)
        self.registry_keys, self.registry_entities, self.registry_names = self.registry.by_account_key(
            self._profiles["account"], self._profiles["handle"], ACCOUNT_KEYS
        )

        telling = telling_entities(self.registry)[self.registry_entities]
        self.telling_keys = self.registry_keys[telling]
        """Accounts of entities that tell of a state or a company: uint64, ascending."""
        self.telling_entity = self.registry_entities[telling]
        """Entity of each of these; int64."""
        self.telling_names = [
            name for name, tells in zip(self.registry_names, telling.tolist(), strict=True) if tells
        ]

    @property
    def profiles(self) -> pl.DataFrame:
        """The latest observation of each account; columns of `PROFILES`."""
        return self._profiles

    @property
    def has_profiles(self) -> bool:
        """Whether any profile is known."""
        return len(self._profiles) > 0

    def entities_of(self, keys: U64) -> npt.NDArray[np.int32]:
        """Entity of each account key, `NO_ENTITY` for most; int32."""
        at, found = places(self.registry_keys, keys)
        if not len(self.registry_keys):
            return np.full(len(keys), NO_ENTITY, np.int32)
        return np.where(found, self.registry_entities[at], NO_ENTITY).astype(np.int32)

    def profiles_of(self, keys: U64) -> pl.DataFrame:
        """The profile of each account key, all null where there is none; columns of `PROFILES`."""
        at, found = places(self._profile_keys, keys)
        rows = pl.Series(np.where(found, at, -1), dtype=pl.Int64)
        return self._profiles.select(pl.all().gather(rows.set(rows < 0, None)))

    def followers_of(self, keys: U64) -> I64:
        """Followers of each account key by its profile, -1 where unknown; int64."""
        at, found = places(self._profile_keys, keys)
        if not self.has_profiles:
            return np.full(len(keys), -1, np.int64)
        known = self._profiles["followers"].fill_null(-1).to_numpy()
        return np.where(found, known[at], -1)

    def created_of(self, keys: U64) -> I64:
        """When each account was made, seconds, -1 where unknown; int64."""
        at, found = places(self._profile_keys, keys)
        if not self.has_profiles:
            return np.full(len(keys), -1, np.int64)
        known = self._profiles["created"].fill_null(-1).to_numpy()
        return np.where(found, known[at], -1)
