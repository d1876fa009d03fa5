"""Settings: one TOML file, one typed object; what is unknown is an error."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from detectors.config import DetectionConfig
from schemas.errors import UsageError
from streams.sources import ColumnMapping

T = TypeVar("T")

_DETECTION = {field.name for field in msgspec.structs.fields(DetectionConfig)}


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
    """The sections `[traces]`, `[co_share]`, `[evidence]`, `[gate]`, `[time]` and the key `seed`."""
    input: InputSettings = msgspec.field(default_factory=InputSettings)
    mapping: ColumnMapping | None = None
    """The section `[source]`: columns of a CSV in no known format."""


def load_settings(path: str | None) -> Settings:
    """Read settings from a TOML file; defaults without one.

    Raises:
        UsageError: the file cannot be read, is not TOML, or has an unknown key or a value of the wrong type.
    """
    if path is None:
        return Settings()
    try:
        with Path(path).open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not valid TOML: {error}") from error
    known = _DETECTION | {"source", "input"}
    if unknown := sorted(set(document) - known):
        raise UsageError(f"{path}: unknown: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}")
    source = document.get("source")
    return Settings(
        detection=_converted({k: v for k, v in document.items() if k in _DETECTION}, DetectionConfig, path),
        input=_converted(document.get("input", {}), InputSettings, path),
        mapping=ColumnMapping.from_config(source) if source is not None else None,
    )


def _converted(section: Mapping[str, Any], kind: type[T], path: str) -> T:
    try:
        return msgspec.convert(dict(section), kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
