"""Metrics of a worker: detection on frames in memory, reported as the detection agent reports it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from detectors.config import DetectionConfig
from schemas.dead_letters import DeadLetter, Reason
from schemas.service.progress import Progress
from streams.live.detection.detection import Detection
from streams.live.detection.detection_state import captured, restored
from streams.live.exchange.decoding import decode_batch
from streams.live.state.snapshots import manifest
from streams.live.telemetry.detection_figures import crowd_labels
from streams.live.telemetry.telemetry import Telemetry
from streams.state.state_codec import encode
from tests.streams.live.partitions import Batch, Message
from tests.streams.small_world import small_world

PREFIX = "lockstep."
CONFIG = DetectionConfig()


class Agent:
    """Applies frames and reports them, as `streams.live.stages.detection_agent` does."""

    def __init__(self, telemetry: Telemetry, detection: Detection) -> None:
        self.telemetry, self.detection = telemetry, detection
        detection.timer.on_stage = telemetry.observe_stage
        telemetry.set_detection_here(True)
        telemetry.show_rebuilt(detection, 0.1)

    def take(self, messages: list[Message], begin: int, *, ended: bool = False) -> list[Any]:
        batch = Batch("posts.v1")
        batch.add(0, begin, messages)
        if ended:
            batch.spans[0] = type(batch.spans[0])("posts.v1", 0, begin, batch.spans[0].end, True)
        frame, letters = decode_batch(batch, 1 << 40)
        self.telemetry.count_read([batch])
        self.telemetry.count_decoded(batch, letters)
        found = self.detection.apply(frame)
        progress = Progress(
            worker_id="w",
            frame_offset=0,
            watermark=datetime.fromtimestamp(self.detection.event_time or 0, UTC),
            latest=datetime.fromtimestamp(self.detection.latest_post, UTC),
            held_rows=len(self.detection.held_posts),
            at=datetime.now(UTC),
        )
        self.telemetry._sampled_at = 0.0
        self.telemetry.show_applied(self.detection, progress, 0.2)
        self.telemetry.count_result(found)
        return found.alerts


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(name, {"prefix": PREFIX, **labels})


def total(telemetry: Telemetry, name: str) -> float:
    """Over all series."""
    return sum(s.value for f in telemetry.registry.collect() for s in f.samples if s.name == name)


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return [
        Message(at, 1_900_000_000_000, b"k", json.dumps(post).encode())
        for at, post in enumerate(small_world())
    ]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(PREFIX, CONFIG)


def test_given_posts_that_were_applied_then_metrics_say_what_came_of_them(
    telemetry: Telemetry, messages: list[Message]
) -> None:
    agent = Agent(telemetry, Detection(CONFIG, "live", "w"))
    half = len(messages) // 2
    alerts = agent.take(messages[:half], 0) + agent.take(messages[half:], half, ended=True)
    pipeline = agent.detection.pipeline
    assert pipeline is not None and alerts

    assert value(telemetry, "lockstep_ingest_records_total", topic="posts.v1") == len(messages)
    assert value(telemetry, "lockstep_ingest_bytes_total", topic="posts.v1") == sum(
        len(message.value or b"") for message in messages
    )
    assert value(telemetry, "lockstep_detection_posts_total") == len(messages)
    assert total(telemetry, "lockstep_alerts_total") == len(alerts)
    opened = [alert for alert in alerts if alert.lifecycle == "opened"]
    assert value(telemetry, "lockstep_alert_evidence_age_seconds_count") == len(opened) > 0
    assert value(telemetry, "lockstep_alert_delay_seconds_count") == len(alerts)

    assert total(telemetry, "lockstep_detection_co_shares_total") == pipeline.synchrony.made.sum() > 0
    assert value(telemetry, "lockstep_detection_edges") == pipeline.stage.edges > 0
    alive = pipeline.stage.networks.alive.values()
    assert total(telemetry, "lockstep_networks") == len(alive) > 0
    assert value(telemetry, "lockstep_network_members", rank="1") == max(len(n.members) for n in alive)
    assert value(telemetry, "lockstep_store_items", store="accounts") == len(pipeline.accounts)
    assert value(telemetry, "lockstep_store_items", store="pairs") == len(pipeline.pairs.rows)
    assert value(telemetry, "lockstep_store_limit_items", store="pairs") == CONFIG.evidence.max_pairs
    assert value(telemetry, "lockstep_detection_watermark_timestamp_seconds") == agent.detection.event_time
    for stage in ("traces", "co_sharing", "pairs", "network", "reestimate", "order"):
        assert (value(telemetry, "lockstep_detection_stage_duration_seconds_count", stage=stage) or 0) > 0
    assert value(telemetry, "lockstep_detection_frame_duration_seconds_count") == 2


def test_every_store_that_can_evict_says_how_full_it_is(
    telemetry: Telemetry, messages: list[Message]
) -> None:
    Agent(telemetry, Detection(CONFIG, "live", "w")).take(messages, 0, ended=True)

    def stores(name: str) -> set[str]:
        return {s.labels["store"] for f in telemetry.registry.collect() for s in f.samples if s.name == name}

    limited = stores("lockstep_store_limit_items")
    assert limited == stores("lockstep_store_evictions_total")
    assert limited == stores("lockstep_store_items") - {"accounts"}


@pytest.mark.slow
def test_given_a_state_that_was_taken_over_then_only_what_came_on_top_is_counted(
    telemetry: Telemetry, messages: list[Message]
) -> None:
    half = len(messages) // 2
    first = Agent(telemetry, Detection(CONFIG, "live", "w"))
    first.take(messages[:half], 0)
    chunks = list(encode(captured(first.detection)))
    made = total(telemetry, "lockstep_detection_co_shares_total")

    taken = Telemetry(PREFIX, CONFIG)
    second = Agent(taken, restored(chunks, CONFIG, "live", "w"))
    assert total(taken, "lockstep_detection_co_shares_total") == 0
    assert total(taken, "lockstep_store_items") > 0
    second.take(messages[half:], half, ended=True)
    assert second.detection.pipeline is not None
    assert (
        made + total(taken, "lockstep_detection_co_shares_total")
        == second.detection.pipeline.synchrony.made.sum()
    )


def test_given_detection_that_moved_away_then_its_gauges_are_gone(
    telemetry: Telemetry, messages: list[Message]
) -> None:
    agent = Agent(telemetry, Detection(CONFIG, "live", "w"))
    telemetry.show_snapshot(manifest(3, [b"abc"], "s", "0", "2026-01-02T03:04:05+00:00"), 0.5)
    agent.take(messages, 0, ended=True)
    telemetry.set_detection_here(False)
    gauges = {
        declared.name
        for declared in telemetry.metrics.declared
        if declared.kind == "gauge"
        and declared.name.startswith(
            ("lockstep_detection", "lockstep_store", "lockstep_network", "lockstep_gate", "lockstep_null",
             "lockstep_snapshot", "lockstep_suppression", "lockstep_registry_entities", "lockstep_rebuild")
        )
    } - {"lockstep_detection_owner", "lockstep_detection_lag_frames"}  # fmt: skip
    assert len(gauges) >= 17
    for name in gauges:
        assert not total_series(telemetry, name), name
    assert value(telemetry, "lockstep_detection_owner") == 0
    # a frame that was under way says nothing either
    agent.take(messages[:1], len(messages))
    assert not total_series(telemetry, "lockstep_detection_edges")


def test_given_a_snapshot_then_its_size_and_time_are_shown(telemetry: Telemetry) -> None:
    telemetry.show_snapshot(manifest(3, [b"abc", b"de"], "s", "0", "2026-01-02T03:04:05+00:00"), 0.5)
    assert value(telemetry, "lockstep_snapshot_bytes") == 5
    assert value(telemetry, "lockstep_snapshot_timestamp_seconds") == 1_767_323_045
    assert value(telemetry, "lockstep_snapshot_duration_seconds_sum") == 0.5


def test_given_dead_letters_then_they_are_counted_by_topic_and_reason(telemetry: Telemetry) -> None:
    batch = Batch("posts.v1")
    batch.add(0, 0, [Message(0, 0, b"k", b"{"), Message(1, 0, b"k", b"[]"), Message(2, 0, b"k", b"\xff")])
    _, letters = decode_batch(batch, 300)
    telemetry.count_decoded(
        batch, [*letters, DeadLetter(source="follows.v1/3", position=1, reason=Reason.LATE)]
    )

    def letters_of(topic: str, reason: str) -> float | None:
        return value(telemetry, "lockstep_dead_letters_total", topic=topic, reason=reason)

    assert letters_of("posts.v1", "malformed") == 2
    assert letters_of("posts.v1", "not_utf8") == 1
    assert letters_of("follows.v1", "late") == 1
    assert letters_of("accounts.v1", "late") == 0


def test_crowds_are_named_by_their_sizes() -> None:
    assert crowd_labels((5, 15, 50, 200)) == ["2-5", "6-15", "16-50", "51-200", "over 200"]
    assert crowd_labels((2, 3)) == ["2", "3", "over 3"]


def total_series(telemetry: Telemetry, name: str) -> int:
    return sum(len(f.samples) for f in telemetry.registry.collect() if f.name == name)
