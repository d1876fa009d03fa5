"""A pipeline that is cut and restored goes on as if nothing had been; what does not fit is refused; nothing is lost."""

import dataclasses
import functools
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I64, U64
from detectors.config import DetectionConfig, TimeConfig
from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.held_rows import HeldRows
from detectors.event_time.watermark import Watermark
from detectors.followers.follow_edges import FollowEvents
from detectors.pipeline import Pipeline
from detectors.reference.reference_data import ReferenceData
from detectors.state.capture import State, capture, reference_data_of, restore
from detectors.state.state_filling import fill
from detectors.state.state_forms import SAME_AS, StateError, form_of
from schemas.reviews import RuleKind
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import (
    ALL_FOLLOWS,
    KNOWN,
    MEMBERS,
    context,
    follows,
    posts,
    rule,
)
from tests.detectors.state.state_graphs import Run, batches, differences
from tests.long_runs import LONG


@functools.cache
def run(rows: int = 90) -> Run:
    """Five days with an agency, a trio that copies it, diplomats that follow the trio, and reviewers' rules."""
    rules = [rule(RuleKind.ALLOW, MEMBERS[0])]
    return Run(batches(posts(), rows), context=context(rules=rules), follows=follows(ALL_FOLLOWS))


@functools.cache
def whole_run() -> list[bytes]:
    return run().alerts()


@functools.cache
def at_the_end() -> Pipeline:
    """A pipeline at the end of a run, an hour after its last alert."""
    pipeline = run().begun()
    for frame, until in run().batches:
        list(pipeline.process(frame, until))
    return pipeline


def restored(state: State, known: ReferenceData | None = None) -> Pipeline:
    pipeline = Pipeline(DetectionConfig(), reference_data=known or reference_data_of(state))
    restore(pipeline, state)
    return pipeline


@pytest.mark.slow
@settings(max_examples=8 if LONG else 2, deadline=None)
@given(
    rows=st.sampled_from([25, 90, 400] if LONG else [90]),
    cuts=st.sets(st.integers(0, 10**6), min_size=1, max_size=4),
)
def test_given_a_run_that_is_cut_anywhere_then_the_alerts_are_the_same(rows: int, cuts: set[int]) -> None:
    """In one process, where objects could be shared. Through bytes: `tests/streams/live/state`."""
    parted = run(rows)

    assert parted.alerts({cut % len(parted.batches) for cut in cuts}) == whole_run()


@pytest.mark.slow
def test_given_every_day_when_restored_then_the_pipelines_differ_in_nothing_and_still_not_a_day_later() -> (
    None
):
    parts = run(400).batches
    pipeline = run(400).begun()
    for at, (frame, until) in enumerate(parts[:-2]):
        list(pipeline.process(frame, until))
        other = restored(capture(pipeline))
        assert differences(pipeline, other) == []
        both = [pipeline, restored(capture(other))]
        for one in both:
            one.add_follow_events(follows([("o1", "o2", until + 100)]))
            for later, time in parts[at + 1 : at + 3]:
                list(one.process(later, time))
        assert differences(*both) == []
        pipeline = other


@pytest.mark.slow
def test_given_a_change_of_any_attribute_then_the_comparison_sees_it() -> None:
    """It would be easy to compare nothing."""
    state = capture(at_the_end())
    seen = 0

    def spoiled(form: Any, path: str) -> None:
        """Change one number or text after the other, and see that it shows."""
        nonlocal seen
        items = form.items() if isinstance(form, dict) else enumerate(form)
        for name, value in list(items)[:12]:
            if isinstance(value, np.ndarray) and value.size and value.dtype.names is None:
                form[name] = ~value if value.dtype == np.bool_ else value + value.dtype.type(1)
            elif type(value) is int:
                form[name] = value + 1
            elif isinstance(value, dict | list) and name != SAME_AS and not isinstance(form, list):
                spoiled(value, f"{path}/{name}")
                continue
            else:
                continue
            assert differences(at_the_end(), restored(state)), f"{path}/{name}"
            form[name] = value
            seen += 1

    spoiled(state["remembered"], "")
    assert seen > 80


@pytest.mark.slow
def test_given_a_state_when_the_pipeline_goes_on_then_the_state_does_not_change() -> None:
    pipeline = run().begun()
    for frame, until in run().batches[:20]:
        list(pipeline.process(frame, until))
    state = capture(pipeline)
    before = restored(state)
    for frame, until in run().batches[20:]:
        list(pipeline.process(frame, until))

    again = restored(state)
    assert differences(before, again) == []
    # nor does it change with one that was restored from it
    list(again.process(*run().batches[20]))
    assert differences(before, restored(state)) == []


@pytest.mark.slow
def test_given_a_state_then_it_is_plain_data() -> None:
    plain = (type(None), bool, int, float, str, bytes, np.ndarray, pl.DataFrame)

    def check(form: object) -> None:
        if type(form) is dict:
            assert all(type(name) is str for name in form)
            for value in form.values():
                check(value)
        elif type(form) is list:
            for value in form:
                check(value)
        else:
            assert type(form) in plain

    check(capture(at_the_end()))


Change = Callable[[dict[str, Any]], object]


def put(path: str, value: object) -> Change:
    def change(state: dict[str, Any]) -> None:
        *above, name = path.split("/")
        for step in above:
            state = state[step]
        state[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("format", 2), "format 2, where 3"),
        (put("of", "Replay"), "of a Replay"),
        (put("config", "0" * 16), "another configuration"),
        (put("reference_data/entities", msgspec.msgpack.encode([])), "other reference data"),
        (put("reference_data", {}), "other reference data"),
        (put("remembered", None), "its top"),
        (put("remembered/later", 1), "its top"),
        (lambda state: state["remembered"].pop("_posts"), "its top"),
        (put("remembered/_posts", 1.0), "_posts: wanted a int"),
        (put("remembered/_posts", True), "_posts: wanted a int"),
        (put("remembered/_now", "1"), "_now"),
        (put("remembered/accounts/posts", np.zeros(9, np.int32)), "accounts/posts: wanted an array of int64"),
        (
            put("remembered/accounts/posts", np.zeros((9, 2), np.int64)),
            "accounts/posts: wanted the dimensions",
        ),
        (put("remembered/accounts/posts", [1, 2]), "accounts/posts"),
        (put("remembered/accounts/posts", np.array(1, np.int64)), "accounts/posts"),
        (put("remembered/accounts/posts", {SAME_AS: "stage"}), "accounts/posts"),
        (put("remembered/accounts/posts", {SAME_AS: "accounts/_numbers"}), "accounts/posts"),
        (put("remembered/accounts/_names", [b"x:a"]), "accounts/_names"),
        (put("remembered/accounts/_names", ("x:a",)), "accounts/_names"),
        (
            put("remembered/stage/_accounts", {SAME_AS: "pairs"}),
            "stage/_accounts: wanted the same as accounts",
        ),
        (put("remembered/accounts", {SAME_AS: "stage"}), "accounts"),
        (put("remembered/stage/_edges/keys", np.zeros(2)), "stage/_edges/keys"),
        (put("remembered/stage/_edges", {}), "stage/_edges: wanted exactly keys"),
        (put("remembered/stage/networks/alive", [[1, {}]]), "stage/networks/alive/0"),
        (put("remembered/stage/networks/alive", [[1]]), "stage/networks/alive"),
        (put("remembered/_alert_writer/_last_alerts", [[1, None]]), "_last_alerts/0"),
        (
            put("remembered/observations/facts/_log", [pl.DataFrame({"account": [1]})]),
            "facts/_log/0: wanted a frame",
        ),
        (put("remembered/observations/_baseline", [1]), "observations/_baseline: wanted 2 items"),
        (put("remembered/observations/_baseline", [1, {}]), "observations/_baseline/1"),
        (put("remembered/_observation_extractor/_platforms", {"x": "1"}), "_platforms/0"),
        (put("remembered/_observation_extractor/_sites", [1]), "_sites"),
        (put("remembered/_observation_extractor/_attribution/_origins", pl.DataFrame()), "_origins"),
    ],
)
@pytest.mark.slow
def test_given_a_state_that_does_not_fit_then_the_error_says_where_and_nothing_is_changed(
    change: Change, said: str
) -> None:
    pipeline = at_the_end()
    state = capture(pipeline)
    fresh, untouched = (
        Pipeline(DetectionConfig(), reference_data=pipeline.observations.reference_data) for _ in range(2)
    )
    change(state)

    with pytest.raises(StateError, match=said):
        restore(fresh, state)

    assert differences(fresh, untouched) == []


@pytest.mark.parametrize(
    "form",
    [
        None,
        {"entities": b"", "profiles": pl.DataFrame(), "rules": b""},
        {**capture(Pipeline(DetectionConfig()))["reference_data"], "rules": b"\xc1"},
        {**capture(Pipeline(DetectionConfig()))["reference_data"], "entities": 1},
        {
            **capture(Pipeline(DetectionConfig()))["reference_data"],
            "entities": msgspec.msgpack.encode([KNOWN[0], KNOWN[0]]),
        },
    ],
)
def test_given_no_reference_data_in_a_state_then_the_error_says_so(form: object) -> None:
    with pytest.raises(StateError, match="saved"):
        reference_data_of({"reference_data": form})


def test_given_another_configuration_then_a_state_is_refused() -> None:
    other = DetectionConfig(time=TimeConfig(tick_s=300))

    with pytest.raises(StateError, match="another configuration"):
        restore(Pipeline(other), capture(Pipeline(DetectionConfig())))


class _Kind(Enum):
    NEAR = "near"
    FAR = "far"


class _Pair(NamedTuple):
    keys: U64
    names: tuple[str, ...]


class _Told(msgspec.Struct):
    at: float
    kind: _Kind


@dataclasses.dataclass
class _Thing:
    kind: _Kind
    who: set[int]
    told: _Told | None
    scores: dict[int, float]


class _Inner:
    not_state: ClassVar[frozenset[str]] = frozenset()
    counts: I64

    def __init__(self) -> None:
        self.counts = np.arange(3)


class _Holder:
    not_state: ClassVar[frozenset[str]] = frozenset({"given"})
    things: dict[_Kind, list[_Thing]]
    latest: deque[tuple[int, _Pair]]
    later: _Inner | None
    table: Annotated[pl.DataFrame, {"a": pl.Int8}]

    def __init__(self, given: object = print) -> None:
        self.given = given
        self.things = {}
        self.latest = deque()
        self.inner = _Inner()
        self.again = self.inner
        self.later = None
        self.table = pl.DataFrame({"a": []}, schema={"a": pl.Int8})
        self.score: float = 0.0


def test_given_all_kinds_of_things_in_an_object_then_all_of_them_come_back() -> None:
    holder = _Holder()
    keys = np.array([1, 2**64 - 1], np.uint64)
    thing = _Thing(_Kind.FAR, {3, 1, 2}, _Told(0.1, _Kind.NEAR), {7: np.inf, -1: -0.0})
    holder.things = {_Kind.NEAR: [], _Kind.FAR: [thing, dataclasses.replace(thing, told=None)]}
    holder.latest.extend([(1, _Pair(keys, ("a",))), (2, _Pair(keys, ()))])
    holder.inner.counts = np.arange(90)[::2]
    holder.later = _Inner()
    holder.table = pl.DataFrame({"a": [1]}, schema={"a": pl.Int8})
    holder.score = np.float64(0.1) * 3

    other = _Holder()
    fill(other, form_of(holder))

    assert type(other.latest) is deque
    assert type(other.score) is np.float64
    assert (other.things, other.score) == (holder.things, holder.score)
    assert list(other.things) == list(holder.things)
    assert other.things[_Kind.FAR][0].told == thing.told
    assert [at for at, _ in other.latest] == [1, 2]
    assert other.latest[0][1].keys is other.latest[1][1].keys
    assert other.latest[0][1].keys.tolist() == keys.tolist()
    assert other.again is other.inner
    assert other.inner.counts.tolist() == list(range(0, 90, 2))
    assert other.later is not None
    assert other.later.counts.tolist() == [0, 1, 2]
    assert other.table.equals(holder.table)


def added(value: object) -> _Holder:
    holder = _Holder()
    holder.new = value  # type: ignore[attr-defined]
    return holder


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        (),
        set(),
        deque(),
        _Kind.NEAR,
        _Thing(_Kind.NEAR, set(), None, {}),
        print,
        object(),
        pl.Series(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_given_a_new_attribute_that_does_not_show_its_form_then_saving_names_it(value: object) -> None:
    """So no attribute can be forgotten: a class that gains one fails in all tests above, before it is released."""
    with pytest.raises(StateError, match=r"_Holder\.new: annotate it"):
        form_of(added(value))


@pytest.mark.parametrize("value", [1, 1.5, True, "a", b"a", np.arange(2), np.float64(1), _Inner()])
def test_given_a_new_attribute_that_shows_its_form_then_it_is_saved_without_being_named(
    value: object,
) -> None:
    assert "new" in form_of(added(value))


@pytest.mark.parametrize("value", [np.array([object()]), np.array(1)])
def test_given_an_array_that_cannot_be_saved_then_it_is_named(value: object) -> None:
    with pytest.raises(StateError, match="new: an array"):
        form_of(added(value))


def test_given_a_name_that_is_no_longer_there_then_saving_says_so() -> None:
    holder = _Holder()
    del holder.given

    with pytest.raises(StateError, match="not_state lists attributes that do not exist: given"):
        form_of(holder)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)), min_size=1, max_size=60),
    cuts=st.sets(st.integers(0, 20)),
    batch=st.integers(1, 9),
)
def test_given_rows_that_wait_when_cut_then_the_same_are_released_and_known_again(
    rows: list[tuple[int, int]], cuts: set[int], batch: int
) -> None:
    def fresh_parts() -> tuple[Watermark, HeldRows, DuplicateFilter]:
        return Watermark(30), HeldRows(), DuplicateFilter(100, 32)

    def all_of(cuts: set[int]) -> list[object]:
        watermark, held, known = fresh_parts()
        watermark.open("ab")
        out: list[object] = []
        for number, begin in enumerate(range(0, len(rows), batch)):
            if number in cuts:
                states = [capture(part) for part in (watermark, held, known)]
                watermark, held, known = fresh_parts()
                for part, state in zip((watermark, held, known), states, strict=True):
                    restore(part, state)
            some = rows[begin : begin + batch]
            frame = pl.DataFrame(
                {"created_at": [time for time, _ in some], "post_key": [key for _, key in some]},
                schema={"created_at": pl.Int64, "post_key": pl.UInt64},
            ).with_columns(row_key="post_key")
            late = watermark.see("ab"[number % 2], frame["created_at"].to_numpy())
            out.append(late.tolist())
            held.add(frame.filter(pl.Series(~late)))
            ready = held.release(watermark.passed)
            if ready is not None:
                fresh = known.fresh(ready["created_at"].to_numpy(), ready["row_key"].to_numpy())
                out.append((ready.rows(), fresh.tolist()))
        left = held.release(np.inf)
        return [*out, [] if left is None else left.rows(), known.forgotten_early]

    assert all_of(cuts) == all_of(set())


def test_given_states_of_two_classes_then_they_are_not_mixed_up() -> None:
    with pytest.raises(StateError, match="of a AccountStore, not of a DuplicateFilter"):
        restore(DuplicateFilter(1, 8), capture(AccountStore()))


def test_given_events_to_come_when_cut_then_they_are_applied_in_their_time() -> None:
    pipeline = run().begun()
    late = follows([("o1", "o2", START + 4 * DAY)])
    pipeline.add_follow_events(FollowEvents(late.follower, late.followee, late.action, late.at))
    for frame, until in run().batches[:5]:
        list(pipeline.process(frame, until))

    other = restored(capture(pipeline))

    assert len(other.observations.followers) == len(pipeline.observations.followers) > 0
    before = len(other.observations.followers)
    other.observations.advance(START + 5 * DAY)
    assert len(other.observations.followers) == before + 1
