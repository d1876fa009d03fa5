"""The consumer group of ingest: Kafka assigns the public partitions to its members."""

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.membership import heartbeat_s
from streams.settings.settings import WorkerSettings

_FETCH_BYTES = 512 << 10
"""Limit of one fetch from one partition. Small fetches read a backlog from all partitions in turn, so that event time
passes meanwhile. With 8 MB a worker read all of half a million posts before the first could be applied (measured)."""

_METADATA_MS = 5_000
"""Milliseconds after which the brokers are asked again which partitions there are. The default is five minutes: posts
in a partition that was added would then come too late."""


def ingest_group(prefix: str) -> str:
    """Name of the consumer group by which Kafka assigns the public partitions to the workers of a service."""
    return f"{prefix}ingest"


def group_consumer(connection: Connection, settings: WorkerSettings) -> AIOKafkaConsumer:
    """A member of the group; it has yet to subscribe and start."""
    arguments = consumer_arguments(connection, "ingest", fetch_wait_ms=100)
    arguments["max_partition_fetch_bytes"] = min(_FETCH_BYTES, arguments["max_partition_fetch_bytes"])
    return AIOKafkaConsumer(
        **arguments,
        group_id=ingest_group(connection.settings.topic_prefix),
        auto_offset_reset="earliest",
        metadata_max_age_ms=_METADATA_MS,
        max_poll_records=settings.batch_rows,
        session_timeout_ms=int(settings.session_timeout_s * 1_000),
        heartbeat_interval_ms=int(heartbeat_s(settings.session_timeout_s) * 1_000),
    )


class ShareListener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Learns from aiokafka when partitions are assigned anew.

    Args:
        revoked: called when that begins.
        assigned: called when it has ended.
    """

    def __init__(self, revoked: Callable[[], None], assigned: Callable[[], None]) -> None:
        self._revoked = revoked
        self._assigned = assigned

    async def on_partitions_revoked(self, revoked: object) -> None:
        """The current batch is written, and at worst other workers read it again."""
        self._revoked()

    async def on_partitions_assigned(self, assigned: object) -> None:
        """Start again."""
        self._assigned()
