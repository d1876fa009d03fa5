"""One verdict from the command line to the topic `reviews.v1`."""

import asyncio
from collections.abc import Callable

from detectors.reference.network_review import NetworkReview
from schemas.reviews import ReviewEvent
from schemas.service.topic import Role
from schemas.service.topics import ALERTS_LATEST, REVIEWS
from streams.desk.alert_reading import AlertHead
from streams.desk.network_records import latest_head, reviews_of, write_review
from streams.live.broker.broker_check import FAULTS, broker_error
from streams.live.broker.connection import Connection, connection
from streams.live.broker.topic_admin import require_topics
from streams.settings.settings import Settings

Decide = Callable[[AlertHead | None, NetworkReview, str], ReviewEvent]
"""Makes the event from the latest alert of the network (None: there is none), its review, and where both are from."""


def to_topic(network_id: str, decide: Decide, settings: Settings, say: Callable[[str], None]) -> ReviewEvent:
    """Record a verdict; returns when all replicas in sync have it.

    Raises:
        BrokerError: the brokers cannot be reached, or refused it.
        LockstepError: what `decide` raises.
    """
    broker = connection(settings.kafka)
    event = asyncio.run(_recorded(network_id, decide, broker))
    topic = REVIEWS.full_name(settings.kafka.topic_prefix)
    say(f"{event.kind.value} of {network_id} recorded on {topic}, as {event.event_id}.")
    return event


async def _recorded(network_id: str, decide: Decide, broker: Connection) -> ReviewEvent:
    prefix = broker.settings.topic_prefix
    await require_topics(broker, prefix, Role.CURATOR)
    try:
        latest = await latest_head(broker, network_id)
        known = NetworkReview()
        for before in await reviews_of(broker, network_id):
            known.take(before)
        event = decide(latest, known, ALERTS_LATEST.full_name(prefix))
        await write_review(broker, event)
    except FAULTS as error:
        raise broker_error(error, broker, "recording a review") from error
    return event
