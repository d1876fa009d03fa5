"""Reference data go first: how much of them there is, and whether it has been read."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.live.exchange.decoding import KIND_OF, WAITED_FOR


async def ends_of_references(
    consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, prefix: str
) -> dict[TopicPartition, int]:
    """The end offset of each partition of reference data that is not empty."""
    partitions = [
        TopicPartition(prefix + topic, number)
        for topic in KIND_OF
        if topic not in WAITED_FOR
        for number in await producer.partitions_for(prefix + topic)
    ]
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    return {partition: end for partition, end in ends.items() if end > begins[partition]}


async def all_read(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether all workers together have read up to these offsets."""
    for partition, end in ends.items():
        if (await consumer.committed(partition) or 0) < end:
            return False
    return True
