"""The board and its filters: which networks a queue shows, in what order, and what the latest word on each is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert, Severity
from schemas.networks import Lifecycle
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from streams.desk.cases.board import Board
from streams.desk.cases.filters import PAGE_SIZE, QueueFilter, matching, queue_page
from streams.desk.cases.record_store import RecordStore
from streams.desk.cases.terms import term_start
from streams.outputs.network_record import network_of
from tests.streams.desk.conftest import few_alerts
from tests.streams.reports.many_cases import many_alerts


@pytest.fixture
def board() -> Any:
    """Six networks, two of them suspected; two of the others are one case."""
    made = Board()
    for alert in few_alerts():
        take(made, alert)
    yield made
    made.close()


def take(board: Board, alert: Alert) -> bool:
    return board.take_alert(alert, msgspec.json.encode(alert))


def review(network: int, kind: ReviewKind, **more: Any) -> ReviewEvent:
    fields = {"event_id": f"{kind}-{network}", "actor": "ana", "at": datetime.now(UTC)} | more
    return ReviewEvent(
        alert_id="a", alert_revision=1, network_id=f"net-{network:06}", role="reviewer", kind=kind, reason="x", **fields
    )  # fmt: skip


def shown(board: Board, query: str = "", me: str = "ana") -> list[str]:
    return [row.network_id[-1] for row in matching(board, QueueFilter.of_query(query), me)]


def test_suspects_come_first_and_networks_of_a_case_are_one_entry(board: Board) -> None:
    assert shown(board) == list("012345")
    page = queue_page(board, QueueFilter(), 1, "ana")
    assert [entry.row.network_id[-1] for entry in page.entries] == list("01235")
    assert [[other.network_id[-1] for other in entry.others] for entry in page.entries] == [
        [], [], [], ["4"], [],
    ]  # fmt: skip


def test_a_later_revision_replaces_an_earlier_one_and_not_the_other_way_round(board: Board) -> None:
    first = few_alerts()[0]
    assert take(board, msgspec.structs.replace(first, revision=3, headline="later"))
    assert not take(board, msgspec.structs.replace(first, revision=2, headline="earlier"))
    found = board.alert("net-000000")
    assert found is not None and (found.revision, found.headline) == (3, "later")


def test_a_network_that_another_took_in_leaves_the_queue_and_its_reviews_stay(board: Board) -> None:
    board.take_review(review(0, ReviewKind.COMMENT))
    absorbed = msgspec.structs.replace(
        few_alerts()[0], revision=2, lifecycle=Lifecycle.ABSORBED, successor_id="net-000001"
    )
    take(board, absorbed)
    assert shown(board) == list("12345")
    assert board.alert("net-000000") is None
    assert len(board.audit()) == 1


def test_open_leaves_out_what_needs_nobody(board: Board) -> None:
    first = few_alerts()[1]
    take(board, msgspec.structs.replace(first, revision=2, lifecycle=Lifecycle.RESOLVED))
    board.take_review(review(2, ReviewKind.RESOLVE))
    assert shown(board) == list("0345")
    assert sorted(shown(board, "show=closed")) == ["1", "2"]
    assert len(shown(board, "show=all")) == 6


def test_each_filter_lets_through_what_it_names(board: Board) -> None:
    board.take_review(review(0, ReviewKind.ASSIGN, assignee="ben"))
    board.take_review(review(1, ReviewKind.LABEL, label=ReviewLabel.CONFIRMED_INAUTHENTIC))
    board.take_review(review(2, ReviewKind.ESCALATE))
    take(board, msgspec.structs.replace(few_alerts()[5], revision=2, severity=Severity.LOW, covertness=None))
    for query, expected in {
        "assignee=ben": "0", "assignee=-": "12345", "label=confirmed_inauthentic": "1", "label=awaits_second": "1",
        "label=none": "02345", "status=escalated": "2", "status=new": "345", "severity=low": "5",
        "covert=not_assessed": "5", "covert=suspected": "01", "platform=tiktok": "", "q=NET-000003": "3",
        "q=noticias_20001": "1", "q=noticias_20001+net-000000": "", "nothing=of+that": "012345",
    }.items():  # fmt: skip
        assert shown(board, query) == list(expected), query
    assert shown(board, "assignee=me", "ben") == ["0"]


def test_a_label_that_expires_stops_to_count_by_itself(board: Board) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    board.take_review(review(1, ReviewKind.LABEL, label=ReviewLabel.NOT_COORDINATED, expires_at=soon))
    while datetime.now(UTC) < soon:
        assert board.state("net-000001").standing in ("not_coordinated", None)
    assert board.state("net-000001").standing is None


def test_a_filter_is_the_same_after_a_round_trip() -> None:
    wanted = QueueFilter(q="a&b=c d", show="all", severity="high", assignee="ana & ben", order="size")
    assert QueueFilter.of_query(wanted.query()) == wanted
    assert QueueFilter.of_query("severity=none&show=x&order=y&status=z") == QueueFilter()


def test_pages_are_cut_and_numbers_beyond_the_last_are_the_last() -> None:
    board = Board()
    for alert in many_alerts(PAGE_SIZE + 3, 3 * PAGE_SIZE + 9):
        take(board, alert)
    pages = [queue_page(board, QueueFilter(), number, "ana") for number in (0, 1, 2, 99)]
    assert [(page.number, page.first, len(page.entries)) for page in pages] == [
        (1, 1, PAGE_SIZE), (1, 1, PAGE_SIZE), (2, PAGE_SIZE + 1, 3), (2, PAGE_SIZE + 1, 3),
    ]  # fmt: skip
    board.close()


def test_a_case_has_all_ties_of_the_network_of_its_revision(board: Board) -> None:
    whole = few_alerts()[0]
    take(board, msgspec.structs.replace(whole, ties=[], evidence=whole.evidence[:1], evidence_left_out=14))
    network = network_of(whole)
    board.take_network(network, msgspec.json.encode(network))
    found = board.alert("net-000000")
    assert found is not None
    assert (len(found.ties), len(found.evidence), found.evidence_left_out) == (
        len(whole.ties),
        len(whole.evidence),
        0,
    )


def test_a_store_gives_back_the_latest_and_writes_itself_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.desk.cases.record_store._WASTE", 1_000)
    store = RecordStore()
    for round_ in range(50):
        for key in ("a", "b"):
            store.put(key, f"{key}{round_}".encode() * 50)
    assert store.get("a") == b"a49" * 50
    assert store.get("b") == b"b49" * 50
    store.drop("a")
    assert (store.get("a"), len(store)) == (None, 1)
    store._file.seek(0, 2)
    assert store._file.tell() < 3_000, "what was replaced takes no place for ever"
    store.close()


def test_a_term_counts_from_the_clock_or_from_the_newest_post_of_an_old_dump() -> None:
    now = datetime.now(UTC)
    assert abs(term_start(None) - now) < timedelta(seconds=5)
    assert abs(term_start(now - timedelta(days=3)) - now) < timedelta(seconds=5)
    assert term_start(datetime(2023, 2, 14, tzinfo=UTC)) == datetime(2023, 2, 14, tzinfo=UTC)
