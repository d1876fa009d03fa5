"""Reference data of a live run: registry, profiles, rules and reviews as the log has brought them so far."""

from collections.abc import Collection
from typing import Annotated, ClassVar

import msgspec
import polars as pl

from detectors.arrays.hashing import hash_strings
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry, RegistryError
from detectors.reference.review_decisions import ReviewDecisions
from detectors.reference.sound_entities import sound_entities
from detectors.state.state_forms import StateError
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.registry import RegistryEntity
from schemas.reviews import ReviewEvent, SuppressionRule
from streams.live.detection.positions import partition_name
from streams.live.exchange.frames import LOW_RATE, Frame, Kind

_entities = msgspec.json.Decoder(RegistryEntity)
_rules = msgspec.json.Decoder(SuppressionRule)
_reviews = msgspec.json.Decoder(ReviewEvent)

_MIN_UNMERGED = 10_000
"""Rows of new profiles that wait, at least, before they are merged into those known: to merge few at a time would look
through all accounts for each frame. Chosen, not measured."""


class LiveReferenceData:
    """What is known so far, and whether it has changed since `current` was last called."""

    not_state: ClassVar[frozenset[str]] = frozenset({"_registry", "erased_keys"})
    entities: dict[str, str]
    """JSON of each entity, by id, in the order in which they came; one that comes again changed is last."""
    entities_used: dict[str, str]
    """The record of each entity that is in use."""
    set_aside: dict[str, str]
    """Why the latest record of an entity is not in use, by id."""
    rules: dict[str, str]
    """JSON of each rule, by id."""
    _profiles: list[Annotated[pl.DataFrame, PROFILES]]
    """First the latest observation of each account; then rows that are not merged yet, in the order of arrival."""

    erased: set[str]
    """Accounts that are erased, as `platform:account_id`."""
    newly_erased: list[str]
    """Those that became so and were not taken yet."""

    erased_keys: pl.Series
    """Their keys, UInt64 (`detectors.traces.traces.ACCOUNT_KEYS`)."""

    def __init__(self) -> None:
        self.erased = set()
        self.newly_erased = []
        self._find_erased_keys()
        self.entities = {}
        self.entities_used = {}
        self.set_aside = {}
        self.rules = {}
        self.reviews = ReviewDecisions()
        self._profiles = [pl.DataFrame(schema=PROFILES)]
        self._unmerged = 0
        """Count of rows that are not merged yet."""
        self._registry = Registry.of()
        self.entities_changed = False
        """Whether registry, rules or reviews have changed since `current` was last called."""
        self.profiles_changed = False

    def take(self, frame: Frame, letters: list[DeadLetter] | None = None) -> str | None:
        """Take in a frame of reference data.

        Args:
            frame: of any of the kinds that this class knows.
            letters: gets a dead letter for each entity of the frame that contradicts others.

        Returns:
            Why some of it is not used; None: all of it is. A record that cannot be read leaves the one before it with
            the same key in place. An entity that contradicts others is set aside until one of them changes.
        """
        kind = frame.header.kind
        if kind == "profiles":
            rows = self._without_erased(frame.rows)
            self._profiles.append(rows.select(PROFILES.keys()))
            self._unmerged += len(rows)
            if self._unmerged > max(len(self._profiles[0]), _MIN_UNMERGED):
                self._merge()
            self.profiles_changed = True
            return None
        faults: list[str] = []
        changed: dict[str, tuple[int, int]] = {}
        """Source and offset of the record of each entity that is new, gone or has changed."""
        for key, value, source, offset in frame.rows.select(*LOW_RATE).iter_rows():
            try:
                if self._take_record(kind, key, value):
                    changed[key] = source, offset
            except DECODING_ERRORS as error:
                # for example when this worker has another version than the worker that accepted the record
                faults.append(f"{key}: cannot be read: {decoding_fault(error)}")
        self.entities_changed = True
        if kind == "registry" and changed:
            faults += self._rebuild(changed)
            if letters is not None:
                spans = frame.header.spans
                letters.extend(
                    self._letter(key, partition_name(spans[source].topic, spans[source].partition), offset)
                    for key, (source, offset) in changed.items()
                    if key in self.set_aside
                )
        return "; ".join(faults) or None

    def _without_erased(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The profiles that stand; of each account its latest record says whether it is erased."""
        gone = rows["erased"].fill_null(value=False)
        if not (gone.any() or self.erased):
            return rows
        latest = rows.unique("account", keep="last")
        named = latest.filter(pl.col("erased").fill_null(value=False))["account"].to_list()
        self.erased -= set(latest["account"].to_list())
        self.erased |= set(named)
        self.newly_erased += named
        self._find_erased_keys()
        if named:
            self._profiles = [part.filter(~pl.col("account").is_in(named)) for part in self._profiles]
            self._unmerged = sum(map(len, self._profiles[1:]))
        return rows.filter(~gone & ~rows["account"].is_in(named))

    def _find_erased_keys(self) -> None:
        names = pl.Series(sorted(self.erased), dtype=pl.String)
        self.erased_keys = pl.Series(hash_strings(names, ACCOUNT_KEYS), dtype=pl.UInt64)

    def take_erased(self) -> list[str]:
        """Accounts that were erased since the last call."""
        taken, self.newly_erased = self.newly_erased, []
        return taken

    def _take_record(self, kind: Kind, key: str, value: str | None) -> bool:
        """Take in one record; returns whether it changes what is known under its key."""
        if kind == "reviews":
            return self.reviews.take(_reviews.decode(value or ""))
        table, decoder = (self.entities, _entities) if kind == "registry" else (self.rules, _rules)
        if value is not None:
            decoder.decode(value)
        if table.get(key) == value:
            return False
        table.pop(key, None)
        if value is not None:
            table[key] = value
        return True

    def _letter(self, key: str, source: str, offset: int) -> DeadLetter:
        """The dead letter for an entity that was set aside."""
        raw = self.entities[key]
        return DeadLetter(
            source=source,
            position=offset,
            reason=Reason.CONTRADICTORY,
            detail=f"{key} is set aside: {self.set_aside[key]}",
            raw=raw[:RAW_LIMIT],
            raw_bytes=len(raw.encode()),
        )

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
        return ReferenceData(self._registry, self.profiles, [*rules, *self.reviews.rules()])

    def restored(self) -> None:
        """Check what was saved, and index the registry that was in use.

        Raises:
            StateError: a record cannot be read, or the registry that was in use cannot be used.
        """
        if not self._profiles or self._unmerged != sum(map(len, self._profiles[1:])):
            raise StateError("the saved state is damaged: another count of profiles was saved")
        self._find_erased_keys()
        try:
            for text in self.entities.values():
                _entities.decode(text)
            for text in self.rules.values():
                _rules.decode(text)
            sound = sound_entities(map(_entities.decode, self.entities_used.values()))
            self._registry = Registry.of(sound.used)
        except (msgspec.DecodeError, ValueError, RecursionError, RegistryError) as error:
            raise StateError(f"the saved reference data are damaged: {error}") from error
        if sound.set_aside or not self.set_aside.keys() <= self.entities.keys():
            raise StateError("the saved reference data are damaged: entities in use contradict others")

    @property
    def registry(self) -> Registry:
        """The entities in use, indexed."""
        return self._registry

    def _rebuild(self, changed: Collection[str]) -> list[str]:
        """Choose the entities to use.

        Those that are in use and have not changed take precedence, then those that have changed now, then those that
        were set aside before. If the latest record of an entity cannot be used, the one that is in use stays if it can.

        Returns:
            What is wrong with those that changed.
        """
        used, latest = self.entities_used, self.entities
        same = [text for key, text in used.items() if latest.get(key) == text]
        others = [(key, text) for key, text in latest.items() if used.get(key) != text]
        fresh = [text for key, text in others if key in changed]
        waiting = [text for key, text in others if key not in changed]
        former = [text for key, text in used.items() if latest.get(key, text) != text]
        records = [*same, *fresh, *waiting, *former]
        sound = sound_entities(map(_entities.decode, records))
        self._registry = Registry.of(sound.used)
        self.entities_used = {
            entity.entity_id: records[place] for entity, place in zip(sound.used, sound.places, strict=True)
        }
        self.set_aside = sound.set_aside
        return [
            *(f"{key} is set aside: {why}" for key, why in sound.set_aside.items() if key in changed),
            *(
                f"{key}: its parent {parent} is not in the registry, and it is used without a parent"
                for key, parent in sound.orphans.items()
                if key in changed or parent in changed
            ),
        ]
