"""Alerts of detection are those of a replay, whatever the arrangement, and wherever another worker takes over."""

import json
import random
from typing import Any

import pytest

from detectors.evidence import pairs
from detectors.synchrony import synchrony_stage
from streams.live.exchange.frames import Frame
from tests.long_runs import LONG
from tests.streams.live.detection.log_runs import applied, cuts_of
from tests.streams.live.detection.log_worlds import World, deleting, press, small, topics_of
from tests.streams.live.partitions import Message, decoded, ingested


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8) if LONG else [2, 4, 7])
def test_given_a_small_world_in_any_arrangement_then_the_alerts_are_those_of_a_replay(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synchrony_stage, "WORTH_SHARING", 1)
    monkeypatch.setattr(pairs, "WORTH_SHARING", 1)
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    topics = topics_of(small(), rng.choice([1, 2, 5, 12]), seed)
    log = list(ingested(topics, seed, rng.choice([20, 70, 400, 5_000]), again=rng.choice([0.0, 0.3])))

    run = applied(log, cuts_of(log, seed) if seed % 2 else (), shards=4 if seed > 3 else 1)

    assert len(small().replayed) > 1
    assert run.alert_texts == small().replayed
    assert (run.letters, run.real_faults, run.posts) == ([], [], len(small().posts))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("partitions", "rows", "again", "cuts"), [(1, 100_000, 0.0, 0), (5, 900, 0.2, 3 if LONG else 1)]
)
def test_given_posts_with_registry_follows_and_profiles_then_the_alerts_are_those_of_a_replay(
    partitions: int, rows: int, again: float, cuts: int
) -> None:
    log = list(ingested(topics_of(press(), partitions, partitions), partitions, rows, again=again))

    run = applied(log, cuts_of(log, partitions, cuts))

    assert any(json.loads(text)["covertness"] for text in press().replayed.values())
    assert run.alert_texts == press().replayed
    assert (run.letters, run.real_faults, run.posts) == ([], [], len(press().posts))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6) if LONG else [3])
def test_given_posts_that_are_deleted_in_any_arrangement_then_the_alerts_are_those_of_a_replay(
    seed: int,
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    topics = topics_of(deleting(), rng.choice([1, 5, 12]), seed)
    log = list(ingested(topics, seed, rng.choice([20, 70, 400]), again=0.3))

    run = applied(log, cuts_of(log, seed))

    assert any(json.loads(text)["lifecycle"] == "resolved" for text in deleting().replayed.values())
    assert run.alert_texts == deleting().replayed
    assert ({letter.reason for letter in run.letters}, run.real_faults) == ({"deleted"}, [])


def change(kind: str, offset: int, world: World) -> Frame:
    """A record that makes a difference to what the world's alerts say."""
    alerts = [json.loads(text) for text in world.replayed.values()]
    members = sorted({member["account_id"] for alert in alerts for member in alert["members"]})
    value: dict[str, Any]
    if kind == "registry":
        accounts = [
            {"platform": account.partition(":")[0], "account_id": account.partition(":")[2]}
            for account in members
        ]
        value = {"entity_id": "new", "name": "New", "kind": "state_media", "accounts": accounts}
        topic, key = "registry.v1", b"new"
    elif kind == "rules":
        value = {"rule_id": "new", "kind": "mute", "account_ids": members, "reason": "known"}
        topic, key = "suppressions.v1", b"new"
    elif kind == "reviews":
        about = {
            "alert_id": alerts[0]["alert_id"],
            "alert_revision": 1,
            "network_id": alerts[0]["network_id"],
        }
        said = {"actor": "r", "role": "lead", "at": "2030-01-01T00:00:00Z", "reason": "known"}
        value = {"event_id": "new", "kind": "mute", "account_ids": members, **about, **said}
        topic, key = "reviews.v1", b"new"
    else:
        platform, _, account = members[0].partition(":")
        seen = "2030-01-01T00:00:00Z"
        value = {
            "platform": platform,
            "account_id": account,
            "followers_count": 9_999_999,
            "observed_at": seen,
        }
        topic, key = "accounts.v1", b"new"
    frame, letters = decoded(topic, (99, offset, [Message(offset, 2**41, key, json.dumps(value).encode())]))
    assert not letters
    return frame


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["registry", "rules", "reviews", "profiles"])
def test_given_reference_data_that_change_midway_then_the_alerts_are_the_same_however_it_is_cut(
    kind: str,
) -> None:
    world = press() if kind == "profiles" else small()
    log = list(ingested(topics_of(world, 3, 1), 1, 150 if kind != "profiles" else 1_500))
    middle = len(log) // 2
    changed = [*log[:middle], change(kind, 0, world), *log[middle:]]

    whole = applied(changed)

    assert whole.alert_texts != world.replayed  # it made a difference
    assert whole.real_faults == []
    # before the change, after it, and after the frame that follows
    all_cuts = (
        ([middle], [middle - 1, middle + 1, middle + 2]) if LONG else ([middle, middle + 1, middle + 2],)
    )
    for cuts in all_cuts:
        assert applied(changed, cuts).alert_texts == whole.alert_texts


@pytest.mark.slow
def test_given_an_entity_that_contradicts_another_then_detection_goes_on_without_it() -> None:
    log = list(ingested(topics_of(small(), 2, 1), 1, 200))
    first: dict[str, Any] = {"entity_id": "a", "name": "A", "kind": "company", "domains": ["a.example"]}
    other: dict[str, Any] = {"entity_id": "b", "name": "B", "kind": "company", "domains": ["a.example"]}
    records = [
        Message(offset, 2**41, one["entity_id"].encode(), json.dumps(one).encode())
        for offset, one in enumerate((first, other))
    ]
    whole, _ = decoded("registry.v1", (0, 0, records[:1]))
    torn, _ = decoded("registry.v1", (0, 1, records[1:]))

    run = applied([log[0], whole, torn, *log[1:]], cuts=[2, 3, 5])

    (fault,) = run.faults
    assert fault == "b is set aside: a and b both have the domain a.example"
    assert [entity.entity_id for entity in run.detection.references.registry.entities] == ["a"]
    assert len(run.alert_texts) == len(small().replayed)
