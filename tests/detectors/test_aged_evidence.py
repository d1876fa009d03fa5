"""What was found of a network stands when its evidence has aged, until the network is closed."""

import functools
import itertools

import msgspec
import pytest

from detectors.config import DetectionConfig
from schemas.alerts import Alert, ChangeKind
from schemas.networks import Lifecycle
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import context, jsons
from tests.detectors.test_quiet_networks import LAST_POST, run, world

DEFAULT = DetectionConfig()
CONFIG = msgspec.structs.replace(
    DEFAULT,
    evidence=msgspec.structs.replace(DEFAULT.evidence, keep_days=5, singleton_days=5),
    time=msgspec.structs.replace(DEFAULT.time, resolve_days=9),
)
"""The evidence of the trio, which posts for five days, is forgotten on the tenth; the trio is closed later."""
FIGURES = ("coordination", "covertness", "severity", "event_time_start", "event_time_end", "member_count")


@functools.cache
def alerts() -> tuple[Alert, ...]:
    return tuple(run(world(), context(), config=CONFIG))


def figures(alert: Alert) -> dict[str, object]:
    acts = {signal.detector: signal.observed for signal in alert.signals if signal.detector != "obscurity"}
    return {**{name: getattr(alert, name) for name in FIGURES}, **acts}


@pytest.mark.slow
def test_given_evidence_that_has_aged_then_the_last_revisions_keep_the_figures_of_the_last_assessment() -> (
    None
):
    of_trio = alerts()
    measured = [alert for alert in of_trio if alert.lifecycle is not Lifecycle.RESOLVED][-1]
    closed = of_trio[-1]

    assert {alert.network_id for alert in of_trio} == {closed.network_id}
    assert closed.lifecycle is Lifecycle.RESOLVED
    assert figures(closed) == figures(measured)
    assert "co_share.text" in figures(closed)
    assert closed.evidence == measured.evidence != []
    assert closed.headline == measured.headline


@pytest.mark.slow
def test_given_evidence_that_ages_then_no_revision_goes_back_in_time_or_says_that_nothing_was_shared() -> (
    None
):
    for before, after in itertools.pairwise(alerts()):
        assert after.event_time_end >= before.event_time_end
        assert after.evidence
        assert "not by co-shares" not in after.explanation
        assert not any(" 0 " in each.summary for each in after.counter_evidence)
        assert after.changes is not None
        assert (after.changes.left, after.changes.signals_lost) == (0, [])


def test_given_a_network_that_is_closed_then_it_says_since_when_it_was_quiet_and_what_was_found() -> None:
    closed = alerts()[-1]

    assert closed.explanation.startswith(
        "The network is closed: nothing new was seen of it for 9 days. Last report"
    )
    assert f"No posts of its members since {LAST_POST}." in closed.explanation
    assert "posted the same" in closed.explanation


@pytest.mark.slow
def test_given_a_state_saved_when_evidence_has_aged_then_the_alerts_are_the_same() -> None:
    assert jsons(run(world(), context(), moved_at=START + 11 * DAY, config=CONFIG)) == jsons(alerts())


def test_given_evidence_that_has_aged_then_a_revision_is_for_something_else() -> None:
    for alert in alerts()[1:]:
        assert alert.changes is not None
        assert ChangeKind.FIGURES not in alert.changes.kinds
