"""When a change of a network is reported."""

import pytest

from detectors.accounts import AccountStore
from detectors.alerts.alert_record import RunState
from detectors.alerts.alerting import AlertWriter
from detectors.alerts.co_share_count import CoShareCount
from detectors.cases.case_book import CaseFacts
from detectors.config import DetectionConfig
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import covertness
from detectors.covertness.network_context import NetworkContext
from schemas.alerts import ChangeKind, RelatedNetwork
from schemas.networks import Lifecycle
from tests.detectors.alerts.network_samples import DAY, START, context, facts, member, network

STRONG = {"registry_followers": 1e-9}
CASE = CaseFacts("case-1", [])


def assessment(known: NetworkContext) -> Assessment:
    return Assessment(known, covertness(known), None)


def after_an_alert(members: int = 8, **chances: float) -> AlertWriter:
    """A writer that reported network 1 at `START`."""
    writer = AlertWriter(DetectionConfig(), "0", "replay", "run")
    accounts = AccountStore()
    accounts.names.extend(f"x:a{number}" for number in range(members))
    known = context(**chances)
    known = NetworkContext((member(),) * members, known.obscurity, known.answers, known.open_share)
    writer.write(
        facts(members),
        assessment(known),
        accounts,
        CASE,
        Lifecycle.OPENED,
        RunState(START, 9.0, {"posts": 1}, 0),
    )
    return writer


@pytest.mark.parametrize(
    ("members", "lifecycle", "after_s", "expected"),
    [
        (10, Lifecycle.UPDATED, 600, True),  # a quarter more
        (9, Lifecycle.UPDATED, 600, False),
        (9, Lifecycle.UPDATED, DAY - 1, False),
        (9, Lifecycle.UPDATED, DAY, True),
        (7, Lifecycle.UPDATED, DAY, False),  # who left may come back
        (7, Lifecycle.UPDATED, 7 * DAY - 1, False),
        (7, Lifecycle.UPDATED, 7 * DAY, True),
        (8, Lifecycle.UPDATED, 9 * DAY, False),
        (7, Lifecycle.SPLIT, 600, True),
        (8, Lifecycle.SPLIT, 600, False),
        (8, Lifecycle.MERGED, 600, True),
    ],
)
def test_given_a_change_of_members_then_it_is_reported_when_it_is_large_or_has_lasted(
    members: int, lifecycle: Lifecycle, after_s: int, expected: bool
) -> None:
    assert after_an_alert().needs_alert(network(members), lifecycle, START + after_s) is expected


def test_given_a_network_without_an_alert_then_it_is_reported() -> None:
    writer = after_an_alert()

    assert writer.needs_alert(network(3, number=2), Lifecycle.UPDATED, START)
    assert writer.last_alert(network(3, number=2)) is None
    last = writer.last_alert(network())
    assert last is not None
    assert last.at == START


def test_given_another_strong_term_or_another_suspicion_then_it_has_changed() -> None:
    suspected, quiet = after_an_alert(**STRONG), after_an_alert(registry_followers=1.0)

    assert suspected.is_suspected(network())
    assert not quiet.is_suspected(network())
    for known, from_suspected, from_quiet in (
        (context(**STRONG), False, True),
        (context(registry_followers=1.0), True, False),
        (context(**STRONG, unattributed_copies=1e-9), True, True),
    ):
        assert suspected.suspicion_changed(network(8), covertness(known), START + 600) is from_suspected
        assert quiet.suspicion_changed(network(8), covertness(known), START + 600) is from_quiet


def test_given_a_network_that_ends_then_its_last_alert_is_closed_once() -> None:
    writer = after_an_alert()

    closing = writer.close(network(), Lifecycle.ABSORBED, START + DAY, network(9, number=7), "case-0")

    assert closing is not None
    assert (closing.revision, closing.lifecycle, closing.suggested_actions) == (2, Lifecycle.ABSORBED, [])
    assert closing.explanation.startswith("The network is now part of net-7")
    assert (closing.successor_id, closing.case_id) == ("net-7", "case-0")
    assert closing.changes is not None
    assert closing.changes.kinds == [ChangeKind.CASE, ChangeKind.LIFECYCLE]
    assert closing.changes.summary == "net-7 took it in. It turned out to belong to case-0; it was case-1."
    assert writer.close(network(), Lifecycle.RESOLVED, START + DAY, None, "case-1") is None


def test_given_more_objects_later_co_shares_or_other_members_then_the_last_alert_is_stale() -> None:
    writer = after_an_alert()
    seen = facts().co_shared

    assert not writer.stale(network(8), seen)
    assert writer.stale(network(7), seen)
    assert writer.stale(network(8), CoShareCount(seen.objects + 1, seen.latest, seen.kinds))
    assert writer.stale(network(8), CoShareCount(seen.objects, seen.latest + 1, seen.kinds))
    # evidence that has aged is no news
    assert not writer.stale(network(8), CoShareCount(0, 0, frozenset()))


def test_given_a_kind_of_trace_that_is_new_then_it_is_reported_after_a_day() -> None:
    writer = after_an_alert()
    seen = CoShareCount(9, START, frozenset({"text"}))

    assert writer.kind_gained(network(8), seen, START + DAY)
    assert not writer.kind_gained(network(8), seen, START + DAY - 1)
    assert not writer.kind_gained(network(8), CoShareCount(9, START, frozenset()), START + DAY)


def test_given_less_severity_then_it_is_reported_after_a_week_and_more_at_once() -> None:
    writer = after_an_alert(**STRONG, unattributed_copies=1e-9)
    weaker = covertness(context(**STRONG))

    assert not writer.suspicion_changed(network(8), weaker, START + 6 * DAY)
    assert writer.suspicion_changed(network(8), weaker, START + 7 * DAY)
    assert after_an_alert(**STRONG).suspicion_changed(
        network(100), covertness(context(**STRONG, unattributed_copies=1e-9)), START + 600
    )


def test_given_another_case_or_another_network_in_it_then_the_case_has_changed() -> None:
    writer = after_an_alert()
    other = RelatedNetwork(network_id="net-2", jaccard=0.0, reason="They share 9 objects.")

    assert not writer.case_changed(network(8), CASE)
    assert writer.case_changed(network(8), CaseFacts("case-0", []))
    assert writer.case_changed(network(8), CaseFacts("case-1", [other]))
