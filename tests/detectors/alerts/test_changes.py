"""What changed since the alert before: in data, and in words."""

from typing import Any

import msgspec
import pytest

from detectors.alerts.findings import found_together
from detectors.alerts.last_alert import LastAlert, changes
from schemas.alerts import Alert, ChangeKind, Changes, RelatedNetwork, Severity, Suppression
from schemas.evidence import ScoreTerm
from schemas.networks import Lifecycle
from tests.detectors.alerts.network_samples import context, facts
from tests.schemas.samples import FULL

NAMES = [f"x:a{number:02}" for number in range(60)]
BEFORE: Alert = msgspec.structs.replace(
    FULL["alert"],
    lifecycle=Lifecycle.OPENED,
    covertness=0.2,
    covertness_terms=[],
    severity=Severity.INFO,
    suppression=None,
    related_networks=[],
    member_count=5,
)


def found(members: range = range(5), *, quiet: bool = False, **changed: Any) -> Changes:
    last = LastAlert(
        revision=1,
        members=set(range(5)),
        ever=set(range(5)),
        at=0,
        suspected=False,
        strong=set(),
        quiet=False,
        kinds=set(),
        found=found_together(facts(), context(), 0),
        latest=9,
        alert=BEFORE,
        peripheral={},
    )
    alert = msgspec.structs.replace(BEFORE, **({"lifecycle": Lifecycle.UPDATED} | changed))
    return changes(last, alert, members, NAMES, quiet=quiet)


def strong(name: str) -> ScoreTerm:
    return ScoreTerm(name=name, value=0.7, weight=1.0, summary="-")


def test_the_first_alert_says_that_it_is_the_first() -> None:
    first = changes(None, BEFORE, range(5), NAMES, quiet=False)
    assert first.kinds == [ChangeKind.FIRST]
    assert (first.members_before, first.severity_before) == (None, None)


def test_given_members_that_joined_and_left_then_all_are_counted_and_ten_named() -> None:
    change = found(range(2, 30))
    assert change.kinds == [ChangeKind.MEMBERS]
    assert (change.members_before, change.joined, change.left) == (5, 25, 2)
    assert change.joined_ids == NAMES[5:15]
    assert change.left_ids == NAMES[:2]
    assert change.summary == (
        "25 accounts joined: x:a05, x:a06, x:a07 and 22 more. 2 accounts left: x:a00 and x:a01."
    )


SUSPECTED = {
    "covertness": 0.8,
    "severity": Severity.MEDIUM,
    "covertness_terms": [strong("obscurity"), strong("hidden_mentions")],
}


@pytest.mark.parametrize(
    ("changed", "kinds", "words"),
    [
        (
            {},
            [ChangeKind.FIGURES],
            "Nothing but times, objects and counts changed: more of the same was seen.",
        ),
        (
            SUSPECTED,
            [ChangeKind.CONTEXT, ChangeKind.SUSPICION, ChangeKind.SEVERITY],
            "Now suspected to be covert: covertness 0.80, it was covertness 0.20. Severity is medium, it was info. "
            "Now strong: obscurity and hidden mentions.",
        ),
        ({"signals": []}, [ChangeKind.SIGNALS], "Signals no longer seen: co share.text."),
        (
            {"lifecycle": Lifecycle.MERGED, "predecessor_ids": ["n0", "net-9"]},
            [ChangeKind.LIFECYCLE],
            "It took in net-9.",
        ),
        (
            {"suppression": Suppression(rule_id="r\u202e1", reason="a club")},
            [ChangeKind.SUPPRESSION],
            "The rule r1 mutes it.",
        ),
        (
            {
                "case_id": "case-0",
                "related_networks": [RelatedNetwork(network_id="net-4", jaccard=0.0, reason="-")],
            },
            [ChangeKind.CASE],
            "It turned out to belong to case-0; it was case-1. In the same case now: net-4.",
        ),
    ],
)
def test_each_kind_of_change_has_its_words(
    changed: dict[str, Any], kinds: list[ChangeKind], words: str
) -> None:
    change = found(**changed)
    assert (change.kinds, change.summary) == (kinds, words)
    assert (change.covertness_before, change.severity_before) == (0.2, Severity.INFO)


def test_given_members_that_stop_posting_then_that_is_the_change() -> None:
    change = found(quiet=True, lifecycle=Lifecycle.QUIET)
    assert (change.kinds, change.summary) == ([ChangeKind.LIFECYCLE], "Its members have stopped posting.")
