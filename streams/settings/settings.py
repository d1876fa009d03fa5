"""Settings: one TOML file, one typed object. Unknown keys and values out of bounds are errors that name the setting."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from detectors.config import AtLeast0, AtLeast1, DetectionConfig
from schemas.checks.bounds import bounds_of, out_of_bounds
from schemas.checks.decoding_faults import DecodingFault, decoding_fault
from schemas.errors import UsageError
from schemas.service.topics import replay_prefix
from schemas.values import Unit
from streams.privacy.privacy_settings import PrivacySettings, privacy_section
from streams.settings.desk_settings import DeskSettings, desk_section
from streams.settings.kafka_settings import KafkaSettings, kafka_section
from streams.settings.notify_settings import NotifySettings, ReceiverSettings, receiver_sections
from streams.settings.permalink_settings import checked_addresses
from streams.sources import ColumnMapping

T = TypeVar("T")

Seconds = Annotated[float, Meta(ge=0.01, lt=2.0**62)]
"""A wait of at least 10 ms: with a shorter one, a worker would do nothing but look again."""

_BOUND = re.compile(r"expected (int|float) (<|>)")
_DETECTION_KEYS = {field.name for field in msgspec.structs.fields(DetectionConfig)}


class InputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[input]`: how dumps are read."""

    max_bad_share: Unit = 0.5
    """Share of rejected rows, 0-1, above which a run stops because the format must be another one."""
    bad_share_after: AtLeast0 = 1_000
    """Rows that are read before these shares are tested. They are tested at the end too, from 100 rows on."""
    max_late_share: Unit = 0.05
    """Share of rows that come too late, 0-1, above which a run stops because a dump is not in order. Chosen, not
    measured."""
    max_collision_share: Unit = 0.05
    """Share of rows whose id another post has, 0-1, above which a run stops because ids do not tell posts apart. A
    few come of edits and of exports that overlap. Chosen, not measured."""
    encoding: str | None = None
    """Encoding of all dumps, such as `cp1252`; if absent, UTF-8, or UTF-16 or UTF-32 where the first bytes show it."""
    short_links: str | None = None
    """File that says where shortened links lead: CSV with the columns `short` and `target`, or JSON lines. Replays,
    `publish` and workers read it. If absent, each shortened link is an object of its own."""
    look_ahead_rows: AtLeast0 = 200_000
    """Rows at the beginning of all dumps together that are read before detection begins, to see whether they are in
    order. A dump with fewer rows is sorted if it is not."""
    sort_rows: AtLeast1 = 500_000
    """Rows held in memory while an unordered dump is sorted. Further rows go to temporary files."""
    state_every_s: Annotated[float, Meta(ge=0.0, le=86_400.0)] = 60.0
    """Seconds between two states that a replay with `--state` keeps. It takes longer if keeping one takes more than a
    twentieth of that. Chosen, not measured."""

    def __post_init__(self) -> None:
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError) as error:
                raise UsageError(
                    f"input.encoding: {self.encoding!r} is no known encoding; examples are cp1252, latin-1 and cp1251."
                ) from error


class WorkerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[worker]`: how a worker of the live service reads, waits and stores."""

    idle_after_s: Seconds = 30.0
    """Seconds without a message after which a partition no longer holds up the others."""
    settle_s: Annotated[float, Meta(ge=0.0, le=3_600.0)] = 15.0
    """Seconds that event time waits for collectors and partitions that are not known yet. Workers take less to find
    a new partition. Chosen, not measured."""
    collector_wait_s: Seconds = 600.0
    """Seconds without a record after which a collector is no longer waited for. It may poll every five minutes."""
    max_ahead_s: AtLeast0 = 300
    """Seconds by which a post's time may be after its arrival at the broker. Posts further in the future are set
    aside."""
    batch_rows: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Most messages that are decoded together."""
    poll_ms: Annotated[int, Meta(ge=1, le=60_000)] = 200
    """Milliseconds to wait for more messages."""
    session_timeout_s: Annotated[float, Meta(ge=1.0, le=1_800.0)] = 20.0
    """Seconds without a sign of life after which other workers take over a worker's share. The broker limits this."""
    held_rows: AtLeast1 = 500_000
    """Most rows that wait for the watermark. Reading pauses when there are more."""
    snapshot_every_s: Seconds = 300.0
    """Seconds between snapshots of the state of detection."""
    shards: Annotated[int, Meta(ge=0, le=16)] = 0
    """Threads that detection may use: 1, 2, 4, 8 or 16; 0: as many as there are processors. Alerts are the same."""
    synchrony_agents: bool = False
    """Whether co-sharing runs in agents of its own, which all workers share, and not inside detection. Alerts are the
    same. All workers need the same value."""
    skip_frames: list[int] = msgspec.field(default_factory=list)
    """Offsets of `frames.v1` that detection skips, to get past a frame that it fails on. Their content is lost."""
    web_host: str = "127.0.0.1"
    """Address that serves metrics and health."""
    web_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """Port of that address; 0: nothing is served."""
    data_dir: str = "lockstep-data"
    """Folder for the files of a worker. It can be lost without harm."""

    def __post_init__(self) -> None:
        if self.shards & (self.shards - 1):
            raise UsageError(f"worker.shards: {self.shards} is none of 0, 1, 2, 4, 8 and 16.")
        for name in ("web_host", "data_dir"):
            if not getattr(self, name):
                raise UsageError(f"worker.{name}: is empty. Leave it out.")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a settings file can set."""

    detection: DetectionConfig = msgspec.field(default_factory=DetectionConfig)
    """The sections `[traces]`, `[co_share]`, `[evidence]`, `[gate]`, `[time]`, `[engagement]`, `[followers]`,
    `[attribution]`, `[rhythm]` and `[pools]`, and the key `seed`."""
    input: InputSettings = msgspec.field(default_factory=InputSettings)
    kafka: KafkaSettings = msgspec.field(default_factory=KafkaSettings)
    worker: WorkerSettings = msgspec.field(default_factory=WorkerSettings)
    notify: NotifySettings = msgspec.field(default_factory=NotifySettings)
    desk: DeskSettings = msgspec.field(default_factory=DeskSettings)
    privacy: PrivacySettings = msgspec.field(default_factory=PrivacySettings)
    permalinks: dict[str, str] = msgspec.field(default_factory=dict)
    """The section `[permalinks]`: address of a post by platform, beside those that Lockstep knows."""
    mapping: ColumnMapping | None = None
    """The section `[source]`: columns of a CSV in no known format."""


def load_settings(path: str | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read settings from a TOML file; without one, take the defaults. `LOCKSTEP_KAFKA` in `environ` overrides the file.

    Raises:
        UsageError: the file cannot be read, is not TOML, has an unknown key, or a value of the wrong type or out of
            bounds.
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
    known = _DETECTION_KEYS | {
        "source",
        "input",
        "kafka",
        "notify",
        "permalinks",
        "privacy",
        "worker",
        "desk",
    }
    if unknown := sorted(set(document) - known):
        raise UsageError(f"{path}: unknown: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}.")
    source = document.get("source")
    if source is not None and not isinstance(source, dict):
        raise UsageError(f"{path}: source: expected a section [source].")
    try:
        return Settings(
            detection=_converted(
                {k: v for k, v in document.items() if k in _DETECTION_KEYS}, DetectionConfig, ""
            ),
            input=_converted(document.get("input", {}), InputSettings, "input"),
            kafka=_converted(kafka_section(document.get("kafka", {}), environ), KafkaSettings, "kafka"),
            worker=_converted(document.get("worker", {}), WorkerSettings, "worker"),
            notify=_notify(document.get("notify", {})),
            desk=_converted(desk_section(document.get("desk", {})), DeskSettings, "desk"),
            privacy=_converted(privacy_section(document.get("privacy", {})), PrivacySettings, "privacy"),
            permalinks=checked_addresses(
                _converted(document.get("permalinks", {}), dict[str, str], "permalinks")
            ),
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
    """Every setting with its value, by its dotted name in the file; `[source]` only if the file has it."""
    for section, value in msgspec.to_builtins(settings).items():
        if value is not None:
            yield from _flat({"detection": "", "mapping": "source"}.get(section, section), value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else key, part)
    else:
        yield name, value


def _notify(section: Any) -> NotifySettings:
    own, receivers = receiver_sections(section)
    made = {}
    for name, one in receivers.items():
        try:
            made[name] = _converted(one, ReceiverSettings, f"notify.receivers.{name}")
        except UsageError as error:
            raise UsageError(_named(str(error), f"notify.receivers.{name}")) from error
    return msgspec.structs.replace(_converted(own, NotifySettings, "notify"), receivers=made)


def _named(words: str, section: str) -> str:
    return words if section in words else f"{section}.{words}"


def _converted(section: Any, kind: type[T], name: str) -> T:
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        raise UsageError(_in_words(decoding_fault(error), section, kind, name)) from error


def _in_words(fault: DecodingFault, section: Any, kind: type, name: str) -> str:
    """A fault with the setting named as it is in the file.

    Args:
        fault: of msgspec.
        section: what was read from the file.
        kind: the struct it should have become.
        name: of the section; empty for the top of the file.
    """
    path = fault.place.split(".") if fault.place else []
    setting = ".".join(part for part in (name, fault.place) if part)
    if fault.unknown_field is not None:
        known = sorted(field.name for field in msgspec.structs.fields(_kind_at(kind, path)))
        return f"[{setting}]: unknown setting {fault.unknown_field}. Known are: {', '.join(known)}."
    if path and _BOUND.match(fault.words):
        bounds = bounds_of(_kind_at(kind, path[:-1]), path[-1])
        value = section
        for part in path:
            value = value[part]
        if bounds is not None:
            return out_of_bounds(setting, value, bounds)
    return f"{setting}: {fault.words}." if setting else f"{fault.words}."


def _kind_at(kind: Any, path: Sequence[str]) -> Any:
    for part in path:
        kind = next(field.type for field in msgspec.structs.fields(kind) if field.name == part)
    return kind
