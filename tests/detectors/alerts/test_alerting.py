"""When a change of a network is reported."""

import pytest

from detectors.accounts import AccountStore
from detectors.alerts.alerting import AlertWriter, RunState
from detectors.config import DetectionConfig
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import covertness
from detectors.covertness.network_context import MemberContext, NetworkContext
from schemas.networks import Lifecycle
from tests.detectors.alerts.network_samples import DAY, START, context, facts, network

STRONG = {"registry_followers": 1e-9}
NO_ONE = MemberContext(handle=None, created=None, followers=None, registry=None, allowed=False)


def assessment(known: NetworkContext) -> Assessment:
    return Assessment(known, covertness(known), None)


def after_an_alert(members: int = 8, **chances: float) -> AlertWriter:
    """A writer that reported network 1 at `START`."""
    writer = AlertWriter(DetectionConfig(), "0", "replay", "run")
    accounts = AccountStore()
    accounts.names.extend(f"x:a{number}" for number in range(members))
    known = context(**chances)
    known = NetworkContext((NO_ONE,) * members, known.obscurity, known.answers, known.open_share)
    writer.write(
        facts(members), assessment(known), accounts, Lifecycle.OPENED, RunState(START, 9.0, {"posts": 1}, 0)
    )
    return writer


@pytest.mark.parametrize(
    ("members", "lifecycle", "after_s", "expected"),
    [
        (10, Lifecycle.UPDATED, 600, True),  # a quarter more
        (9, Lifecycle.UPDATED, 600, False),
        (9, Lifecycle.UPDATED, DAY - 1, False),
        (9, Lifecycle.UPDATED, DAY, True),
        (7, Lifecycle.UPDATED, DAY, True),
        (8, Lifecycle.UPDATED, 9 * DAY, False),
        (7, Lifecycle.SPLIT, 600, True),
        (8, Lifecycle.SPLIT, 600, False),
    ],
)
def test_given_a_change_of_members_then_it_is_reported_when_it_is_large_or_a_day_has_passed(
    members: int, lifecycle: Lifecycle, after_s: int, expected: bool
) -> None:
    assert after_an_alert().needs_alert(network(members), lifecycle, START + after_s) is expected


def test_given_a_network_without_an_alert_then_it_is_reported() -> None:
    writer = after_an_alert()

    assert writer.needs_alert(network(3, number=2), Lifecycle.UPDATED, START)
    assert writer.last_alert_at(network(3, number=2)) is None
    assert writer.last_alert_at(network()) == START


def test_given_another_strong_term_or_another_suspicion_then_it_has_changed() -> None:
    suspected, quiet = after_an_alert(**STRONG), after_an_alert(registry_followers=1.0)

    assert suspected.is_suspected(network())
    assert not quiet.is_suspected(network())
    for known, from_suspected, from_quiet in (
        (context(**STRONG), False, True),
        (context(registry_followers=1.0), True, False),
        (context(**STRONG, unattributed_copies=1e-9), True, True),
    ):
        assert suspected.suspicion_changed(network(), covertness(known)) is from_suspected
        assert quiet.suspicion_changed(network(), covertness(known)) is from_quiet


def test_given_a_network_that_ends_then_its_last_alert_is_closed_once() -> None:
    writer = after_an_alert()

    closing = writer.close(network(), Lifecycle.ABSORBED, START + DAY, network(9, number=7))

    assert closing is not None
    assert (closing.revision, closing.lifecycle, closing.suggested_actions) == (2, Lifecycle.ABSORBED, [])
    assert closing.explanation.startswith("The network is now part of net-7")
    assert writer.close(network(), Lifecycle.RESOLVED, START + DAY, None) is None
