"""What was assessed of a network stands while nothing newer is known, and a network that goes quiet says so."""

import functools
from datetime import UTC, datetime

import polars as pl
import pytest

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from detectors.post_columns import POSTS, conform
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.state.capture import capture, reference_data_of, restore
from detectors.traces.traces import keyed
from schemas.alerts import Alert, Severity
from schemas.networks import Lifecycle
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import (
    ALL_FOLLOWS,
    DAYS,
    KNOWN,
    TRIO,
    Row,
    batches,
    context,
    entity,
    follows,
    jsons,
    posts,
    terms,
)

pytestmark = pytest.mark.slow

LAST_POST = "18 September 2020"
"""Day of the last post of the trio."""
BACK = START + 14 * DAY
"""When the trio posts again, where it does."""


@functools.cache
def world(*, followers_when_back: int | None = None) -> pl.DataFrame:
    """The trio's five days, and fifteen in which only others post, unless the trio comes back for the last two.

    Args:
        followers_when_back: of each of the trio then; None: it stays away.
    """
    first = posts().select(*POSTS)
    others = first.filter(~pl.col("account_id").is_in(TRIO))
    parts = [first]
    for part in range(1, 4):
        parts.append(others.with_columns(created_at=pl.col("created_at") + part * DAYS * DAY))
    if followers_when_back is not None:
        copies = first.filter(pl.col("account_id").is_in(TRIO), pl.col("created_at") < START + 2 * DAY)
        parts.append(
            copies.with_columns(
                created_at=pl.col("created_at") - START + BACK,
                followers_count=pl.lit(followers_when_back, pl.Int64),
            )
        )
    frames = [
        part.with_columns(pl.col("post_id") + f"-{number}", pl.col("text") + f" v{number}")
        for number, part in enumerate(parts)
    ]
    return keyed(pl.concat(frames).sort("created_at", "account_id", "post_id"))


def run(
    frame: pl.DataFrame,
    known: ReferenceData,
    later: tuple[int, ReferenceData] | None = None,
    moved_at: int | None = None,
    config: DetectionConfig = DetectionConfig(),  # noqa: B008 - it cannot be changed
) -> list[Alert]:
    """The alerts of a run.

    Args:
        frame: the posts.
        known: reference data.
        later: event time from which other reference data are used, and these.
        moved_at: event time at which another pipeline takes over by the saved state.
        config: settings of detection.
    """
    pipeline = Pipeline(config, reference_data=known)
    pipeline.add_follow_events(follows(ALL_FOLLOWS))
    found: list[Alert] = []
    for batch, until in batches(frame, 2_000):
        if later is not None and batch["created_at"][0] >= later[0]:
            pipeline.set_reference_data(later[1])
            later = None
        if moved_at is not None and batch["created_at"][0] >= moved_at:
            state = capture(pipeline)
            pipeline = Pipeline(config, reference_data=reference_data_of(state))
            restore(pipeline, state)
            moved_at = None
        found += pipeline.process(batch, until)
    return [*found, *pipeline.end()]


@functools.cache
def gone_quiet() -> tuple[Alert, ...]:
    return tuple(run(world(), context()))


def test_given_a_suspected_network_that_stops_posting_then_its_newest_revision_keeps_what_was_assessed() -> (
    None
):
    first, *_, newest = gone_quiet()

    assert newest.network_id == first.network_id
    assert (newest.severity, newest.covertness) == (Severity.HIGH, first.covertness)
    assert newest.priority >= 50
    assert terms(newest)["obscurity"].value == terms(first)["obscurity"].value


def test_given_a_network_that_goes_quiet_then_the_alert_says_so_and_when_it_was_assessed() -> None:
    first, *_, newest = gone_quiet()

    assert (first.lifecycle, newest.lifecycle) == (Lifecycle.OPENED, Lifecycle.QUIET)
    assert f"No posts of its members since {LAST_POST}." in newest.explanation
    assert "Not assessed again since 2" in newest.explanation
    assert first.assessed_at is None
    assert newest.assessed_at is not None
    assert datetime(2020, 9, 18, tzinfo=UTC) < newest.assessed_at < newest.emitted_at
    dated = {name for name, term in terms(newest).items() if term.assessed_at is not None}
    assert dated == {"obscurity"}


def test_given_a_quiet_network_that_posts_again_then_it_is_reported_and_assessed_anew() -> None:
    newest = run(world(followers_when_back=4), context())[-1]

    assert (newest.lifecycle, newest.severity) == (Lifecycle.UPDATED, Severity.HIGH)
    assert newest.assessed_at is None
    assert "No posts" not in newest.explanation


def test_given_a_quiet_network_that_comes_back_with_many_followers_then_that_speaks_against_it() -> None:
    newest = run(world(followers_when_back=900_000), context())[-1]

    assert (newest.severity, newest.assessed_at) == (Severity.INFO, None)
    assert newest.covertness is not None
    assert newest.covertness < 0.5


def test_given_a_state_saved_while_the_network_is_quiet_then_what_was_assessed_goes_with_it() -> None:
    assert jsons(run(world(), context(), moved_at=START + 11 * DAY)) == jsons(gone_quiet())


def test_given_followers_that_become_unknown_then_the_suspicion_stands() -> None:
    """Counts are in the profiles alone, and later there are no profiles."""
    columns = ("followers_count", "likes", "reposts", "replies", "quotes")
    blind = world(followers_when_back=4).with_columns(pl.lit(None, pl.Int64).alias(name) for name in columns)
    counted: list[Row] = [
        {"account": f"x:{name}", "followers": count, "observed": START}
        for name, count in zip(
            posts()["account_id"].to_list(), posts()["followers_count"].to_list(), strict=True
        )
    ]
    profiles = pl.DataFrame(counted, schema_overrides={"followers": pl.Int64})
    with_profiles = ReferenceData(context().registry, conform(profiles, PROFILES))
    without = ReferenceData(with_profiles.registry)

    found = run(blind, with_profiles, (START + 6 * DAY, without))

    assert [alert.severity for alert in found] == [Severity.HIGH] * len(found)
    assert found[-1].assessed_at is not None


def test_given_an_entity_that_is_gone_then_what_rested_upon_it_does_not_stand() -> None:
    fewer = context([one for one in KNOWN if one.entity_id not in {"norte", "prensa"}])

    newest = run(world(), context(), (START + 8 * DAY, fewer))[-1]

    assert newest.severity is not Severity.HIGH
    assert "unattributed_copies" not in {name for name, term in terms(newest).items() if term.value >= 0.5}


def test_given_an_entity_that_is_added_then_what_was_assessed_stands() -> None:
    more = context([*KNOWN, entity("added", KNOWN[1].kind, None)])

    newest = run(world(), context(), (START + 8 * DAY, more))[-1]

    assert (newest.severity, newest.lifecycle) == (Severity.HIGH, Lifecycle.QUIET)
