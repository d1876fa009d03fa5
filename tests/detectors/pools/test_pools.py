"""A pool that meets in ever other parts is found as one network; bursts, activity or interest alone are not."""

import functools
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from detectors.config import DetectionConfig, PoolConfig
from detectors.pipeline import Pipeline
from detectors.state.capture import capture, reference_data_of, restore
from schemas.alerts import Alert
from schemas.networks import MemberRole
from tests.detectors.pools.pool_worlds import PEOPLE, POOL, moved, people, pool, with_accounts_swapped
from tests.detectors.post_worlds import DAY, URL, Post, frame_of
from tests.long_runs import LONG

CONFIG = DetectionConfig()


def alerts_of(
    posts: list[Post], config: DetectionConfig = CONFIG, rows: int = 1 << 20, cut: int | None = None
) -> tuple[list[Alert], Pipeline]:
    """Alerts of a run in batches; with `cut`, the state is moved to another pipeline after so many batches."""
    pipeline = Pipeline(config)
    alerts: list[Alert] = []
    for number, batch in enumerate(frame_of(posts).iter_slices(rows)):
        alerts += pipeline.process(batch, int(batch["created_at"][-1]) + 1)
        if number == cut:
            state = capture(pipeline)
            pipeline = Pipeline(config, reference_data=reference_data_of(state))
            restore(pipeline, state)
    return alerts + list(pipeline.end()), pipeline


@functools.cache
def pool_among_people(seed: int) -> tuple[list[Alert], Pipeline]:
    draw = np.random.default_rng(seed)
    return alerts_of(people(draw) + pool(draw))


def numbers(alert: Alert, *roles: MemberRole) -> set[int]:
    """Account numbers of the world."""
    return {int(member.account_id.rsplit("a", 1)[1]) for member in alert.members if member.role in roles}


def in_pools(pipeline: Pipeline) -> set[int]:
    names = pipeline.accounts.names
    return {int(names[number].rsplit("a", 1)[1]) for number in pipeline.pools.members["account"].tolist()}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.slow
def test_given_a_pool_of_which_no_two_meet_often_then_nearly_all_of_it_is_one_network_and_no_one_else(
    seed: int,
) -> None:
    alerts, pipeline = pool_among_people(seed)

    last = alerts[-1]
    assert {alert.network_id for alert in alerts} == {last.network_id}
    assert numbers(last, *MemberRole) <= set(POOL)
    assert len(numbers(last, *MemberRole)) >= 0.9 * len(POOL)
    assert len(numbers(last, MemberRole.CORE)) >= 0.75 * len(POOL)
    assert in_pools(pipeline) <= set(POOL)


def test_given_a_pool_then_the_alert_says_what_its_accounts_do_in_numbers_that_can_be_counted() -> None:
    last = pool_among_people(0)[0][-1]

    by_detector = {signal.detector: signal for signal in last.signals}
    synchrony, recurrence = by_detector["pool.synchrony"], by_detector["pool.recurrence"]
    assert synchrony.observed > 0.9 * synchrony.n
    assert synchrony.expected < 0.5 * synchrony.n
    assert recurrence.observed > 3 * recurrence.expected
    assert 0 < (synchrony.p_value or 0) < 0.01
    assert "share the same things within a minute of one another" in last.headline
    assert (
        f"{synchrony.observed:,.0f} times another of these accounts shared it within a minute"
        in last.explanation
    )
    assert {tie.kind for tie in last.ties} >= {"pool"}
    assert "prompt_followers" in {each.kind for each in last.counter_evidence}


@pytest.mark.parametrize("change", [with_accounts_swapped, moved])
@pytest.mark.parametrize("seed", range(3 if LONG else 1))
@pytest.mark.slow
def test_given_swapped_accounts_or_moved_times_then_nobody_is_in_a_pool(
    change: Callable[[np.random.Generator, list[Post]], list[Post]], seed: int
) -> None:
    draw = np.random.default_rng(seed)

    _, pipeline = alerts_of(change(draw, people(draw) + pool(draw)))

    assert in_pools(pipeline) == set()


@pytest.mark.parametrize("seed", range(3 if LONG else 1))
def test_given_people_alone_then_nobody_is_in_a_pool(seed: int) -> None:
    draw = np.random.default_rng(100 + seed)

    _, pipeline = alerts_of(people(draw))

    assert in_pools(pipeline) == set()


@pytest.mark.slow
def test_given_bystanders_of_many_bursts_then_they_are_in_no_pool() -> None:
    """Ten people are in six bursts each: abnormal bursts, but a small part of what these people post."""
    draw = np.random.default_rng(7)
    posts = people(draw) + pool(draw)
    bursts = {
        thing: time
        for time, account, ((_, thing),) in posts
        if account in POOL and thing < (1 << 24) + (1 << 22)
    }
    for number, thing in enumerate(draw.choice(sorted(bursts), 60, replace=False).tolist()):
        posts.append(Post(bursts[thing] + 10, number % 10, ((URL, thing),)))

    _, pipeline = alerts_of(posts)

    assert in_pools(pipeline) <= set(POOL)
    assert len(in_pools(pipeline)) >= 0.9 * len(POOL)


@pytest.mark.slow
def test_given_two_pools_that_met_once_then_they_are_two_networks() -> None:
    draw = np.random.default_rng(3)
    other = tuple(range(PEOPLE + 60, PEOPLE + 110))
    posts = people(draw) + pool(draw) + pool(draw, other, bursts=220, first=1 << 28)
    chance = next(post for post in posts if post.account == other[0])
    posts.append(chance._replace(account=POOL[0]))

    _, pipeline = alerts_of(posts)

    members = pipeline.pools.members
    assert len(np.unique(members["pool"])) == 2
    for number in (0, 1):
        names = [
            pipeline.accounts.names[each] for each in members["account"][members["pool"] == number].tolist()
        ]
        inside = {int(name.rsplit("a", 1)[1]) for name in names}
        assert inside <= set(POOL) or inside <= set(other)


@pytest.mark.slow
def test_given_other_batches_or_a_cut_then_the_alerts_are_the_same() -> None:
    draw = np.random.default_rng(0)
    posts = people(draw) + pool(draw)
    whole = [msgspec.json.encode(alert) for alert in pool_among_people(0)[0]]

    parted, _ = alerts_of(posts, rows=900, cut=9)

    assert [msgspec.json.encode(alert) for alert in parted] == whole


@pytest.mark.slow
def test_given_too_little_room_then_what_left_early_is_counted_and_the_stores_keep_to_their_limits() -> None:
    draw = np.random.default_rng(0)
    small = msgspec.structs.replace(CONFIG, pools=PoolConfig(max_shares=1_500, max_records=2_000))

    _, pipeline = alerts_of(people(draw) + pool(draw), small)

    assert pipeline.stored["pool_shares"] <= 1_500
    assert pipeline.stored["pool_records"] <= 2_000
    assert pipeline.evicted_early["pool_shares"] > 0
    assert pipeline.evicted_early["pool_records"] > 0


@pytest.mark.slow
def test_given_weeks_without_posts_then_a_pool_is_forgotten_with_its_evidence() -> None:
    draw = np.random.default_rng(0)
    posts = people(draw) + pool(draw)
    late = max(posts).time + (CONFIG.evidence.keep_days + 15) * DAY

    _, pipeline = alerts_of([*posts, Post(late, 0, ((URL, 1 << 30),))])

    assert in_pools(pipeline) == set()
    assert pipeline.stored["pool_records"] <= 1
