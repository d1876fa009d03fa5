"""What the brokers say of their cluster: the partitions of a topic, and how often clients ask for it in an outage."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata

_AGAIN_S = 0.2
"""Seconds before a client asks again after a failure. Chosen, not measured: as in a session check, and shorter than the
half second after which the watch of the brokers asks."""

_update = AIOKafkaClient._metadata_update


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """All partitions of a topic; none if it is absent or hidden from these credentials.

    A started consumer is asked for all topics: a broker may create a topic that is asked for by name.
    """
    metadata = await consumer._client.fetch_all_metadata()
    return [TopicPartition(topic, number) for number in metadata.partitions_for_topic(topic) or ()]


def pause_between_failures() -> None:
    """Let the clients of this process pause when brokers do not give metadata, before they ask again.

    A broker that is stopped in order first says that its partitions have no leader. From then on a producer that has
    messages for them asks again as soon as it is refused: 2,900 times a second, through the whole outage (measured
    with aiokafka 0.14 and Kafka 4.3). With the pause it asks five times.
    """
    AIOKafkaClient._metadata_update = _update_or_pause


async def _update_or_pause(
    client: AIOKafkaClient, cluster: ClusterMetadata, topics: Iterable[str] | None
) -> bool:
    updated = bool(await _update(client, cluster, topics))
    if not updated:
        await asyncio.sleep(_AGAIN_S)
    return updated
