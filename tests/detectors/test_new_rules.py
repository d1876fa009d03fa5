"""Rules that come, end or lapse while a run goes on: reported at the next tick, however the posts are cut."""

import functools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from schemas.alerts import Alert, Severity
from schemas.reviews import RuleKind, SuppressionRule
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import (
    ALL_FOLLOWS,
    MEMBERS,
    batches,
    context,
    follows,
    jsons,
    posts,
    press_alerts,
    rule,
)

SAID = START + DAY + DAY // 2
"""When the rules change: noon of the second day; the network was reported at the end of the first."""
TICK = timedelta(seconds=600)


@functools.cache
def first_days() -> pl.DataFrame:
    return posts().filter(pl.col("created_at") < START + 2 * DAY)


def network() -> str:
    """The id of the network that the rules are about."""
    return press_alerts()[0].network_id


def mute(until: int | None = None) -> SuppressionRule:
    return SuppressionRule(
        rule_id="review:e1",
        kind=RuleKind.MUTE,
        network_id=network(),
        until=None if until is None else datetime.fromtimestamp(until, UTC),
        reason="a school project",
    )


def alerts_of(rules: Sequence[Sequence[SuppressionRule]], rows: int = 150) -> list[Alert]:
    """The alerts of two days; each entry of `rules` replaces the one before, two hours of event time later."""
    pipeline = Pipeline(DetectionConfig(), reference_data=context())
    pipeline.add_follow_events(follows(ALL_FOLLOWS))
    waiting = [(SAID + 7_200 * number, known) for number, known in enumerate(rules)]
    found: list[Alert] = []
    # posts are parted at the times at which rules change, as frames of a log would be
    edges = [*(at for at, _ in waiting), START + 2 * DAY]
    begin = 0
    for edge in edges:
        part = first_days().filter(pl.col("created_at").is_between(begin, edge, closed="left"))
        for batch, until in batches(part, rows):
            found += pipeline.process(batch, until)
        found += pipeline.process(None, edge)
        if waiting:
            pipeline.set_reference_data(context(rules=waiting.pop(0)[1]))
        begin = edge
    return found


def test_given_a_mute_then_the_next_tick_reports_it_with_its_rule_and_an_unmute_takes_it_back() -> None:
    opened, muted, unmuted = alerts_of([[mute()], []])

    said = datetime.fromtimestamp(SAID, UTC)
    assert (opened.severity, opened.suppression) == (Severity.HIGH, None)
    assert (muted.network_id, muted.severity) == (network(), Severity.INFO)
    assert muted.suppression is not None
    assert (muted.suppression.rule_id, muted.suppression.reason) == ("review:e1", "a school project")
    assert muted.suggested_actions == []
    assert muted.covertness == opened.covertness
    assert said < muted.emitted_at <= said + TICK
    assert (unmuted.severity, unmuted.suppression) == (Severity.HIGH, None)
    assert said + timedelta(hours=2) < unmuted.emitted_at <= said + timedelta(hours=2) + TICK


def test_given_a_mute_that_expires_then_the_first_tick_from_then_on_reports_it() -> None:
    until = SAID + 3_700

    _, muted, lapsed = alerts_of([[mute(until)]])

    assert muted.suppression is not None
    assert muted.suppression.until == datetime.fromtimestamp(until, UTC)
    assert (lapsed.severity, lapsed.suppression) == (Severity.HIGH, None)
    assert until <= lapsed.emitted_at.timestamp() < until + 600


def test_given_accounts_that_are_allowed_and_then_are_not_then_the_suspicion_goes_and_comes() -> None:
    _, allowed, disallowed = alerts_of([[rule(RuleKind.ALLOW, *MEMBERS)], []])

    assert (allowed.severity, allowed.covertness) == (Severity.INFO, 0)
    assert all(member.allow_listed for member in allowed.members)
    assert disallowed.severity is Severity.HIGH


@pytest.mark.slow
def test_given_rules_when_the_posts_between_come_in_other_batches_then_the_alerts_are_the_same() -> None:
    known = [[mute(SAID + 3_700)], [], [rule(RuleKind.ALLOW, *MEMBERS)]]

    assert jsons(alerts_of(known, 37)) == jsons(alerts_of(known, 10_000))
