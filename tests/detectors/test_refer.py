"""Registry, profiles and rules that change while a pipeline runs: what is kept, dropped, and known at once."""

import functools
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.arrays.hashing import hash_strings
from detectors.attribution.facts import Fact
from detectors.config import DetectionConfig
from detectors.followers import followers
from detectors.followers.follow_edges import FOLLOW, SNAPSHOT, UNFOLLOW
from detectors.followers.followers import FollowerStore
from detectors.pipeline import Pipeline
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.state.capture import capture, reference_data_of, restore
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.alerts import Alert
from schemas.registry import EntityKind
from schemas.reviews import RuleKind
from tests.detectors.press_world import (
    ALL_FOLLOWS,
    ENVOYS,
    KNOWN,
    MEMBERS,
    context,
    entity,
    follows,
    posts,
    rule,
    terms,
)
from tests.detectors.state.state_graphs import batches, differences

Events = list[tuple[int, int, int, int]]
"""Follower, followee, action and time."""

ACCOUNTS = [1, 2, 3, 4, 5, 6, 2**63 + 1, 2**64 - 1]
registries = st.sets(st.sampled_from(ACCOUNTS)).map(sorted)
events = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
        st.sampled_from([SNAPSHOT, FOLLOW, UNFOLLOW]),
        st.integers(0, 3),
    ),
    max_size=60,
)


def apply(book: FollowerStore, rows: Events) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    follower, followee = (np.array(column, np.uint64) for column in columns[:2])
    book.apply(follower, followee, np.array(columns[2], np.uint8), np.array(columns[3], np.int64))


def contents_of(book: FollowerStore) -> tuple[object, ...]:
    """Everything that can be read from a store of followers."""
    keys = np.array([*ACCOUNTS, 77], np.uint64)
    start, numbers = book.registry_follows(keys)
    return (
        len(book),
        book.remembered,
        book.registry_keys.tolist(),
        book.out_degrees.tolist(),
        [column.tolist() for column in book.followees()],
        [column.tolist() for column in book.followers_of(keys)],
        (start.tolist(), numbers.tolist()),
    )


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(registries, events), min_size=1, max_size=4), last=registries)
def test_given_other_registries_in_turn_then_the_book_is_as_if_the_last_had_been_there_from_the_start(
    monkeypatch: pytest.MonkeyPatch, parts: list[tuple[list[int], Events]], last: list[int]
) -> None:
    monkeypatch.setattr(followers, "_FIRST_SIZE", 4)
    book, fresh = (FollowerStore(np.array(keys, np.uint64)) for keys in (parts[0][0], last))
    for keys, rows in parts:
        book.set_registry_keys(np.array(keys, np.uint64))
        apply(book, rows)
        apply(fresh, rows)

    book.set_registry_keys(np.array(last, np.uint64))

    assert contents_of(book) == contents_of(fresh)


@pytest.mark.slow
def test_given_more_edges_than_there_is_room_for_when_accounts_leave_the_registry_then_the_table_still_grows() -> (
    None
):
    """Edges from the registry always find room, and are there when it is no longer from the registry that they come."""
    keys = np.arange(1, 30_001, dtype=np.uint64)
    book = FollowerStore(keys[:2], max_edges=10)
    every = np.full(len(keys), FOLLOW, np.uint8), np.zeros(len(keys), np.int64)
    book.apply(np.full(len(keys), 1, np.uint64), keys, *every)
    book.set_registry_keys(keys[1:2])
    book.apply(np.full(len(keys), 2, np.uint64), keys, *every)

    assert book.out_degrees.tolist() == [len(keys)]
    assert book.remembered == len(book) == 2 * len(keys)


@pytest.mark.parametrize("wrong", [[2, 1], [0, 1], [1, 1]])
def test_given_keys_that_are_not_ascending_then_nothing_is_changed(wrong: Sequence[int]) -> None:
    book = FollowerStore(np.array([3], np.uint64))

    with pytest.raises(ValueError, match="ascending"):
        book.set_registry_keys(np.array(wrong, np.uint64))

    assert book.registry_keys.tolist() == [3]


@functools.cache
def parts() -> list[tuple[pl.DataFrame, int]]:
    return batches(posts(), 120)


def begun(known: ReferenceData) -> Pipeline:
    pipeline = Pipeline(DetectionConfig(), reference_data=known)
    pipeline.add_follow_events(follows(ALL_FOLLOWS))
    return pipeline


def alerts_of(
    known: ReferenceData, at: int = 0, change: Callable[[Pipeline], object] = lambda pipeline: None
) -> list[Alert]:
    """The alerts of a run that is interfered with before batch `at`."""
    pipeline = begun(known)
    alerts = []
    for number, (frame, until) in enumerate(parts()):
        if number == at:
            change(pipeline)
        alerts += pipeline.process(frame, until)
    return [*alerts, *pipeline.end()]


@functools.cache
def undisturbed() -> list[Alert]:
    return alerts_of(context())


def jsons(alerts: Sequence[Alert]) -> list[bytes]:
    return [msgspec.json.encode(alert) for alert in alerts]


def until_batch(known: ReferenceData, at: int) -> Pipeline:
    pipeline = begun(known)
    for frame, until in parts()[:at]:
        list(pipeline.process(frame, until))
    return pipeline


MIDDLE = 3
"""A batch in the first day, at the end of which the network is reported."""


@pytest.mark.slow
def test_given_reference_data_before_the_first_post_then_it_is_as_if_they_had_been_given_at_once() -> None:
    late = begun(ReferenceData())
    late.set_reference_data(context())

    # what may differ is the room for edges from the registry, of which there are none yet
    assert set(differences(late, begun(context()))) <= {"/_reporter/_observations/followers/_tables/3"}
    assert jsons(
        alerts_of(ReferenceData(), 0, lambda pipeline: pipeline.set_reference_data(context()))
    ) == jsons(undisturbed())


@pytest.mark.slow
def test_given_the_same_reference_data_again_then_nothing_that_is_told_changes() -> None:
    assert jsons(
        alerts_of(context(), MIDDLE, lambda pipeline: pipeline.set_reference_data(context()))
    ) == jsons(alerts_of(context()))


@pytest.mark.slow
def test_given_entities_of_which_nothing_was_seen_then_no_network_is_looked_at_before_its_time() -> None:
    """A look in the middle of a day takes new figures of ordinary accounts, which all alerts of that day would have."""
    known = [one for one in KNOWN if one.entity_id != "envoy0"]
    weekly = entity("weekly", EntityKind.STATE_MEDIA, None, "a-weekly-that-nobody-reads")
    pipeline = until_batch(context(known), len(parts()) - 1)
    usual = pipeline.observations._baseline
    assert usual is not None
    due_at = pipeline._rule_clock.due_at
    assert due_at > 0

    pipeline.set_reference_data(context([*known, weekly]))

    assert pipeline.observations._baseline is usual
    assert pipeline._rule_clock.due_at == due_at
    poster = entity("member", EntityKind.COMPANY, None, MEMBERS[0].removeprefix("x:"))
    follower = next(one for one in KNOWN if one.entity_id == "envoy0")
    for seen in (poster, follower):
        pipeline.observations._baseline, pipeline._rule_clock.due_at = usual, due_at
        pipeline.set_reference_data(context([*known, weekly, seen]))
        assert pipeline.observations._baseline is None
        assert pipeline._rule_clock.due_at == 0
        pipeline.set_reference_data(context([*known, weekly]))


@pytest.mark.slow
def test_given_entities_that_come_and_go_around_the_others_then_these_are_known_by_their_ids() -> None:
    """Every number moves: one entity before all others leaves, and two come in between."""
    first = entity("aaa", EntityKind.OTHER, None, "nobody")
    more = [entity(name, EntityKind.COMPANY, None, f"none-{name}") for name in ("f", "o")]

    found = alerts_of(
        context([first, *KNOWN]),
        MIDDLE,
        lambda pipeline: pipeline.set_reference_data(context([*KNOWN, *more])),
    )

    assert jsons(found) == jsons(alerts_of(context([*KNOWN, *more])))
    assert {term for term, value in terms(found[0]).items() if value.value >= 0.5} >= {
        "unattributed_copies",
        "registry_followers",
    }


def test_given_an_entity_that_is_gone_then_what_was_remembered_of_it_is_dropped_for_good() -> None:
    pipeline = until_batch(context(), MIDDLE)
    assert len(pipeline.observations.facts)
    assert len(pipeline._observation_extractor._attribution._origins)

    pipeline.set_reference_data(context([one for one in KNOWN if one.entity_id not in {"norte", "prensa"}]))

    assert len(pipeline.observations.facts) == 0
    assert all(not pipeline.observations.facts.counts(kind, 9).any() for kind in Fact)
    assert len(pipeline._observation_extractor._attribution._origins) == 0
    pipeline.set_reference_data(context())
    assert len(pipeline.observations.facts) == 0


def test_given_an_agency_that_is_now_known_as_a_person_then_its_texts_are_sources_no_more() -> None:
    pipeline = until_batch(context(), MIDDLE)
    held = len(pipeline.observations.facts)
    changed = [entity("norte", EntityKind.PERSON, None, "norte"), *KNOWN[1:]]

    pipeline.set_reference_data(context(changed))

    assert len(pipeline.observations.facts) == held
    assert len(pipeline._observation_extractor._attribution._origins) == 0


def test_given_links_into_a_site_when_its_owner_turns_out_to_hide_then_they_count_from_then_on() -> None:
    def owner(kind: EntityKind) -> ReferenceData:
        known = msgspec.structs.replace(entity("site", kind, None, "own"), domains=["site.example"])
        return context([*KNOWN, known])

    def links(pipeline: Pipeline) -> int:
        return int(pipeline.observations.facts.counts(Fact.REGISTRY_LINK, len(pipeline.accounts)).sum())

    pipeline = until_batch(owner(EntityKind.STATE_MEDIA), MIDDLE)
    assert links(pipeline) == 0

    pipeline.set_reference_data(owner(EntityKind.COMPANY))

    assert links(pipeline) == links(until_batch(owner(EntityKind.COMPANY), MIDDLE)) > 100
    pipeline.set_reference_data(owner(EntityKind.STATE_MEDIA))
    assert links(pipeline) == 0


@pytest.mark.slow
def test_given_diplomats_that_are_new_then_whom_they_follow_is_known_at_once() -> None:
    without = [one for one in KNOWN if one.entity_id not in ENVOYS]
    before, after = (
        alerts_of(context(without)),
        alerts_of(context(without), MIDDLE, lambda pipeline: pipeline.set_reference_data(context())),
    )

    assert terms(before[0])["registry_followers"].value < 0.5
    assert jsons(after) == jsons(undisturbed())


@pytest.mark.slow
def test_given_an_agency_that_is_new_then_copies_of_what_it_publishes_from_then_on_are_known() -> None:
    without = [one for one in KNOWN if one.entity_id not in {"norte", "prensa"}]
    late = alerts_of(context(without), MIDDLE, lambda pipeline: pipeline.set_reference_data(context()))

    def copies(alerts: Sequence[Alert]) -> list[float]:
        return [
            signal.observed
            for alert in alerts
            for signal in alert.signals
            if signal.detector == "unattributed_copies"
        ]

    assert copies(alerts_of(context(without))) == []
    assert 0 < copies(late)[0] < copies(undisturbed())[0]


def test_given_profiles_that_are_new_then_accounts_are_known_by_them() -> None:
    pipeline = until_batch(context(), MIDDLE)
    someone = next(name for name in pipeline.accounts.names if name.startswith("x:o"))
    names = pl.Series([someone, "x:norte", "x:dia"])
    numbers = pipeline.accounts.find(hash_strings(names, ACCOUNT_KEYS))
    pipeline.observations.sources()
    known = pl.DataFrame(
        [
            {"account": someone, "handle": "norte_state_media", "followers": 5, "created": 7, "observed": 1},
            {"account": "x:dia", "handle": "dia", "followers": 6, "created": 8, "observed": 1},
        ],
        schema=PROFILES,
    )
    by_handle = msgspec.structs.replace(
        KNOWN[0], accounts=[msgspec.structs.replace(KNOWN[0].accounts[0], account_id=None)]
    )

    pipeline.set_reference_data(ReferenceData(Registry.of([by_handle, *KNOWN[1:]]), known))

    assert pipeline.observations.sources()[numbers].tolist() == [True, False, False]
    held = pipeline.observations._known[numbers]
    assert held["followers"].tolist() == [5, -1, 6]
    assert held["created"].tolist() == [7, -1, 8]
    assert (held["entity"] != NO_ENTITY).tolist() == [True, False, False]
    assert pipeline.observations._baseline is None


@pytest.mark.slow
def test_given_rules_that_are_new_then_they_hold_from_then_on() -> None:
    def allow(pipeline: Pipeline) -> None:
        pipeline.set_reference_data(context(rules=[rule(RuleKind.ALLOW, *MEMBERS)]))

    loud, allowed = undisturbed()[-1], alerts_of(context(), MIDDLE, allow)[-1]

    assert loud.covertness is not None
    assert loud.covertness >= 0.5
    assert allowed.covertness == 0


@pytest.mark.slow
def test_given_a_state_of_other_reference_data_then_it_is_restored_under_its_own_and_then_referred() -> None:
    def moved(pipeline: Pipeline) -> None:
        """Another pipeline takes over."""
        state = capture(pipeline)
        other = Pipeline(DetectionConfig(), reference_data=reference_data_of(state))
        restore(other, state)
        other.set_reference_data(context([*KNOWN, entity("a", EntityKind.OTHER, None)]))
        pipeline.__dict__.update(vars(other))

    found = alerts_of(context(), MIDDLE, moved)

    assert jsons(found) == jsons(undisturbed())
