"""Settings: one TOML file, one typed object; what is unknown is an error."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from detectors.config import DetectionConfig
from schemas.errors import UsageError
from schemas.service.topics import TOPICS, replay_prefix
from streams.settings.kafka_settings import KafkaSettings, kafka_section
from streams.sources import ColumnMapping

T = TypeVar("T")

_LARGEST_MESSAGE = max(topic.max_message_bytes for topic in TOPICS)
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
    "worker.max_ahead_s",
    "worker.web_port",
}
_SHARES = {"input.max_bad_share", "traces.similarity", "gate.false_discovery_rate", "rhythm.level"}
_LEAST: Mapping[str, float] = {
    "evidence.max_pairs": 1_000,
    "co_share.max_recent_shares": 1_000,
    "engagement.max_posts": 1_000,
    "attribution.max_facts": 1_000,
    "rhythm.max_posts": 1_000,
    "time.tick_s": 10,
    "kafka.max_request_bytes": _LARGEST_MESSAGE + (64 << 10),  # with room for what a request has around it
    "kafka.max_fetch_bytes": 64 << 10,
    "worker.idle_after_s": 0.01,
    "worker.session_timeout_s": 1.0,
    "worker.snapshot_every_s": 0.01,
}
_MOST = {
    "kafka.replication_factor": (1 << 15) - 1,
    "kafka.max_request_bytes": 64 << 20,
    "kafka.max_fetch_bytes": 64 << 20,
    "worker.poll_ms": 60_000,
    "worker.session_timeout_s": 1_800,
    "worker.batch_rows": 1_000_000,
    "worker.web_port": (1 << 16) - 1,
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


class WorkerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[worker]`: how a worker of the live service reads, waits and keeps."""

    idle_after_s: float = 30.0
    """Seconds without a message after which a partition holds up the others no longer."""
    max_ahead_s: int = 300
    """Seconds by which a post's time may be after its arrival at the broker; what is further ahead is set aside."""
    batch_rows: int = 10_000
    """Messages that are decoded together, at most."""
    poll_ms: int = 200
    """Milliseconds to wait for more of them."""
    session_timeout_s: float = 20.0
    """Seconds without a sign of life after which a worker's share goes to others; the broker bounds it."""
    held_rows: int = 500_000
    """Rows that wait for the watermark, at most; reading waits when there are more."""
    snapshot_every_s: float = 300.0
    """Seconds between snapshots of the state of detection."""
    skip_frames: list[int] = msgspec.field(default_factory=list)
    """Offsets of `frames.v1` that detection leaves out: the way past one that it fails on. What they hold is lost."""
    web_host: str = "127.0.0.1"
    """Address at which metrics and health are served."""
    web_port: int = 0
    """Port for them; 0: they are not served."""
    data_dir: str = "lockstep-data"
    """Folder for what a worker keeps on its own machine; it can be lost."""

    def __post_init__(self) -> None:
        for name in ("web_host", "data_dir"):
            if not getattr(self, name):
                raise UsageError(f"worker.{name}: is empty; leave it out.")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run can be told by a file."""

    detection: DetectionConfig = msgspec.field(default_factory=DetectionConfig)
    """The sections `[traces]`, `[co_share]`, `[evidence]`, `[gate]`, `[time]`, `[engagement]`, `[followers]`,
    `[attribution]` and `[rhythm]`, and the key `seed`."""
    input: InputSettings = msgspec.field(default_factory=InputSettings)
    kafka: KafkaSettings = msgspec.field(default_factory=KafkaSettings)
    worker: WorkerSettings = msgspec.field(default_factory=WorkerSettings)
    mapping: ColumnMapping | None = None
    """The section `[source]`: columns of a CSV in no known format."""


def load_settings(path: str | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read settings from a TOML file; defaults without one. `LOCKSTEP_KAFKA` in `environ` goes before the file.

    Raises:
        UsageError: the file cannot be read, is not TOML, or has an unknown key or a value that cannot be.
    """
    if path is None:
        return Settings(kafka=_converted(kafka_section({}, environ), KafkaSettings, "kafka"))
    try:
        with Path(path).open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: is not valid TOML: {error}.") from error
    known = _DETECTION | {"source", "input", "kafka", "worker"}
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
            kafka=_converted(kafka_section(document.get("kafka", {}), environ), KafkaSettings, "kafka"),
            worker=_converted(document.get("worker", {}), WorkerSettings, "worker"),
            mapping=ColumnMapping.from_config(source) if source is not None else None,
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def for_run(settings: Settings, run_id: str | None) -> Settings:
    """The settings with the topics of a replay, if a run is named.

    Raises:
        UsageError: the id cannot be in the name of a topic.
    """
    if run_id is None:
        return settings
    kafka = msgspec.structs.replace(settings.kafka, topic_prefix=replay_prefix(run_id))
    return msgspec.structs.replace(settings, kafka=kafka)


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
    if name in _MOST and not least <= value <= _MOST[name]:
        raise UsageError(f"{name}: give a number from {least:,} to {_MOST[name]:,}, not {value}.")
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
