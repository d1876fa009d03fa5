"""Writes what a collector has found to the public topics, under its name."""

import msgspec
import polars as pl

from detectors.post_columns import conform
from schemas.service.topics import ACCOUNTS, DEAD_LETTERS, FOLLOWS, POSTS
from streams.collect.source import Events
from streams.live.broker.in_flight import InFlight
from streams.live.exchange.decoding import COLLECTOR_HEADER, LEAVE_HEADER, UPTO_HEADER, WAITED_FOR
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.exchange.post_encoding import encode_posts
from streams.privacy.records import PseudonymRecords, without_content

_encoder = msgspec.json.Encoder()
_ABSENT = r',"\w+":null|"\w+":null,'
"""Unknown fields, as in `streams.live.exchange.post_encoding`."""


class EventWriter:
    """Writes to the topics of one service.

    Args:
        producer: started.
        prefix: of the topics.
        collector: name of the collector.
        pseudonyms: puts pseudonyms into what is written; None: names stay.
    """

    def __init__(
        self,
        producer: LastingProducer,
        prefix: str,
        collector: str,
        pseudonyms: PseudonymRecords | None = None,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._producer = producer
        self._prefix = prefix
        self._headers = [(COLLECTOR_HEADER, collector.encode())]

    async def write(self, events: Events) -> None:
        """Write events and dead letters. On return the broker has them.

        Raises:
            aiokafka.errors.KafkaError: it refused one.
        """
        posts, follows, profiles, letters = events.posts, events.follows, events.profiles, events.dead_letters
        deletions = events.deletions
        if (names := self._pseudonyms) is not None:
            posts = names.posts(posts)
            follows = None if follows is None else names.follows(follows)
            profiles = None if profiles is None else names.profile_fields(profiles)
            letters = [without_content(letter) for letter in letters]
            if deletions is not None:
                named = names.posts(conform(deletions.drop("created_at")))
                deletions = deletions.with_columns(named["post_id"], named["account_id"])
        if deletions is not None:
            deletions = deletions.with_columns(deleted=pl.lit(value=True))
        in_flight = InFlight()
        topic = POSTS.full_name(self._prefix)
        for key, value, timestamp in encode_posts(posts).iter_rows():
            await in_flight.add(
                self._producer.send(
                    topic, value.encode(), key=key.encode(), timestamp_ms=timestamp, headers=self._headers
                )
            )
        for table, place, account in (
            (deletions, POSTS, "account_id"),
            (follows, FOLLOWS, "followee_id"),
            (profiles, ACCOUNTS, "account_id"),
        ):
            if table is None:
                continue
            records = table.select(
                key=pl.concat_str("platform", pl.lit(":"), account),
                value=pl.struct(pl.all()).struct.json_encode().str.replace_all(_ABSENT, ""),
            )
            for key, value in records.iter_rows():
                await in_flight.add(
                    self._producer.send(
                        place.full_name(self._prefix), value.encode(), key=key.encode(), headers=self._headers
                    )
                )
        for letter in letters:
            key = f"{letter.source}/{letter.position}".encode()
            await in_flight.add(
                self._producer.send(DEAD_LETTERS.full_name(self._prefix), _encoder.encode(letter), key=key)
            )
        await in_flight.settled()

    async def report_reached(self, seconds: int) -> None:
        """Report that all posts and follow events before this event time are written, seconds since 1970 UTC."""
        await self._report(UPTO_HEADER, str(seconds).encode())

    async def report_leaving(self) -> None:
        """Report that nothing comes for a while, so that nothing waits."""
        await self._report(LEAVE_HEADER, b"")

    async def _report(self, header: str, value: bytes) -> None:
        """Write a record without a value to every partition that carries event time."""
        in_flight = InFlight()
        for name in WAITED_FOR:
            topic = self._prefix + name
            for partition in sorted(await self._producer.partitions_for(topic)):
                await in_flight.add(
                    self._producer.send(
                        topic,
                        None,
                        key=header.encode(),
                        partition=partition,
                        headers=[(header, value), *self._headers],
                    )
                )
        await in_flight.settled()
