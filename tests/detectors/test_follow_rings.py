"""Follows in lockstep through the whole pipeline: networks, their alerts, and that batches and cuts change nothing."""

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl
import pytest

from detectors.arrays.hashing import hash_strings
from detectors.config import DetectionConfig, FollowerConfig
from detectors.followers.follow_edges import FOLLOW, SNAPSHOT, FollowEvents
from detectors.pipeline import Pipeline
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import Registry
from detectors.state.capture import capture, restore
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.alerts import Alert
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import batches, jsons, posts

SELLERS = tuple(f"seller{number}" for number in range(9))
CUSTOMERS = ("shop0", "shop1", "shop2")
Act = tuple[int, str, str]
"""Time (seconds), follower and followee."""


def ring(day: float = 1.5, apart_s: int = 300, sellers: Sequence[str] = SELLERS) -> list[Act]:
    """Nine sellers follow three customers, one seller after the other."""
    begin = START + int(day * DAY)
    return [
        (begin + apart_s * number + 4 * place, seller, customer)
        for number, seller in enumerate(sellers)
        for place, customer in enumerate(CUSTOMERS)
    ]


def ordinary(count: int = 1_500) -> list[Act]:
    random = np.random.default_rng(11)
    return [
        (START + int(at), f"p{who}", f"q{followee}")
        for at, who, followee in zip(
            random.integers(0, 5 * DAY, count),
            random.integers(0, 600, count),
            random.zipf(1.7, count) % 300,
            strict=True,
        )
    ]


def given(acts: Sequence[Act], action: int = FOLLOW) -> FollowEvents:
    ordered = sorted(acts)
    sides = [pl.Series([f"x:{act[side]}" for act in ordered], dtype=pl.String) for side in (1, 2)]
    keys = [hash_strings(side, ACCOUNT_KEYS) for side in sides]
    names = pl.DataFrame({"key": np.concatenate(keys), "name": pl.concat(sides)}).unique("key").sort("key")
    return FollowEvents(
        keys[0],
        keys[1],
        np.full(len(ordered), action, np.uint8),
        np.array([act[0] for act in ordered], np.int64),
        names,
    )


def alerts_of(
    events: FollowEvents,
    frame: pl.DataFrame | None = None,
    batch_rows: int | None = None,
    known: ReferenceData | None = None,
    config: DetectionConfig | None = None,
) -> list[Alert]:
    pipeline = Pipeline(config or DetectionConfig(), reference_data=known)
    pipeline.add_follow_events(events)
    found: list[Alert] = []
    if frame is not None:
        for batch, until in batches(frame, batch_rows or len(frame)):
            found += pipeline.process(batch, until)
    return [*found, *pipeline.end()]


def members(alert: Alert) -> set[str]:
    return {member.account_id.removeprefix("x:") for member in alert.members}


def test_given_follows_alone_then_the_ring_is_a_network_that_says_so() -> None:
    (alert,) = alerts_of(given([*ordinary(), *ring()]))

    assert members(alert) == set(SELLERS)
    assert alert.severity == "info"
    assert "followed the same 3 accounts within 36 hours" in alert.headline
    assert "9 of these 9 accounts began to follow two or more of the same 3 accounts" in alert.explanation
    assert "9 follow both. Chance would give" in alert.explanation
    assert "rests on follows alone" in alert.explanation
    assert "1970" not in alert.explanation
    assert "only_follows" in {each.kind for each in alert.counter_evidence}
    signal = next(signal for signal in alert.signals if signal.detector == "co_share.follow")
    assert signal.observed == 9 and signal.expected < 1
    objects = {sample.object: sample for sample in alert.evidence if sample.kind == "follow"}
    assert set(objects) == {f"x:{name}" for name in CUSTOMERS}
    assert objects["x:shop0"].account_ids == [f"x:{name}" for name in SELLERS]
    assert alert.event_time_start.timestamp() == START + 1.5 * DAY
    assert {tie.kind for tie in alert.ties} == {"same_follows"}


@pytest.mark.parametrize(
    "acts",
    [
        [(START + DAY, who, followee) for _, who, followee in ring()],
        [(at // DAY * DAY, who, followee) for at, who, followee in [*ordinary(), *ring()]],
        ordinary(),
    ],
    ids=["one time for all", "days only", "ordinary follows"],
)
def test_given_follows_that_say_nothing_about_time_then_there_is_no_network(acts: list[Act]) -> None:
    assert alerts_of(given([*ordinary(), *acts])) == []


def test_given_snapshots_of_a_ring_then_there_is_no_network() -> None:
    assert alerts_of(given([*ordinary(), *ring()], SNAPSHOT)) == []


def test_given_a_ring_that_follows_again_and_again_then_it_is_one_network_of_the_same_accounts() -> None:
    again = [act for day in (1.5, 2.5, 3.5) for act in ring(day)]

    alerts = alerts_of(given([*ordinary(), *again]))

    assert len({alert.network_id for alert in alerts}) == 1
    assert members(alerts[-1]) == set(SELLERS)


def test_given_no_spans_then_follows_are_no_evidence() -> None:
    config = DetectionConfig(followers=FollowerConfig(windows_s=()))

    assert alerts_of(given(ring()), config=config) == []


def test_given_accounts_of_the_registry_then_they_are_in_no_ring() -> None:
    staff = RegistryEntity(
        entity_id="embassy",
        name="The embassy",
        kind=EntityKind.DIPLOMAT,
        accounts=[RegistryAccount(platform="x", account_id=name) for name in SELLERS],
    )

    assert alerts_of(given([*ordinary(), *ring()]), known=ReferenceData(Registry.of([staff]))) == []


@pytest.mark.parametrize("batch_rows", [97, 1_000])
@pytest.mark.slow
def test_given_posts_and_follows_then_batches_change_nothing(batch_rows: int) -> None:
    events, frame = given([*ordinary(), *ring()]), posts()

    whole = alerts_of(events, frame)

    assert set(SELLERS) in [members(alert) for alert in whole]
    assert jsons(alerts_of(events, frame, batch_rows)) == jsons(whole)


@pytest.mark.slow
def test_given_a_run_that_is_cut_then_it_goes_on_as_if_it_were_not() -> None:
    events, frame = (
        given([*ordinary(), *ring(), *ring(3.5, sellers=("new0", "new1", "new2", "new3"))]),
        posts(),
    )
    parts = list(batches(frame, 400))
    whole = Pipeline(DetectionConfig())
    whole.add_follow_events(events)
    for part in parts[: len(parts) // 2]:
        list(whole.process(*part))
    other = Pipeline(DetectionConfig())
    restore(other, capture(whole))

    rest = [
        [alert for part in parts[len(parts) // 2 :] for alert in pipeline.process(*part)]
        + list(pipeline.end())
        for pipeline in (whole, other)
    ]

    assert jsons(rest[0]) == jsons(rest[1])
    assert msgspec.json.encode(rest[0]) != b"[]"
