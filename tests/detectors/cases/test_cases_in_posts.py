"""Cases from posts: an operation in two shifts is one case; strangers who share the news are two."""

import functools

import numpy as np
import pytest

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from detectors.state.capture import capture, restore
from schemas.alerts import Alert, ChangeKind
from tests.detectors.post_worlds import DAY, START, URL, Post, frame_of, noise
from tests.detectors.press_world import batches

EARLY, LATE, OTHERS, STRANGERS = (range(first, first + 6) for first in (400, 410, 420, 430))
DAYS = 6
NEWS = 40
"""Popular links that everyone shares, the groups among them."""


def posts() -> list[Post]:
    """Two shifts that share the same links twelve hours apart, and two groups with links of their own."""
    draw = np.random.default_rng(3)
    made = noise(draw, 4_000, 400, 1_500, DAYS)

    def together(group: range, at: int, thing: int) -> None:
        made.extend(Post(at + int(draw.integers(0, 40)), who, ((URL, thing),)) for who in group)

    for day in range(DAYS):
        for turn in range(2):
            at, thing = START + day * DAY + 20_000 + turn * 4_000, 10_000 + day * 10 + turn
            together(EARLY, at, thing)
            together(LATE, at + DAY // 2, thing)
            together(OTHERS, at + 1_000, thing + 1_000)
            together(STRANGERS, at + 1_000, thing + 2_000)
    for thing in range(NEWS):
        at = START + int(draw.integers(0, DAYS * DAY - 4_000))
        crowd = draw.choice(400, 60, replace=False).tolist()
        for who in (*crowd, *EARLY, *OTHERS, *STRANGERS):
            made.append(Post(at + int(draw.integers(0, 3_000)), who, ((URL, 20_000 + thing),)))
    return sorted(made)


def run(moved_on: int | None = None) -> tuple[Alert, ...]:
    """All alerts; with `moved_on`, another pipeline takes over by the saved state on that day."""
    pipeline = Pipeline(DetectionConfig())
    found: list[Alert] = []
    for number, (batch, until) in enumerate(batches(frame_of(posts()), 1_000)):
        if number == moved_on:
            state = capture(pipeline)
            pipeline = Pipeline(DetectionConfig())
            restore(pipeline, state)
        found += pipeline.process(batch, until)
    return (*found, *pipeline.end())


@functools.cache
def whole_run() -> tuple[Alert, ...]:
    return run()


def latest() -> dict[range, Alert]:
    """The last alert about the network of each group."""
    of_group: dict[range, Alert] = {}
    for alert in whole_run():
        names = {member.account_id for member in alert.members}
        for group in (EARLY, LATE, OTHERS, STRANGERS):
            if len(names & {f"x:a{who}" for who in group}) > len(group) / 2:
                of_group[group] = alert
    return of_group


@pytest.mark.slow
def test_given_two_shifts_on_the_same_links_then_they_are_one_case_and_name_each_other() -> None:
    found = latest()
    early, late = found[EARLY], found[LATE]

    assert early.network_id != late.network_id
    assert early.case_id == late.case_id is not None
    (other,) = late.related_networks
    assert other.network_id == early.network_id
    assert (other.object_jaccard or 0) > 0.4
    assert "most of what one of them shares" in other.reason
    assert [each.network_id for each in early.related_networks] == [late.network_id]


def test_given_strangers_who_share_popular_links_then_they_are_cases_of_their_own() -> None:
    found = latest()

    assert len({found[group].case_id for group in (EARLY, OTHERS, STRANGERS)}) == 3
    assert found[OTHERS].related_networks == found[STRANGERS].related_networks == []


def test_given_a_state_saved_on_the_way_then_cases_and_changes_are_the_same() -> None:
    assert run(moved_on=4) == whole_run()


def test_each_revision_says_what_changed_and_the_last_one_states_all() -> None:
    by_network: dict[str, list[Alert]] = {}
    for alert in whole_run():
        by_network.setdefault(alert.network_id, []).append(alert)
    for revisions in by_network.values():
        assert [alert.revision for alert in revisions] == list(range(1, len(revisions) + 1))
        for before, alert in zip([None, *revisions], revisions, strict=False):
            assert alert.changes is not None
            if before is None:
                assert alert.changes.kinds == [ChangeKind.FIRST]
                continue
            had, has = ({member.account_id for member in each.members} for each in (before, alert))
            assert (alert.changes.joined, alert.changes.left) == (len(has - had), len(had - has))
            assert alert.changes.kinds
    last_act = START + (DAYS - 1) * DAY + 25_000
    for group in (OTHERS, STRANGERS):
        assert latest()[group].event_time_end.timestamp() >= last_act
