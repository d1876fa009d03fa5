"""Registry, rules and profiles as the log brings them: what is in use, and what is only known."""

import json
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.state.state_forms import StateError
from schemas.dead_letters import DeadLetter, Reason
from streams.live.detection import reference_data
from streams.live.detection.detection import Detection
from streams.live.detection.detection_state import captured, restored
from streams.live.detection.reference_data import LiveReferenceData
from streams.live.exchange.frames import COLUMNS, Frame, Header, Kind, OffsetSpan
from streams.settings.settings import Settings
from streams.state.state_codec import encode


def frame(kind: Kind, *rows: tuple[str, dict[str, Any] | str | None]) -> Frame:
    """Rows of (key, value) as they come out of decoding."""
    all_rows = [
        (key, json.dumps(value) if isinstance(value, dict) else value, 0, at)
        for at, (key, value) in enumerate(rows)
    ]
    return Frame(
        Header(kind=kind, spans=[OffsetSpan("registry.v1", 0, 0, len(rows))]),
        pl.DataFrame(all_rows, schema=COLUMNS[kind], orient="row"),
    )


def entity(name: str, *domains: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return name, {
        "entity_id": name,
        "name": name.upper(),
        "kind": "company",
        "domains": list(domains),
        **more,
    }


def rule(name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return name, {"rule_id": name, "kind": "mute", "network_id": "n", "reason": "r", **more}


def profiles(*rows: tuple[str, int, int]) -> Frame:
    """Rows of (account, observed, followers)."""
    table = pl.DataFrame(
        [
            {"account": account, "observed": observed, "followers": followers}
            for account, observed, followers in rows
        ],
        schema=COLUMNS["profiles"],
    )
    return Frame(Header(kind="profiles", spans=[OffsetSpan("accounts.v1", 0, 0, len(rows))]), table)


def domains_in_use(known: LiveReferenceData) -> dict[str, str]:
    registry = known.current().registry
    return {domain: registry.entities[number].entity_id for domain, number in registry.domains.items()}


def again(known: LiveReferenceData) -> LiveReferenceData:
    """The same, saved and restored."""
    detection = Detection(Settings().detection, "live", "w")
    detection.references = known
    return restored(encode(captured(detection)), Settings().detection, "live", "w").references


def test_given_entities_then_they_are_in_use_and_the_change_is_reported_once() -> None:
    known = LiveReferenceData()
    assert not known.entities_changed
    assert (
        known.take(frame("registry", entity("a", "a.example"), entity("b", "b.example", parent_id="a")))
        is None
    )

    assert known.entities_changed
    assert domains_in_use(known) == {"a.example": "a", "b.example": "b"}
    assert not known.entities_changed


def test_given_a_later_record_of_an_entity_then_it_takes_its_place_and_a_deletion_removes_it() -> None:
    known = LiveReferenceData()
    known.take(
        frame("registry", entity("a", "a.example"), entity("b", "b.example"), entity("a", "c.example"))
    )
    assert domains_in_use(known) == {"c.example": "a", "b.example": "b"}

    assert known.take(frame("registry", ("a", None), ("never", None))) is None
    assert domains_in_use(known) == {"b.example": "b"}
    assert known.take(frame("registry", ("b", None))) is None
    assert domains_in_use(known) == {}


@pytest.mark.parametrize("saved", [False, True])
def test_given_an_entity_that_contradicts_others_then_it_alone_is_set_aside_until_it_is_corrected(
    saved: bool,
) -> None:
    known = LiveReferenceData()
    letters: list[DeadLetter] = []
    known.take(frame("registry", entity("a", "a.example"), entity("b", "b.example")))

    fault = known.take(frame("registry", entity("d"), entity("c", "c.example", "a.example")), letters)
    assert fault == "c is set aside: a and c both have the domain a.example"
    (letter,) = letters
    assert (letter.source, letter.position, letter.reason) == ("registry.v1/0", 1, Reason.CONTRADICTORY)
    assert letter.detail == fault
    assert json.loads(letter.raw)["entity_id"] == "c"
    if saved:
        known = again(known)
    assert domains_in_use(known) == {"a.example": "a", "b.example": "b"}
    assert list(known.set_aside) == ["c"]
    assert set(known.entities_used) == {"a", "b", "d"}

    # another change of the registry is in use at once, and what came first stays first though it changes
    assert known.take(frame("registry", entity("e", "e.example"), entity("a", "a.example", note="n"))) is None
    assert domains_in_use(known) == {"a.example": "a", "b.example": "b", "e.example": "e"}

    assert known.take(frame("registry", entity("c", "c.example"))) is None
    assert domains_in_use(known)["c.example"] == "c"
    assert known.set_aside == {}


def test_given_an_entity_that_was_set_aside_when_the_other_is_corrected_or_deleted_then_it_is_used() -> None:
    for correction in (("a", None), entity("a", "other.example")):
        known = LiveReferenceData()
        known.take(frame("registry", entity("a", "x.example"), entity("b", "x.example")))
        assert domains_in_use(known) == {"x.example": "a"}

        assert known.take(frame("registry", correction)) is None

        assert domains_in_use(known)["x.example"] == "b"
        assert known.set_aside == {}


def test_given_an_entity_that_is_deleted_while_it_is_set_aside_then_nothing_is_left_of_it() -> None:
    known = LiveReferenceData()
    known.take(frame("registry", entity("a", "x.example"), entity("b", "x.example")))

    assert known.take(frame("registry", ("b", None))) is None

    assert known.set_aside == {}
    assert set(known.entities) == {"a"}


def test_given_a_change_that_contradicts_then_the_record_before_it_stays_in_use() -> None:
    known = LiveReferenceData()
    known.take(frame("registry", entity("a", "a.example"), entity("b", "b.example")))

    # a domain changes hands in two records
    assert known.take(frame("registry", entity("b", "b.example", "a.example"))) is not None
    assert domains_in_use(known) == {"a.example": "a", "b.example": "b"}
    assert list(known.set_aside) == ["b"]

    assert known.take(frame("registry", entity("a"))) is None
    assert domains_in_use(known) == {"a.example": "b", "b.example": "b"}


def test_given_two_entities_that_swap_their_domains_then_both_are_in_use_in_the_end() -> None:
    known = LiveReferenceData()
    known.take(frame("registry", entity("a", "a.example"), entity("b", "b.example")))

    known.take(frame("registry", entity("a", "b.example")))
    known.take(frame("registry", entity("b", "a.example")))

    assert domains_in_use(known) == {"b.example": "a", "a.example": "b"}
    assert known.set_aside == {}


def test_given_parents_in_a_circle_then_the_one_that_closes_it_is_set_aside() -> None:
    known = LiveReferenceData()
    circle = [entity(name, parent_id=parent) for name, parent in (("a", "c"), ("b", "a"), ("c", "b"))]

    fault = known.take(frame("registry", *circle, entity("d", "d.example")))

    assert fault is not None
    assert "c is set aside: parents run in a circle: c -> b -> a -> c" in fault
    assert set(known.entities_used) == {"a", "b", "d"}
    assert list(known.set_aside) == ["c"]


def test_given_a_parent_that_is_deleted_or_comes_later_then_the_entity_is_used_without_it_until_then() -> (
    None
):
    known = LiveReferenceData()
    alone = "b: its parent a is not in the registry, and it is used without a parent"
    assert known.take(frame("registry", entity("b", "b.example", parent_id="a"))) == alone
    assert domains_in_use(known) == {"b.example": "b"}
    assert known.take(frame("registry", entity("a", "a.example"))) is None
    assert known.registry.path(1) == (1, 0)

    assert known.take(frame("registry", ("a", None))) == alone
    assert domains_in_use(known) == {"b.example": "b"}
    assert known.registry.path(0) == (0,)
    assert known.take(frame("registry", ("b", None))) is None
    assert domains_in_use(known) == {}


def review(event_id: str, kind: str, at: int = 0, **more: Any) -> tuple[str, dict[str, Any]]:
    return event_id, {
        "event_id": event_id,
        "alert_id": "alert",
        "alert_revision": 1,
        "network_id": "n",
        "actor": "r",
        "role": "reviewer",
        "at": f"2026-01-01T00:00:{at:02}Z",
        "kind": kind,
        "reason": "why",
        **more,
    }


@pytest.mark.parametrize("saved", [False, True])
def test_given_reviews_then_they_make_and_end_rules_beside_those_of_the_topic_of_rules(saved: bool) -> None:
    known = LiveReferenceData()
    known.take(frame("rules", rule("z")))
    assert known.take(frame("reviews", review("m", "mute"), review("c", "comment"))) is None
    assert known.entities_changed
    if saved:
        known = again(known)
    assert [one.rule_id for one in known.current().rules] == ["z", "review:m"]

    known.take(frame("reviews", review("u", "unmute", 1)))
    assert known.entities_changed
    assert [one.rule_id for one in known.current().rules] == ["z"]
    assert "cannot be read" in (known.take(frame("reviews", ("x", "{}"))) or "")


@pytest.mark.parametrize(
    "value", ["", "{}", "null", '{"entity_id":"a","name":"A","kind":"of a later version"}', "[" * 100_000]
)
@pytest.mark.parametrize("kind", ["registry", "rules"])
def test_given_a_record_that_cannot_be_read_then_what_was_there_stays_and_all_others_count(
    kind: Kind, value: str
) -> None:
    # a worker of a later version may have let it pass
    known = LiveReferenceData()
    made = entity if kind == "registry" else rule
    known.take(frame(kind, made("a"), made("b")))

    fault = known.take(frame(kind, ("a", value), made("c"), ("b", None)))

    assert fault is not None
    assert fault.startswith("a: cannot be read: ")
    context = known.current()
    found = (
        [one.entity_id for one in context.registry.entities]
        if kind == "registry"
        else [one.rule_id for one in context.rules]
    )
    assert found == ["a", "c"]


def test_given_rules_then_they_are_in_the_order_of_their_ids_whatever_came_first() -> None:
    known = LiveReferenceData()
    assert known.take(frame("rules", rule("c"), rule("b"), rule("a", reason="first"))) is None
    assert known.entities_changed
    known.take(frame("rules", ("b", None), rule("a", reason="second")))

    assert [(one.rule_id, one.reason) for one in known.current().rules] == [("a", "second"), ("c", "r")]


def test_given_profiles_then_the_latest_observation_counts_and_of_two_at_once_the_later_in_the_log() -> None:
    known = LiveReferenceData()
    known.take(profiles(("x:a", 5, 50), ("x:b", 5, 51)))
    assert known.profiles_changed
    assert not known.entities_changed
    known.take(profiles(("x:a", 4, 40), ("x:b", 6, 60), ("x:b", 6, 61)))
    known.take(profiles(("x:a", 5, 52)))

    found = {row["account"]: row["followers"] for row in known.current().profiles.to_dicts()}
    assert found == {"x:a": 52, "x:b": 61}
    assert not known.profiles_changed


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["x:a", "x:b", "x:c", "y:a"]), st.integers(0, 4)), max_size=30),
    seed=st.integers(0, 1_000),
    few=st.sampled_from([0, 3, 10_000]),
)
def test_given_any_frames_and_looks_then_profiles_are_those_of_all_rows_at_once(
    rows: list[tuple[str, int]], seed: int, few: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    all_rows = [(account, observed, at) for at, (account, observed) in enumerate(rows)]
    known = LiveReferenceData()
    left = list(all_rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference_data, "_MIN_UNMERGED", few)
        while left:
            count = rng.randint(1, 5)
            known.take(profiles(*left[:count]))
            left = left[count:]
            if rng.random() < 0.3:
                assert len(known.profiles)
            if rng.random() < 0.1:
                known = again(known)
        found = known.profiles

    latest: dict[str, tuple[int, int]] = {}
    for account, observed, followers in all_rows:
        latest[account] = max(latest.get(account, (-1, -1)), (observed, followers))
    assert {row["account"]: (row["observed"], row["followers"]) for row in found.to_dicts()} == latest
    # whatever the frames were: the same table, in the same order
    whole = LiveReferenceData()
    whole.take(profiles(*all_rows))
    assert found.equals(whole.profiles)
    assert dict(found.schema) == dict(PROFILES)


def test_given_frames_without_a_look_then_profiles_do_not_pile_up() -> None:
    known = LiveReferenceData()
    for at in range(300):
        known.take(profiles(*((f"x:{number}", at, at) for number in range(100))))

    assert known._unmerged <= reference_data._MIN_UNMERGED
    assert len(known.profiles) == 100


@pytest.mark.parametrize("looked", [False, True])
def test_given_saved_data_then_they_come_back_with_what_had_changed(looked: bool) -> None:
    known = LiveReferenceData()
    known.take(frame("registry", entity("a", "a.example")))
    known.take(frame("rules", rule("r")))
    known.take(profiles(("x:a", 5, 50)))
    if looked:
        known.current()

    found = again(known)

    assert (found.entities_changed, found.profiles_changed) == (not looked, not looked)
    one, other = known.current(), found.current()
    assert contents(one) == contents(other)
    assert not found.entities_changed


def test_given_a_saved_registry_that_cannot_be_used_then_the_state_is_refused() -> None:
    detection = Detection(Settings().detection, "live", "w")
    state = captured(detection)
    for used in (
        {"a": "{}"},
        {"a": json.dumps(entity("a", "x.example")[1]), "b": json.dumps(entity("b", "x.example")[1])},
    ):
        state["remembered"]["references"]["entities_used"] = used
        with pytest.raises(StateError, match="damaged"):
            restored(encode(state), Settings().detection, "live", "w")


def contents(context: ReferenceData) -> tuple[Any, ...]:
    return context.registry.entities, context.rules, context.profiles.to_dicts()
