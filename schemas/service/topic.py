"""What a topic is: its key and records, its partitions and retention, and who writes and reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import msgspec

from schemas.service.alert_headers import MessageHeader

_MIB = 1 << 20


class Role(StrEnum):
    """Who writes and reads topics. Each role can have its own credentials (docs/operations/security.md)."""

    COLLECTOR = "collector"
    """Writes posts, follow events and profiles: `lockstep publish` and `lockstep ingest`."""
    CURATOR = "curator"
    """Maintains the registry, reviews alerts and makes rules."""
    WORKER = "worker"
    """`lockstep worker`: decoding and detection."""
    CONSUMER = "consumer"
    """Reads alerts and networks, and how far detection is."""
    OPERATOR = "operator"
    """Runs the service: reads progress and dead letters."""


class Encoding(StrEnum):
    """Encoding of the value of a message."""

    JSON = "json"
    """One record as a JSON object in UTF-8."""
    ARROW = "arrow"
    """Rows as an Arrow IPC stream, or a part of one."""
    COLUMNS = "columns"
    """Columns of numbers, one after another; a header says how many rows they have."""


class Cleanup(StrEnum):
    """What happens to old messages, by Kafka's names."""

    DELETE = "delete"
    """Messages older than the retention are deleted."""
    COMPACT = "compact"
    """The latest message of each key stays forever; an empty value deletes the key."""
    COMPACT_DELETE = "compact,delete"
    """The latest message of each key stays until it is older than the retention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic."""

    subject: str
    """What its messages are about; the name without prefix and version."""
    meaning: str
    """What one message holds, in one sentence."""
    key: str
    """What the key of a message is. Messages with the same key stay in order."""
    headers: tuple[MessageHeader, ...] = ()
    """Headers of each message that has a value."""
    encoding: Encoding = Encoding.JSON
    record: type[msgspec.Struct] | None = None
    """The record in a JSON value; None: none is defined yet, or the value is Arrow."""
    partitions: int
    retention: timedelta | None
    """How long messages are kept after they reach the broker; None: until their key is deleted."""
    cleanup: Cleanup
    max_message_bytes: int = _MIB
    """Largest batch of messages that the broker accepts, bytes, after compression."""
    segment_bytes: int | None = None
    """Size of the files of a partition, bytes; None: the broker's default. Readers of a compacted topic read all of it,
    and Kafka never compacts the newest file."""
    writers: tuple[Role, ...]
    readers: tuple[Role, ...]
    version: int = 1

    @property
    def name(self) -> str:
        """The name without the prefix."""
        return f"{self.subject}.v{self.version}"

    @property
    def config(self) -> Mapping[str, str]:
        """The settings of the topic, by Kafka's names.

        The time of a message is the broker's (`LogAppendTime`), not the producer's, because retention counts by it.
        With the times of its posts, a dump of 2016 would be deleted within minutes of its arrival, and a post dated
        into the future never.
        """
        config = {
            "cleanup.policy": self.cleanup.value,
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }
        if self.retention is not None:
            config["retention.ms"] = str(self.retention // timedelta(milliseconds=1))
        if self.segment_bytes is not None:
            config["segment.bytes"] = str(self.segment_bytes)
        return config

    def full_name(self, prefix: str) -> str:
        """The name on the broker."""
        return prefix + self.name
