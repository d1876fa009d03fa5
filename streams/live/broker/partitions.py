"""The partitions of a topic, as the brokers have them now."""

from aiokafka import AIOKafkaConsumer, TopicPartition


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """All partitions of a topic; none if it is absent or hidden from these credentials.

    A started consumer is asked for all topics: a broker may create a topic that is asked for by name.
    """
    metadata = await consumer._client.fetch_all_metadata()
    return [TopicPartition(topic, number) for number in metadata.partitions_for_topic(topic) or ()]
