"""Reference data without posts: what is published, what is deleted, and what is refused."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from streams.live.broker.connection import Connection
from streams.live.publishing.publish import Publisher, PublishOptions
from streams.live.service import commands
from streams.settings.kafka_settings import KafkaSettings
from streams.settings.options import ReadingOptions
from streams.settings.publishing_options import PublishingOptions
from tests.streams.live.publishing.broker_in_memory import Broker

ENTITY = {"entity_id": "a", "name": "A", "kind": "company"}
RULE = {"rule_id": "r", "kind": "mute", "network_id": "n", "reason": "why"}
REVIEW = {
    "event_id": "e", "alert_id": "al", "alert_revision": 1, "network_id": "n", "actor": "r", "role": "lead",
    "at": "2026-01-01T00:00:00Z", "kind": "mute", "reason": "why",
}  # fmt: skip


def published(**options: Any) -> Publisher:
    publisher = Publisher(Connection(KafkaSettings(), None, None, None), PublishOptions(**options))
    asyncio.run(publisher.run(None))
    return publisher


def file(folder: Path, name: str, record: dict[str, Any]) -> str:
    path = folder / name
    path.write_text(json.dumps(record) + "\n")
    return str(path)


def test_given_reference_data_alone_then_they_are_published_and_nothing_is_said_about_posts(
    broker: Broker, tmp_path: Path
) -> None:
    publisher = published(
        registry=file(tmp_path, "registry.jsonl", ENTITY),
        suppressions=file(tmp_path, "rules.jsonl", RULE),
        reviews=file(tmp_path, "reviews.jsonl", REVIEW),
    )

    assert [(one.topic, one.key) for one in broker.sent] == [
        ("lockstep.registry.v1", "a"),
        ("lockstep.suppressions.v1", "r"),
        ("lockstep.reviews.v1", "n"),
    ]
    assert publisher.records == {"registry.v1": 1, "suppressions.v1": 1, "reviews.v1": 1}
    assert publisher.published == 0


def test_given_deletions_then_they_are_messages_without_a_value_before_all_others(
    broker: Broker, tmp_path: Path
) -> None:
    published(
        registry=file(tmp_path, "registry.jsonl", ENTITY), delete_entities=("b", "c"), delete_rules=("r",)
    )

    assert [(one.topic, one.key, one.value is None) for one in broker.sent] == [
        ("lockstep.registry.v1", "b", True),
        ("lockstep.registry.v1", "c", True),
        ("lockstep.suppressions.v1", "r", True),
        ("lockstep.registry.v1", "a", False),
    ]


@pytest.mark.parametrize(
    ("publishing", "reading", "says"),
    [
        (PublishingOptions(), ReadingOptions(), "name dumps of posts, or what else to publish"),
        (PublishingOptions(end=True), ReadingOptions(registry="r"), "--end and --resume are about posts"),
        (PublishingOptions(resume="f", delete_rule=["r"]), ReadingOptions(), "--end and --resume"),
    ],
)
def test_given_nothing_to_publish_or_options_for_posts_then_it_is_refused(
    publishing: PublishingOptions, reading: ReadingOptions, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        commands.publish([], publishing, reading, run_id=None, dead_letters=None, progress=False)
