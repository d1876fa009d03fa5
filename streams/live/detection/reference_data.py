"""Reference data of a live run: registry, profiles and rules as the log has brought them so far."""

import msgspec
import polars as pl

from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry, RegistryError
from schemas.registry import RegistryEntity
from schemas.reviews import SuppressionRule
from streams.live.exchange.frames import Frame

_entities = msgspec.json.Decoder(RegistryEntity)
_rules = msgspec.json.Decoder(SuppressionRule)


_FEW = 10_000
"""Profiles that wait to be looked at, at least; at most as many as are known."""


class LiveReferenceData:
    """What is known so far, and whether it changed since it was last asked for."""

    def __init__(self) -> None:
        self.entities: dict[str, str] = {}
        """JSON of each entity, by id."""
        self.rules: dict[str, str] = {}
        """JSON of each rule, by id."""
        self._profiles = [pl.DataFrame(schema=PROFILES)]
        """The latest observation of each account; and what has come since."""
        self._more = 0
        """Rows that have come since."""
        self.entities_used: dict[str, str] = {}
        """Those of the registry in use: the last that were whole."""
        self._registry = Registry.of()
        self.entities_changed = False
        """Registry or rules changed since `context` was last called."""
        self.profiles_changed = False

    def take(self, frame: Frame) -> str | None:
        """Take in a frame of reference data.

        Returns:
            Why some of it is not in use, if some is not. A record that cannot be read leaves what was under its key.
            While the registry contradicts itself the one before stays in use, until later records make it whole.
        """
        if frame.header.kind == "profiles":
            self._profiles.append(frame.rows.select(PROFILES.keys()))
            self._more += len(frame.rows)
            if self._more > max(len(self._profiles[0]), _FEW):
                self._settle()
            self.profiles_changed = True
            return None
        registry = frame.header.kind == "registry"
        table, decoder = (self.entities, _entities) if registry else (self.rules, _rules)
        faults = []
        for key, value in frame.rows.select("key", "value").iter_rows():
            if value is None:
                table.pop(key, None)
                continue
            try:
                decoder.decode(value)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                # of another version than the worker that let it pass, for one
                faults.append(f"{key}: cannot be read: {error}")
            else:
                table[key] = value
        self.entities_changed = True
        if registry and (fault := self._rebuild()):
            faults.append(f"the registry stays as it was: {fault}")
        return "; ".join(faults) or None

    @property
    def profiles(self) -> pl.DataFrame:
        """The latest observation of each account."""
        self._settle()
        return self._profiles[0]

    def _settle(self) -> None:
        # to look through all accounts for each frame would be quadratic in frames
        if self._more:
            rows = pl.concat(self._profiles).sort("observed", maintain_order=True)
            self._profiles = [rows.unique("account", keep="last", maintain_order=True)]
            self._more = 0

    def current(self) -> ReferenceData:
        """Everything as it now is."""
        self.entities_changed = self.profiles_changed = False
        rules = [_rules.decode(text) for _, text in sorted(self.rules.items())]
        return ReferenceData(self._registry, self.profiles, rules)

    def restore(
        self,
        entities: dict[str, str],
        entities_used: dict[str, str],
        rules: dict[str, str],
        profiles: pl.DataFrame,
    ) -> None:
        """Take what was saved.

        Raises:
            ValueError: it cannot be read, or the registry that was in use cannot be used.
        """
        for text in entities.values():
            _entities.decode(text)
        for text in rules.values():
            _rules.decode(text)
        if dict(profiles.schema) != dict(PROFILES):
            raise ValueError("profiles have other columns")
        self.entities = dict(entities_used)
        if fault := self._rebuild():
            raise ValueError(fault)
        self.entities, self.rules = dict(entities), dict(rules)
        self._profiles, self._more = [profiles], 0

    @property
    def registry(self) -> Registry:
        """The entities in use, indexed."""
        return self._registry

    def _rebuild(self) -> str | None:
        try:
            self._registry = Registry.of(_entities.decode(text) for text in self.entities.values())
        except RegistryError as error:
            return str(error)
        self.entities_used = dict(self.entities)
        return None
