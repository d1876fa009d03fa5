"""Signals: what is written, when it is written again, and that they change nothing else."""

import itertools
from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from detectors.signals import SignalRecord, engagement_signals
from detectors.signals.written import NEVER, WrittenFigures
from detectors.state.capture import capture, reference_data_of, restore
from schemas.alerts import Alert
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony
from tests.detectors.press_world import (
    EARLY,
    ENVOYS,
    ORDINARY,
    Edge,
    batches,
    context,
    follows,
    follows_of_trio,
    jsons,
    ordinary_follows,
    posts,
)

EDGES = [*ordinary_follows(), *follows_of_trio(0)]


def run(
    *,
    with_signals: bool = True,
    rows: int = 2_000,
    moved_after: int | None = None,
    edges: Iterable[Edge] = EDGES,
) -> tuple[list[Alert], list[SignalRecord]]:
    """Alerts and signals of the press world; the state moves to another pipeline after so many batches."""
    pipeline = Pipeline(DetectionConfig(), reference_data=context(), with_signals=with_signals)
    pipeline.add_follow_events(follows(edges))
    alerts: list[Alert] = []
    signals: list[SignalRecord] = []
    for number, (batch, until) in enumerate(batches(posts(), rows)):
        if number == moved_after:
            state = capture(pipeline)
            pipeline = Pipeline(DetectionConfig(), reference_data=reference_data_of(state), with_signals=True)
            restore(pipeline, state)
        alerts += pipeline.process(batch, until)
        signals += pipeline.take_signals()
    alerts += pipeline.end()
    return alerts, signals + pipeline.take_signals()


@pytest.fixture(scope="module")
def press() -> tuple[list[Alert], list[SignalRecord]]:
    return run()


def of_kind(signals: Iterable[SignalRecord], kind: type) -> list[SignalRecord]:
    return [signal for signal in signals if isinstance(signal, kind)]


@pytest.mark.slow
def test_given_signals_then_alerts_are_as_without_them(press: tuple[list[Alert], list[SignalRecord]]) -> None:
    alerts, none = run(with_signals=False)

    assert none == []
    assert jsons(alerts) == jsons(press[0])
    assert len(press[1]) > 0


@pytest.mark.parametrize("rows", [311, 5_000])
@pytest.mark.slow
def test_given_other_batches_then_the_signals_are_the_same(
    press: tuple[list[Alert], list[SignalRecord]], rows: int
) -> None:
    assert msgspec.json.encode(run(rows=rows)[1]) == msgspec.json.encode(press[1])


def test_given_a_saved_state_then_nothing_is_written_twice_and_nothing_is_lost(
    press: tuple[list[Alert], list[SignalRecord]],
) -> None:
    assert msgspec.json.encode(run(rows=500, moved_after=7)[1]) == msgspec.json.encode(press[1])


def test_given_members_of_a_network_then_their_pairs_are_written_as_validated(
    press: tuple[list[Alert], list[SignalRecord]],
) -> None:
    alerts, signals = press
    latest = {(pair.account_a, pair.account_b): pair for pair in of_kind(signals, PairSynchrony)}
    members = {member.account_id for member in alerts[-1].members}
    inside = [pair for pair in latest.values() if {pair.account_a, pair.account_b} <= members]

    assert inside
    assert all(pair.validated and pair.network_id == alerts[-1].network_id for pair in inside)
    assert all(pair.p_value <= 1e-4 for pair in latest.values())
    assert all(pair.kinds and pair.account_a < pair.account_b for pair in latest.values())


def test_given_accounts_of_which_little_is_known_then_they_are_not_written(
    press: tuple[list[Alert], list[SignalRecord]],
) -> None:
    assert min(account.posts for account in of_kind(press[1], AccountEngagement)) == 3


def test_given_a_pair_that_is_written_again_then_it_is_validated_or_its_objects_have_grown(
    press: tuple[list[Alert], list[SignalRecord]],
) -> None:
    by_pair = defaultdict(list)
    for pair in of_kind(press[1], PairSynchrony):
        by_pair[pair.account_a, pair.account_b].append(pair)
    again = [(a, b) for pairs in by_pair.values() for a, b in itertools.pairwise(pairs)]

    assert again
    assert all(b.objects >= 1.5 * a.objects or (b.validated and not a.validated) for a, b in again)


def test_given_accounts_that_the_registry_follows_then_they_are_written_with_the_entities(
    press: tuple[list[Alert], list[SignalRecord]],
) -> None:
    followed = of_kind(press[1], AccountFollowers)
    known = {entity.entity_id for entity in context().registry.entities}

    assert followed
    for one in followed:
        assert one.registry_followers >= 2
        assert one.expected < one.registry_followers <= one.followers
        assert set(one.entities) <= known
        assert 1 <= len(one.entities) <= one.registry_followers


def test_given_few_followers_then_one_of_the_registry_says_nothing_and_two_do() -> None:
    once, twice = ORDINARY[:2]
    edges = [edge for edge in EDGES if edge[1] not in (once, twice) and edge[0] not in ENVOYS]
    edges += [(ENVOYS[0], once, EARLY), (ENVOYS[0], twice, EARLY), (ENVOYS[1], twice, EARLY)]

    written = {one.account_id: one for one in of_kind(run(edges=edges)[1], AccountFollowers)}

    assert list(written) == [f"x:{twice}"]
    assert written[f"x:{twice}"].registry_followers == 2


def test_given_an_account_then_its_engagement_is_that_of_its_posts(
    press: tuple[list[Alert], list[SignalRecord]],
) -> None:
    written = of_kind(press[1], AccountEngagement)
    frame = posts()
    last = written[-1]
    before = frame.filter(
        frame["account_id"] == last.account_id.split(":")[1],
        frame["created_at"] < last.at.timestamp(),
        frame["created_at"] >= last.at.timestamp() - last.window_s,
    )

    assert last.posts == len(before)
    assert all(one.known_posts <= one.posts for one in written)
    assert all(one.posts >= engagement_signals.LEAST_POSTS for one in written)


def test_given_more_accounts_than_an_hour_takes_then_the_others_come_later(
    press: tuple[list[Alert], list[SignalRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engagement_signals, "MOST_ACCOUNTS", 3)
    few = of_kind(run()[1], AccountEngagement)
    by_hour = defaultdict(int)
    for one in few:
        by_hour[one.at] += 1

    assert max(by_hour.values()) == 3
    assert len(few) < len(of_kind(press[1], AccountEngagement))


def test_written_figures() -> None:
    written = WrittenFigures()
    keys = np.array([7, 3, 9], np.uint64)
    assert written.of(keys).tolist() == [NEVER] * 3
    written.write(keys, np.array([70, 30, 90]))
    written.write(np.array([3, 5], np.uint64), np.array([31, 50]))
    assert written.of(np.array([3, 5, 7, 8, 9], np.uint64)).tolist() == [31, 50, 70, NEVER, 90]
    written.keep(np.array([5, 9, 11], np.uint64))
    assert len(written) == 2
    assert written.of(np.array([3, 5, 9], np.uint64)).tolist() == [NEVER, 50, 90]
