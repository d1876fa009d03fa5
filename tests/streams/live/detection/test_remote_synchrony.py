"""Co-sharing in shards of its own changes no alert, whichever side is lost when, and says when it cannot go on."""

import json
import random

import pytest

from detectors.exchange.synchrony_shard import LineageLost
from streams.live.detection.detection_state import captured, restored
from streams.settings.settings import Settings
from streams.state.state_codec import encode
from tests.distribution.memory_shards import MemoryShards
from tests.long_runs import LONG
from tests.streams.live.detection.log_runs import applied, cuts_of
from tests.streams.live.detection.log_worlds import comparable, press, small, topics_of
from tests.streams.live.partitions import ingested

CONFIG = Settings().detection


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20) if LONG else [0, 3])
def test_given_shards_and_detection_that_are_lost_at_any_time_then_the_alerts_are_those_of_a_replay(
    seed: int,
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    shards = MemoryShards(CONFIG, rng.choice([1, 2, 4, 8, 16]), seed, failures=0.1 if seed else 0.0)
    topics = topics_of(small(), rng.choice([1, 2, 5]), seed)
    log = list(ingested(topics, seed, rng.choice([20, 70, 400]), again=rng.choice([0.0, 0.3])))

    run = applied(log, cuts_of(log, seed) if seed else (), remote=shards)

    assert len(small().replayed) > 1
    assert run.alert_texts == small().replayed
    assert (run.letters, run.real_faults, run.posts) == ([], [], len(small().posts))
    assert (shards.takeovers > 0) == (seed > 0)


@pytest.mark.slow
def test_given_a_registry_and_follows_then_shards_change_no_alert() -> None:
    log = list(ingested(topics_of(press(), 5, 5), 5, 900))

    run = applied(log, remote=MemoryShards(CONFIG, 4))

    assert any(json.loads(text)["covertness"] for text in press().replayed.values())
    assert run.alert_texts == press().replayed


@pytest.mark.slow
def test_given_detection_that_goes_back_then_it_gets_the_same_answers() -> None:
    log = list(ingested(topics_of(small(), 2, 1), 1, 70))
    shards = MemoryShards(CONFIG, 4)
    third = len(log) // 3
    begun = applied(log[:third], remote=shards)
    saved = list(encode(captured(begun.detection)))
    rest = [alert for frame in log[third:] for alert in begun.detection.apply(frame).alerts]
    answers = len(shards.answers)

    again = restored(saved, CONFIG, "live", "another", remote=shards)
    repeated = [alert for frame in log[third:] for alert in again.apply(frame).alerts]

    assert len(repeated) > 1
    assert comparable(repeated) == comparable(rest)
    assert comparable(begun.alerts + repeated) == small().replayed
    assert len(shards.answers) == answers, "the shards have answered before"


@pytest.mark.slow
def test_given_a_shard_that_has_lost_everything_then_detection_begins_anew_and_finds_the_same() -> None:
    log = list(ingested(topics_of(small(), 2, 1), 1, 70))
    shards = MemoryShards(CONFIG, 4)
    half = len(log) // 2
    before = applied(log[:half], remote=shards)
    shards.forget(2)

    with pytest.raises(LineageLost, match="shard 2"):
        for frame in log[half:]:
            before.detection.apply(frame)

    assert applied(log, remote=shards).alert_texts == small().replayed


@pytest.mark.slow
def test_given_another_count_of_shards_then_a_saved_state_is_not_gone_on_from() -> None:
    log = list(ingested(topics_of(small(), 2, 1), 1, 70))
    half = len(log) // 2
    saved = list(encode(captured(applied(log[:half], remote=MemoryShards(CONFIG, 4)).detection)))
    detection = restored(saved, CONFIG, "live", "another", remote=MemoryShards(CONFIG, 8))

    with pytest.raises(LineageLost, match="there were 4 shards and are 8 now"):
        for frame in log[half:]:
            detection.apply(frame)
