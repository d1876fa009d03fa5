"""Reference data of a live run: registry, profiles and rules as the log has brought them so far."""

from typing import Annotated, ClassVar

import msgspec
import polars as pl

from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry, RegistryError
from detectors.state.state_forms import StateError
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.registry import RegistryEntity
from schemas.reviews import SuppressionRule
from streams.live.exchange.frames import Frame

_entities = msgspec.json.Decoder(RegistryEntity)
_rules = msgspec.json.Decoder(SuppressionRule)

_MIN_UNMERGED = 10_000
"""Rows of new profiles that wait, at least, before they are merged into those known: to merge few at a time would look
through all accounts for each frame. Chosen, not measured."""


class LiveReferenceData:
    """What is known so far, and whether it has changed since `current` was last called."""

    not_state: ClassVar[frozenset[str]] = frozenset({"_registry"})
    entities: dict[str, str]
    """JSON of each entity, by id."""
    entities_used: dict[str, str]
    """The entities of the registry in use: the latest ones that did not contradict each other."""
    rules: dict[str, str]
    """JSON of each rule, by id."""
    _profiles: list[Annotated[pl.DataFrame, PROFILES]]
    """First the latest observation of each account; then rows that are not merged yet, in the order of arrival."""

    def __init__(self) -> None:
        self.entities = {}
        self.entities_used = {}
        self.rules = {}
        self._profiles = [pl.DataFrame(schema=PROFILES)]
        self._unmerged = 0
        """Count of rows that are not merged yet."""
        self._registry = Registry.of()
        self.entities_changed = False
        """Whether registry or rules have changed since `current` was last called."""
        self.profiles_changed = False

    def take(self, frame: Frame) -> str | None:
        """Take in a frame of reference data.

        Returns:
            Why some of it is not used; None: all of it is. A record that cannot be read leaves the one before it with
            the same key in place. While the registry contradicts itself, the registry before it stays in use.
        """
        if frame.header.kind == "profiles":
            self._profiles.append(frame.rows.select(PROFILES.keys()))
            self._unmerged += len(frame.rows)
            if self._unmerged > max(len(self._profiles[0]), _MIN_UNMERGED):
                self._merge()
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
            except DECODING_ERRORS as error:
                # for example when this worker has another version than the worker that accepted the record
                faults.append(f"{key}: cannot be read: {decoding_fault(error)}")
            else:
                table[key] = value
        self.entities_changed = True
        if registry and (fault := self._rebuild()):
            faults.append(f"the registry stays as it was: {fault}")
        return "; ".join(faults) or None

    @property
    def profiles(self) -> pl.DataFrame:
        """The latest observation of each account."""
        self._merge()
        return self._profiles[0]

    def _merge(self) -> None:
        if self._unmerged:
            rows = pl.concat(self._profiles).sort("observed", maintain_order=True)
            self._profiles = [rows.unique("account", keep="last", maintain_order=True)]
            self._unmerged = 0

    def current(self) -> ReferenceData:
        """Everything as it now is."""
        self.entities_changed = self.profiles_changed = False
        rules = [_rules.decode(text) for _, text in sorted(self.rules.items())]
        return ReferenceData(self._registry, self.profiles, rules)

    def restored(self) -> None:
        """Check what was saved, and index the registry that was in use.

        Raises:
            StateError: a record cannot be read, or the registry that was in use cannot be used.
        """
        if not self._profiles or self._unmerged != sum(map(len, self._profiles[1:])):
            raise StateError("the saved state is damaged: another count of profiles was saved")
        try:
            for text in self.entities.values():
                _entities.decode(text)
            for text in self.rules.values():
                _rules.decode(text)
            self._registry = Registry.of(_entities.decode(text) for text in self.entities_used.values())
        except (msgspec.DecodeError, ValueError, RecursionError, RegistryError) as error:
            raise StateError(f"the saved reference data are damaged: {error}") from error

    @property
    def registry(self) -> Registry:
        """The entities in use, indexed."""
        return self._registry

    def _rebuild(self) -> str | None:
        """Index the registry as it now is; returns why it cannot be used, if it cannot."""
        try:
            self._registry = Registry.of(_entities.decode(text) for text in self.entities.values())
        except RegistryError as error:
            return str(error)
        self.entities_used = dict(self.entities)
        return None
