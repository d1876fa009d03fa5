"""Writes what a worker produces: frames, alerts, networks, dead letters and progress."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import polars as pl
from aiokafka import AIOKafkaProducer

from detectors.signals import SignalRecord
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.service.progress import Progress
from schemas.service.topic import Topic
from schemas.service.topics import ALERTS, ALERTS_LATEST, DEAD_LETTERS, FRAMES, LATE_POSTS, NETWORKS, PROGRESS
from streams.live.broker.in_flight import InFlight
from streams.live.exchange.alert_headers import alert_headers
from streams.live.exchange.decoding import COLLECTOR_HEADER
from streams.live.exchange.frames import HEADER
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.exchange.post_encoding import encode_posts
from streams.outputs.brief_alert import brief
from streams.outputs.network_record import network_of
from streams.outputs.permalinks import Permalinks
from streams.outputs.signal_messages import key_of, topic_of

ORIGIN_HEADER = "lockstep-origin"
"""Header of a late post: topic without prefix, partition and offset of the record, for example `posts.v1/3/1700`."""

_encoder = msgspec.json.Encoder()


class ResultProducer:
    """Writes to the topics of one service.

    Args:
        producer: started. It waits for all replicas, and its retries write no record twice.
        prefix: of the topics.
        permalinks: address of a post by platform, as in the settings.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer | LastingProducer,
        prefix: str,
        permalinks: Mapping[str, str] | None = None,
    ) -> None:
        self._producer = producer
        self._prefix = prefix
        self._links = Permalinks(permalinks)

    async def write_alerts(self, alerts: Iterable[Alert], expired: Iterable[str] = ()) -> None:
        """Write alerts and the networks they describe. On return the broker has them.

        The last alert of a network that another absorbed is followed by its deletion from the latest alerts: its
        members are in the other one now.

        Args:
            alerts: with all samples. The topics of alerts get them in brief, the topic of networks gets all samples.
            expired: ids of networks whose latest alert is deleted.
        """
        in_flight = InFlight()
        for found in alerts:
            alert = self._links.linked(found)
            key, value, headers = alert.network_id, _encoder.encode(brief(alert)), alert_headers(alert)
            await in_flight.add(self._send(ALERTS, key, value, headers))
            await in_flight.add(self._send(ALERTS_LATEST, key, value, headers))
            if alert.successor_id is not None:
                await in_flight.add(self._send(ALERTS_LATEST, key, None))
            await in_flight.add(self._send(NETWORKS, key, _encoder.encode(network_of(alert))))
        for network_id in expired:
            await in_flight.add(self._send(ALERTS_LATEST, network_id, None))
        await in_flight.settled()

    async def write_signals(self, signals: Iterable[SignalRecord]) -> None:
        """Write signals, each to its topic. On return the broker has them."""
        in_flight = InFlight()
        for signal in signals:
            await in_flight.add(self._send(topic_of(signal), key_of(signal), _encoder.encode(signal)))
        await in_flight.settled()

    async def write_dead_letters(self, letters: Iterable[DeadLetter]) -> None:
        """Write dead letters, each with its place of origin as the key. On return the broker has them."""
        in_flight = InFlight()
        for letter in letters:
            key = f"{letter.source}/{letter.position}"
            await in_flight.add(self._send(DEAD_LETTERS, key, _encoder.encode(letter)))
        await in_flight.settled()

    async def write_late_posts(self, posts: pl.DataFrame | None) -> None:
        """Write posts that came too late, as they were published. On return the broker has them.

        Args:
            posts: columns of `detectors.post_columns.POSTS`, and topic, partition, offset and collector. None: there
                are none.
        """
        if posts is None:
            return
        name = LATE_POSTS.full_name(self._prefix)
        places = posts.select("collector", "topic", "partition", "offset")
        in_flight = InFlight()
        for (key, value, _), place in zip(encode_posts(posts).iter_rows(), places.iter_rows(), strict=True):
            collector, *origin = place
            headers = [(ORIGIN_HEADER, "/".join(map(str, origin)).encode())]
            if collector:
                headers.append((COLLECTOR_HEADER, collector.encode()))
            sending = self._producer.send(name, value.encode(), key=key.encode(), headers=headers)
            await in_flight.add(sending)
        await in_flight.settled()

    async def write_frame(self, header: bytes, value: bytes) -> "asyncio.Future[object]":
        """Write a frame. The future gives the record's metadata once the broker has it."""
        sent: asyncio.Future[object] = await self._producer.send(
            FRAMES.full_name(self._prefix), value, partition=0, headers=[(HEADER, header)]
        )
        return sent

    async def write_progress(self, progress: Progress) -> None:
        """Write where detection is. On return the broker has it."""
        await (await self._send(PROGRESS, "detection", _encoder.encode(progress)))

    async def _send(
        self, topic: Topic, key: str, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> "asyncio.Future[object]":
        sent: asyncio.Future[object] = await self._producer.send(
            topic.full_name(self._prefix), value, key=key.encode(), headers=list(headers)
        )
        return sent
