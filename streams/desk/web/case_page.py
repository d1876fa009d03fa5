"""The page of one network: the case as the report shows it, what reviewers said, and forms for the next verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from detectors.reference.network_review import NEEDS_SECOND
from schemas.alerts import Alert
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from streams.desk.cases.board import Board
from streams.desk.cases.filters import QueueFilter, matching
from streams.desk.verdicts.verdict import TERMS, end_of, new_event_id
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.guards import visit_of
from streams.reports.page.case import case_of
from streams.reports.report_posts import PostDetails


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event in the log of a network, as the page shows it."""

    event: ReviewEvent
    taken_back_by: ReviewEvent | None
    crossed: Sequence[ReviewEvent]
    """Verdicts of others that its reviewer had not seen."""
    may_be_undone: bool
    in_force: bool
    """Whether it makes a rule now."""


class CasePage:
    """The cases of one desk."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The case of the network that the address names."""
        self._desk.refresh()
        return self.page(request, request.query.get("network", ""))

    def page(
        self,
        request: web.Request,
        network_id: str,
        status: int = 200,
        wanted: QueueFilter | None = None,
        **more: object,
    ) -> web.StreamResponse:
        """The page of a network.

        Args:
            request: for it.
            network_id: the network.
            status: of the answer.
            wanted: the queue that the reviewer goes through; None: by the address.
            more: what else the page shows: `problem`, and what was asked for, to send again.
        """
        desk, visit = self._desk, visit_of(request)
        alert = desk.board.alert(network_id)
        review = desk.board.review(network_id)
        if alert is None and not review.events:
            return desk.page(
                "fault.html.j2", visit, 404, message="There is no network with this id, or it is no more."
            )
        row = desk.board.rows.get(network_id)
        wanted = wanted or QueueFilter.of(request.query)
        before, after = neighbours(desk.board, wanted, visit.session.name, network_id)
        state = desk.board.state(network_id)
        event_time = desk.board.event_time()
        return desk.page(
            "desk_case.html.j2",
            visit,
            status,
            address=f"/case?{wanted.query(network=network_id)}",
            network_id=network_id,
            alert=alert,
            case=None if alert is None else case_of(alert, desk.links, PostDetails()),
            row=row,
            siblings=[
                (other, _last(desk.board, other.network_id))
                for other in (desk.board.case(row.case_id) if row else ())
                if other is not row
            ],
            state=state,
            log=entries(desk.board, network_id),
            mute=_mute(desk.board, network_id),
            needs_me=state.awaits_second and visit.session.name not in (state.labels or {}),
            seen=_last(desk.board, network_id),
            next_event_id=new_event_id(),
            labels=[(label, label in NEEDS_SECOND) for label in ReviewLabel],
            terms=[(term, end_of(term, event_time)) for term in TERMS],
            event_time=event_time,
            assignees=desk.board.assignees(),
            wanted=wanted,
            before=before,
            after=after,
            accounts=_accounts(alert),
            **{"problem": None, "crossed": [], "again": None, **more},
        )


def entries(board: Board, network_id: str) -> list[LogEntry]:
    """The log of a network, newest first."""
    review, rules = board.review(network_id), board.rules()
    return [
        LogEntry(
            event,
            review.taken_back_by(event.event_id),
            review.crossed(event),
            event.reverses_event_id is None and review.taken_back_by(event.event_id) is None,
            event.event_id in rules,
        )
        for event in reversed(review.events)
    ]


def neighbours(board: Board, wanted: QueueFilter, me: str, network_id: str) -> tuple[str | None, str | None]:
    """The networks before and after one in a filtered queue; the first one of it if the network is not in it."""
    ids = [row.network_id for row in matching(board, wanted, me)]
    if network_id not in ids:
        return None, ids[0] if ids else None
    place = ids.index(network_id)
    return ids[place - 1] if place else None, ids[place + 1] if place + 1 < len(ids) else None


def _last(board: Board, network_id: str) -> str:
    """Id of the latest event of a network; empty if there is none."""
    events = board.review(network_id).events
    return events[-1].event_id if events else ""


def _mute(board: Board, network_id: str) -> tuple[str, datetime | None] | None:
    """Who mutes a network, by the log of reviews, and until when; None: nobody does."""
    for event_id, rule in board.rules().items():
        event = board.event(event_id)
        if event is not None and event.kind is ReviewKind.MUTE and event.network_id == network_id:
            return event.actor, rule.until
    return None


def _accounts(alert: Alert | None) -> list[tuple[str, str]]:
    """Members by key, with the name under which a reader knows them."""
    members = () if alert is None else alert.members
    return [
        (one.account_id, f"@{one.handle} ({one.account_id})" if one.handle else one.account_id)
        for one in members
    ]
