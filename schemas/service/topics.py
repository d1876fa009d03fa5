"""The topics of the live service: what each holds, who writes and reads it, how it is parted and how long it is kept.

`lockstep topics create` makes them from this table, `lockstep topics check` holds a broker against it, and the
AsyncAPI document is written from it. A topic only ever gains optional fields; what is not an addition is a new
version on a topic of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import msgspec

from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.errors import UsageError
from schemas.events import AccountProfile, FollowEvent, PostEvent
from schemas.networks import NetworkSnapshot
from schemas.registry import RegistryEntity
from schemas.reviews import ReviewEvent, SuppressionRule
from schemas.service.progress import Progress

DEFAULT_PREFIX = "lockstep."
"""Goes before every topic and consumer group of a live service."""

_REPLAY_PREFIX = "lockstep-replay."
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.", re.ASCII)
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LONGEST_NAME = 249  # of a topic, in Kafka
_MIB = 1 << 20


class Role(StrEnum):
    """Who has to do with a topic; each can have credentials of its own (docs/operations/security.md)."""

    COLLECTOR = "collector"
    """Brings posts, follow events and profiles onto the topics; `lockstep publish` is one."""
    CURATOR = "curator"
    """Keeps the registry, and rules on alerts."""
    WORKER = "worker"
    """`lockstep worker`: decoding and detection."""
    CONSUMER = "consumer"
    """Reads what was found."""
    OPERATOR = "operator"
    """Looks after the service: progress, and rows that could not be used."""


class Encoding(StrEnum):
    """What the value of a message is."""

    JSON = "json"
    """One record as a JSON object in UTF-8."""
    ARROW = "arrow"
    """Rows as an Arrow IPC stream, or a part of one."""


class Cleanup(StrEnum):
    """What becomes of old messages, in Kafka's words."""

    DELETE = "delete"
    """They go when they are older than the retention."""
    COMPACT = "compact"
    """The latest of each key stays for ever; an empty value deletes the key."""
    COMPACT_DELETE = "compact,delete"
    """The latest of each key stays, until it is older than the retention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic."""

    subject: str
    """What its messages are about; the name without prefix and version."""
    meaning: str
    """What a message says, in one sentence."""
    key: str
    """What the key of a message is. Messages of one key stay in order."""
    encoding: Encoding = Encoding.JSON
    record: type[msgspec.Struct] | None = None
    """The record that a JSON value is; None: none is defined yet, or the value is Arrow."""
    partitions: int
    retention: timedelta | None
    """How long messages are kept, counted from their arrival at the broker; None: as long as the key lives."""
    cleanup: Cleanup
    max_message_bytes: int = _MIB
    """Largest batch of messages that the broker takes, bytes, after compression."""
    segment_bytes: int | None = None
    """Size of the files of a partition; None: the broker's. A compacted topic is read whole by whoever starts, and its
    newest file is never compacted."""
    writers: tuple[Role, ...]
    readers: tuple[Role, ...]
    version: int = 1

    @property
    def name(self) -> str:
        """The name without the prefix."""
        return f"{self.subject}.v{self.version}"

    @property
    def config(self) -> Mapping[str, str]:
        """What the broker is told about it, by Kafka's names.

        Time is the broker's (`LogAppendTime`), not the producer's. Retention counts by it: with the times of its
        posts a dump of 2016 would be deleted within minutes of its arrival, and what is dated into the future never.
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


_WEEK = timedelta(days=7)
_YEAR = timedelta(days=365)

POSTS = Topic(
    subject="posts",
    meaning="One post as it was published.",
    key="`platform:account_id` of the author",
    record=PostEvent,
    partitions=12,
    retention=_WEEK,
    cleanup=Cleanup.DELETE,
    writers=(Role.COLLECTOR,),
    readers=(Role.WORKER,),
)
ACCOUNTS = Topic(
    subject="accounts",
    meaning="What a platform showed about an account; the latest observation stays.",
    key="`platform:account_id`",
    record=AccountProfile,
    partitions=12,
    retention=None,
    cleanup=Cleanup.COMPACT,
    writers=(Role.COLLECTOR,),
    readers=(Role.WORKER,),
)
FOLLOWS = Topic(
    subject="follows",
    meaning="One account began or ceased to follow another, or was seen following it.",
    key="`platform:followee_id`, the account that is followed",
    record=FollowEvent,
    partitions=12,
    retention=timedelta(days=30),
    cleanup=Cleanup.DELETE,
    writers=(Role.COLLECTOR,),
    readers=(Role.WORKER,),
)
REGISTRY = Topic(
    subject="registry",
    meaning="Who is known: an entity with its accounts and domains.",
    key="`entity_id`",
    record=RegistryEntity,
    partitions=1,
    retention=None,
    cleanup=Cleanup.COMPACT,
    writers=(Role.CURATOR,),
    readers=(Role.WORKER,),
)
FRAMES = Topic(
    subject="frames",
    meaning="Checked rows of all public inputs in one order, from which detection and its state follow.",
    key="none: there is one partition",
    encoding=Encoding.ARROW,
    partitions=1,
    retention=_WEEK,
    cleanup=Cleanup.DELETE,
    max_message_bytes=4 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.WORKER,),
)
SNAPSHOTS = Topic(
    subject="snapshots",
    meaning="The state of detection after a frame, in chunks, for a worker that takes over.",
    key="the place of the chunk in the snapshot",
    encoding=Encoding.ARROW,
    partitions=1,
    retention=None,
    cleanup=Cleanup.COMPACT,
    max_message_bytes=2 * _MIB,
    segment_bytes=128 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.WORKER,),
)
PROGRESS = Topic(
    subject="progress",
    meaning="Where detection is.",
    key="`detection`",
    record=Progress,
    partitions=1,
    retention=None,
    cleanup=Cleanup.COMPACT,
    segment_bytes=16 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.WORKER, Role.OPERATOR),
)
NETWORKS = Topic(
    subject="networks",
    meaning="A network as it stands; the latest revision stays.",
    key="`network_id`",
    record=NetworkSnapshot,
    partitions=1,
    retention=_YEAR,
    cleanup=Cleanup.COMPACT_DELETE,
    max_message_bytes=4 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER,),
)
ALERTS = Topic(
    subject="alerts",
    meaning="Every revision of every alert, in order within a network.",
    key="`network_id`",
    record=Alert,
    partitions=12,
    retention=_YEAR,
    cleanup=Cleanup.DELETE,
    max_message_bytes=4 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER, Role.CURATOR),
)
ALERTS_LATEST = Topic(
    subject="alerts-latest",
    meaning="Every alert by its id; one that comes again overwrites itself.",
    key="`alert_id`",
    record=Alert,
    partitions=12,
    retention=None,
    cleanup=Cleanup.COMPACT,
    max_message_bytes=4 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER, Role.CURATOR),
)
REVIEWS = Topic(
    subject="reviews",
    meaning="What reviewers said and did about alerts: the audit log.",
    key="`network_id`",
    record=ReviewEvent,
    partitions=12,
    retention=2 * _YEAR,
    cleanup=Cleanup.DELETE,
    writers=(Role.CURATOR,),
    readers=(Role.CURATOR, Role.CONSUMER, Role.WORKER),
)
SUPPRESSIONS = Topic(
    subject="suppressions",
    meaning="A reviewer's rule: a network to mute, or accounts to allow.",
    key="`rule_id`",
    record=SuppressionRule,
    partitions=1,
    retention=None,
    cleanup=Cleanup.COMPACT,
    writers=(Role.CURATOR,),
    readers=(Role.CURATOR, Role.WORKER),
)
DEAD_LETTERS = Topic(
    subject="dead-letters",
    meaning="A message that could not be used, with the reason.",
    key="`topic/partition/offset` of the message",
    record=DeadLetter,
    partitions=3,
    retention=timedelta(days=14),
    cleanup=Cleanup.DELETE,
    writers=(Role.WORKER,),
    readers=(Role.OPERATOR,),
)

TOPICS: tuple[Topic, ...] = (
    POSTS,
    ACCOUNTS,
    FOLLOWS,
    REGISTRY,
    SUPPRESSIONS,
    REVIEWS,
    ALERTS,
    ALERTS_LATEST,
    NETWORKS,
    DEAD_LETTERS,
    PROGRESS,
    FRAMES,
    SNAPSHOTS,
)
"""All of them."""


def checked_prefix(prefix: str) -> str:
    """Return `prefix` if topics may begin with it.

    Raises:
        UsageError: it does not end with a dot, has characters that Kafka refuses, or is too long.
    """
    longest = _LONGEST_NAME - max(len(topic.name) for topic in TOPICS)
    if not _PREFIX.fullmatch(prefix) or len(prefix) > longest:
        raise UsageError(
            f"{prefix!r} cannot go before a topic's name: give at most {longest} letters, digits, dots, - and _, of "
            f"which the last is a dot, as in {DEFAULT_PREFIX}"
        )
    return prefix


def replay_prefix(run_id: str) -> str:
    """The prefix of the topics of a replay: its own, so that no consumer of live alerts ever sees them.

    Raises:
        UsageError: the id has other characters than letters, digits, - and _. A dot would put the topics of one run
            under the prefix of another.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id!r} cannot name a run: give 1 to 64 letters, digits, - and _.")
    return f"{_REPLAY_PREFIX}{run_id}."


def is_replay(prefix: str) -> bool:
    """Whether the topics of this prefix are those of a replay, whose alerts page nobody."""
    return prefix.startswith(_REPLAY_PREFIX)
