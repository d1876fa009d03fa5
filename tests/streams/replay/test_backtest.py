"""Backtest figures against cases counted by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest

from schemas.alerts import Alert
from schemas.networks import Lifecycle, Member, MemberRole
from streams.reference_files.labels import Labels
from streams.replay.backtest import BacktestScores, average_precision
from tests.schemas.samples import MINIMAL

START = datetime(2023, 2, 14, tzinfo=UTC)


def alert(network: str, members: dict[str, float], coordination: float, **more: Any) -> Alert:
    named = [
        Member(account_id=name, role=MemberRole.CORE, membership=value, first_seen=START, last_seen=START)
        for name, value in members.items()
    ]
    return msgspec.structs.replace(
        MINIMAL["alert"],
        network_id=network,
        coordination=coordination,
        **{"members": named, "member_count": len(named), "lifecycle": Lifecycle.OPENED, **more},
    )


def posts(*rows: tuple[str, int]) -> pl.DataFrame:
    names = [name for name, _ in rows]
    return pl.DataFrame(
        {
            "account": names,
            "account_id": [name.partition(":")[2] for name in names],
            "created_at": [int(START.timestamp()) + at for _, at in rows],
        }
    )


def keeper(**labels: str) -> BacktestScores:
    return BacktestScores(Labels(labels, "io"))


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def test_precision_recall_and_purity_are_over_labelled_accounts() -> None:
    scores = keeper(a="io", b="io", c="organic", d="io", e="organic")
    scores.add_alert(alert("n1", {"x:a": 1.0, "x:c": 0.5, "x:stranger": 1.0}, 0.8), at(1))
    scores.add_alert(alert("n2", {"x:b": 1.0}, 0.9), at(2))
    figures = scores.account_figures()
    assert (figures.found, figures.labelled, figures.positive) == (3, 5, 3)
    assert figures.precision == pytest.approx(2 / 3)
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.f1 == pytest.approx(2 / 3)
    # ranked: b .9 (right), a .8 (right), c .4 (wrong), then d and e together at 0
    assert figures.average_precision == pytest.approx(1 / 3 + 1 / 3 + (1 / 3) * (3 / 5))
    networks = scores.network_figures()
    assert (networks.count, networks.labelled_accounts) == (2, 3)
    assert networks.purity == pytest.approx(2 / 3)


def test_only_the_last_alert_of_a_network_counts() -> None:
    scores = keeper(a="io", b="io")
    scores.add_alert(alert("n", {"x:a": 1.0}, 0.8), at(1))
    scores.add_alert(alert("n", {"x:b": 1.0}, 0.8), at(2))
    assert scores.account_figures().found == 1
    # b was late, but a was ever a member, so both have been detected
    scores.add_posts(posts(("x:a", 0), ("x:b", 3_600), ("x:b", 7_000)))
    assert scores.time_to_detection().p50 == 3_600
    assert scores.time_to_detection().p90 == 3_600


def test_a_closed_network_counts_and_one_merged_into_another_does_not() -> None:
    scores = keeper(a="io", b="io")
    for network, account in (("closed", "x:a"), ("merged", "x:b")):
        scores.add_alert(alert(network, {account: 1.0}, 0.5), at(1))
    ending = alert("closed", {"x:a": 1.0}, 0.5, lifecycle=Lifecycle.RESOLVED)
    scores.add_alert(ending, at(900))
    scores.add_alert(alert("merged", {"x:b": 1.0}, 0.5, lifecycle=Lifecycle.ABSORBED), at(2))
    assert scores.account_figures().recall == 0.5
    assert scores.network_figures().count == 1


def test_members_that_an_alert_has_no_room_to_name_are_found_too() -> None:
    scores = keeper(a="io", b="io")
    crowded = alert("n", {"x:a": 0.5}, 1.0, member_count=2)
    scores.add_alert(crowded, at(1), unnamed=["x:b"])
    closed = msgspec.structs.replace(crowded, lifecycle=Lifecycle.RESOLVED)
    scores.add_alert(closed, at(2))
    assert scores.account_figures().recall == 1.0


def test_times_are_event_times_from_the_first_post() -> None:
    scores = keeper(a="io", b="io", c="organic")
    scores.add_posts(posts(("x:a", 600), ("x:c", 700), ("x:stranger", 800)))
    scores.add_posts(posts(("x:a", 900), ("x:b", 1_000)))
    mixed = alert("mixed", {"x:a": 1.0, "x:c": 1.0}, 0.5)
    scores.add_alert(mixed, at(1))  # half is not the greater part
    scores.add_alert(alert("right", {"x:b": 1.0}, 0.5), at(2))
    assert scores.time_to_detection().p50 == pytest.approx((3_000 + 6_200) / 2)
    assert scores.time_to_detection().p90 == pytest.approx(3_000 + 0.9 * 3_200)
    assert scores.first_detection_s(int(START.timestamp())) == 7_200
    assert scores.account_figures().without_posts == 0


def test_when_nothing_is_found_then_what_has_no_meaning_is_absent() -> None:
    scores = keeper(a="io", b="organic")
    figures = scores.account_figures()
    assert (figures.precision, figures.recall, figures.f1) == (None, 0.0, None)
    assert figures.average_precision == 0.5  # both at 0: precision of all of them
    assert figures.without_posts == 2
    assert scores.network_figures().purity is None
    assert scores.time_to_detection().p50 is None
    assert scores.first_detection_s(0) is None


def test_a_label_with_its_platform_goes_before_the_bare_one() -> None:
    labels = Labels({"x:1": "io", "1": "organic", "did:plc:z": "io"}, "io")
    assert labels.entry("x:1") == "x:1"
    assert labels.entry("fb:1") == "1"
    assert labels.entry("bluesky:did:plc:z") == "did:plc:z"
    assert labels.entry("x:2") is None


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([3, 2, 1], [True, True, False], 1.0),
        ([3, 2, 1], [False, False, True], 1 / 3),
        ([1, 1, 1, 1], [True, False, False, True], 0.5),
        ([2, 2, 1], [True, False, True], 0.5 * 0.5 + 0.5 * 2 / 3),
        ([5], [True], 1.0),
    ],
)
def test_average_precision_takes_equal_scores_together(
    scores: list[float], positive: list[bool], expected: float
) -> None:
    assert average_precision(scores, positive) == pytest.approx(expected)
    assert average_precision(scores[::-1], positive[::-1]) == pytest.approx(expected)
