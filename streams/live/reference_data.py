"""Reference data of a live run: registry, profiles and rules as the log has brought them so far."""

import msgspec
import polars as pl

from detectors.context import PROFILES, Context
from detectors.registry import Registry, RegistryError
from schemas.registry import RegistryEntity
from schemas.reviews import SuppressionRule
from streams.live.frames import Frame

_entities = msgspec.json.Decoder(RegistryEntity)
_rules = msgspec.json.Decoder(SuppressionRule)


class ReferenceData:
    """What is known so far, and whether it changed since it was last asked for."""

    def __init__(self) -> None:
        self.entities: dict[str, str] = {}
        """JSON of each entity, by id."""
        self.rules: dict[str, str] = {}
        """JSON of each rule, by id."""
        self.profiles = pl.DataFrame(schema=PROFILES)
        """The latest observation of each account."""
        self.entities_used: dict[str, str] = {}
        """Those of the registry in use: the last that were whole."""
        self._registry = Registry.of()
        self.entities_changed = False
        """Registry or rules changed since `context` was last called."""
        self.profiles_changed = False

    def take(self, frame: Frame) -> str | None:
        """Take in a frame of reference data.

        Returns:
            Why the registry as it now is cannot be used, if it cannot: the one before stays in use, until later
            records make it whole.
        """
        if frame.header.kind == "profiles":
            rows = pl.concat([self.profiles, frame.rows.select(PROFILES.keys())])
            self.profiles = rows.sort("observed", maintain_order=True).unique(
                "account", keep="last", maintain_order=True
            )
            self.profiles_changed = True
            return None
        table = self.entities if frame.header.kind == "registry" else self.rules
        for key, value in frame.rows.select("key", "value").iter_rows():
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
        self.entities_changed = True
        if table is self.rules:
            return None
        return self._rebuild()

    def context(self) -> Context:
        """Everything as it now is."""
        self.entities_changed = self.profiles_changed = False
        rules = [_rules.decode(text) for _, text in sorted(self.rules.items())]
        return Context(self._registry, self.profiles, rules)

    def restore(
        self,
        entities: dict[str, str],
        entities_used: dict[str, str],
        rules: dict[str, str],
        profiles: pl.DataFrame,
    ) -> None:
        """Take what was saved."""
        self.entities = dict(entities_used)
        self._rebuild()
        self.entities, self.rules, self.profiles = dict(entities), dict(rules), profiles

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
