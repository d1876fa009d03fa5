"""Settings: one TOML file, one typed object; what is unknown is an error."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from detectors.config import DetectionConfig
from schemas.errors import UsageError
from streams.sources import ColumnMapping

T = TypeVar("T")

_DETECTION = {field.name for field in msgspec.structs.fields(DetectionConfig)}
_MAY_BE_ZERO = {
    "seed",
    "co_share.cap",
    "co_share.settle_s",
    "evidence.keep_days",
    "evidence.singleton_days",
    "gate.expansion_rounds",
    "input.bad_share_after",
    "input.max_bad_share",
    "time.lateness_s",
    "traces.min_text_chars",
    "traces.min_text_shingles",
    "traces.near_duplicate_shingles",
    "traces.similarity",
}
_SHARES = {"input.max_bad_share", "traces.similarity", "gate.false_discovery_rate", "rhythm.level"}
_LEAST = {
    "evidence.max_pairs": 1_000,
    "co_share.max_recent_shares": 1_000,
    "engagement.max_posts": 1_000,
    "attribution.max_facts": 1_000,
    "rhythm.max_posts": 1_000,
    "time.tick_s": 10,
}
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$\.(.*)`)?$", re.DOTALL)
_PLACE = re.compile(r"(.*) - at (?:`key` in )?`\$\.?(.*)`$", re.DOTALL)


class InputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[input]`: how dumps are read."""

    max_bad_share: float = 0.5
    """Share of rejected rows above which a run stops, 0-1: then the format is wrong."""
    bad_share_after: int = 1_000
    """Rows read before that share is looked at."""
    sort_rows: int = 500_000
    """Rows held in memory while a dump without order is sorted; more go to temporary files."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run can be told by a file."""

    detection: DetectionConfig = msgspec.field(default_factory=DetectionConfig)
    """The sections `[traces]`, `[co_share]`, `[evidence]`, `[gate]`, `[time]`, `[engagement]`, `[followers]`,
    `[attribution]` and `[rhythm]`, and the key `seed`."""
    input: InputSettings = msgspec.field(default_factory=InputSettings)
    mapping: ColumnMapping | None = None
    """The section `[source]`: columns of a CSV in no known format."""


def load_settings(path: str | None) -> Settings:
    """Read settings from a TOML file; defaults without one.

    Raises:
        UsageError: the file cannot be read, is not TOML, or has an unknown key or a value that cannot be.
    """
    if path is None:
        return Settings()
    try:
        with Path(path).open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: is not valid TOML: {error}.") from error
    known = _DETECTION | {"source", "input"}
    if unknown := sorted(set(document) - known):
        raise UsageError(f"{path}: unknown: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}.")
    source = document.get("source")
    if source is not None and not isinstance(source, dict):
        raise UsageError(f"{path}: source: expected a section [source].")
    try:
        for name, value in _flat("", document):
            _check_range(name, value)
        return Settings(
            detection=_converted({k: v for k, v in document.items() if k in _DETECTION}, DetectionConfig, ""),
            input=_converted(document.get("input", {}), InputSettings, "input"),
            mapping=ColumnMapping.from_config(source) if source is not None else None,
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def setting_values(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted name in the file, with its value; `[source]` only if it is there."""
    for section, value in msgspec.to_builtins(settings).items():
        if value is not None:
            yield from _flat({"detection": "", "mapping": "source"}.get(section, section), value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else key, part)
    else:
        yield name, value


def _check_range(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or name.startswith("source"):
        return
    if name in _SHARES:
        if not 0 <= value <= 1:
            raise UsageError(f"{name}: give a number between 0 and 1, not {value}.")
        return
    least = _LEAST.get(name, 0 if name in _MAY_BE_ZERO else 1)
    if not least <= value < 1 << 62:
        raise UsageError(f"{name}: give a number of at least {least:,} and below 2^62, not {value}.")


def _converted(section: Mapping[str, Any], kind: type[T], name: str) -> T:
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        raise UsageError(_worded(str(error), kind, name)) from error


def _worded(fault: str, kind: type, name: str) -> str:
    """What msgspec says, with the setting named as it is in the file."""
    if unknown := _UNKNOWN.match(fault):
        key, place = unknown[1], unknown[2] or ""
        section: Any = kind
        for part in place.split(".") if place else ():
            section = next(f.type for f in msgspec.structs.fields(section) if f.name == part)
        known = sorted(field.name for field in msgspec.structs.fields(section))
        return f"[{place or name}]: unknown setting {key}. Known are: {', '.join(known)}."
    if placed := _PLACE.match(fault):
        fault = placed[1]
        name = ".".join(part for part in (name, placed[2]) if part)
    said = fault.replace("`", "")
    return f"{name}: {said[0].lower()}{said[1:]}." if name else f"{said}."
