"""The topics of the live service: what each holds, who writes and reads it, its partitions and its retention.

`lockstep topics create` makes them from this table, `lockstep topics check` compares a broker with it, and the AsyncAPI
document is written from it. The records of a topic only gain optional fields; any other change is a new version on a
topic of its own.
"""

import re
from datetime import timedelta

from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.errors import UsageError
from schemas.events import AccountProfile, FollowEvent, PostEvent
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony
from schemas.networks import NetworkSnapshot
from schemas.registry import RegistryEntity
from schemas.reviews import ReviewEvent, SuppressionRule
from schemas.service.alert_headers import ALERT_HEADERS
from schemas.service.progress import Progress
from schemas.service.topic import Cleanup, Encoding, Role, Topic

DEFAULT_PREFIX = "lockstep."
"""Prefix of every topic and consumer group of a live service."""

_REPLAY_PREFIX = "lockstep-replay."
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.", re.ASCII)
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LONGEST_NAME = 249  # of a topic, in Kafka
_MIB = 1 << 20


_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)
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
    meaning="One account started or stopped following another, or was seen following it.",
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
    meaning="A known entity with its accounts and domains.",
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
    meaning="Checked rows of all public inputs, in the one order in which detection applies them.",
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
SHARES = Topic(
    subject="shares",
    meaning="Shares of one step of detection, for the shard of co-sharing that has their objects.",
    key="none: the partition is the number of the shard",
    encoding=Encoding.COLUMNS,
    partitions=4,
    retention=_WEEK,
    cleanup=Cleanup.DELETE,
    writers=(Role.WORKER,),
    readers=(Role.WORKER,),
)
CO_SHARES = Topic(
    subject="co-shares",
    meaning="What one shard of co-sharing found in a step: co-shares, exposures and the log of shares.",
    key="none: there is one partition",
    encoding=Encoding.COLUMNS,
    partitions=1,
    retention=_WEEK,
    cleanup=Cleanup.DELETE,
    writers=(Role.WORKER,),
    readers=(Role.WORKER,),
)
SHARD_STATE = Topic(
    subject="shard-state",
    meaning="The state of a shard after a step, in chunks, for a worker that takes over.",
    key="the place of the chunk in the snapshot; the partition is the number of the shard",
    encoding=Encoding.ARROW,
    partitions=4,
    retention=None,
    cleanup=Cleanup.COMPACT,
    max_message_bytes=2 * _MIB,
    segment_bytes=64 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.WORKER,),
)
SHARD_TOPICS = (SHARES, CO_SHARES, SHARD_STATE)
"""Topics that workers need only if co-sharing runs in agents of its own."""
PROGRESS = Topic(
    subject="progress",
    meaning="How far detection has come.",
    key="`detection`",
    record=Progress,
    partitions=1,
    retention=None,
    cleanup=Cleanup.COMPACT,
    segment_bytes=16 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.WORKER, Role.OPERATOR, Role.CONSUMER),
)
NETWORKS = Topic(
    subject="networks",
    meaning="The current state of a network; the latest revision stays.",
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
    headers=ALERT_HEADERS,
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
    meaning="The latest alert of each network; none of networks that were merged into another or closed long ago.",
    key="`network_id`",
    headers=ALERT_HEADERS,
    record=Alert,
    partitions=12,
    retention=None,
    cleanup=Cleanup.COMPACT,
    max_message_bytes=4 * _MIB,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER, Role.CURATOR),
)
ENGAGEMENT = Topic(
    subject="engagement",
    meaning="How much an account posts and how others react, when that has changed by about a factor of two.",
    key="`platform:account_id`",
    record=AccountEngagement,
    partitions=12,
    retention=_MONTH,
    cleanup=Cleanup.COMPACT_DELETE,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER,),
)
FOLLOWERS = Topic(
    subject="followers",
    meaning="An account that the registry follows more than its size explains, when the number has changed.",
    key="`platform:account_id` of the followed account",
    record=AccountFollowers,
    partitions=3,
    retention=_MONTH,
    cleanup=Cleanup.COMPACT_DELETE,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER,),
)
SYNCHRONY = Topic(
    subject="synchrony",
    meaning="Two accounts whose co-shares chance and shared interest hardly explain, when these have grown.",
    key="both accounts, `platform:account_id`, in order, with a space between them",
    record=PairSynchrony,
    partitions=12,
    retention=_MONTH,
    cleanup=Cleanup.COMPACT_DELETE,
    writers=(Role.WORKER,),
    readers=(Role.CONSUMER,),
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
    key="`topic/partition/offset` of the message; `server/number` if a live source sent it",
    record=DeadLetter,
    partitions=3,
    retention=timedelta(days=14),
    cleanup=Cleanup.DELETE,
    writers=(Role.WORKER, Role.COLLECTOR),
    readers=(Role.OPERATOR,),
)
LATE_POSTS = Topic(
    subject="late-posts",
    meaning="One post that came after its event time had been applied, whole, so that it can be replayed.",
    key="`platform:account_id` of the author",
    record=PostEvent,
    partitions=3,
    retention=timedelta(days=30),
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
    ENGAGEMENT,
    FOLLOWERS,
    SYNCHRONY,
    DEAD_LETTERS,
    LATE_POSTS,
    PROGRESS,
    FRAMES,
    SNAPSHOTS,
    *SHARD_TOPICS,
)
"""All topics."""


def checked_prefix(prefix: str) -> str:
    """Return `prefix` if it is a valid prefix of topics.

    Raises:
        UsageError: it does not end with a dot, has characters that Kafka refuses, or is too long.
    """
    longest = _LONGEST_NAME - max(len(topic.name) for topic in TOPICS)
    if not _PREFIX.fullmatch(prefix) or len(prefix) > longest:
        raise UsageError(
            f"{prefix!r} cannot be the prefix of topics: give at most {longest} letters, digits, dots, - and _, ending "
            f"with a dot, as in {DEFAULT_PREFIX}"
        )
    return prefix


def replay_prefix(run_id: str) -> str:
    """The prefix of the topics of a replay. It has its own, so that no consumer of live alerts sees them.

    Raises:
        UsageError: the id has characters other than letters, digits, - and _. With a dot, the topics of one run could
            have the prefix of another.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id!r} cannot name a run: give 1 to 64 letters, digits, - and _.")
    return f"{_REPLAY_PREFIX}{run_id}."


def is_replay(prefix: str) -> bool:
    """Whether this is the prefix of a replay, whose alerts do not page anyone."""
    return prefix.startswith(_REPLAY_PREFIX)
