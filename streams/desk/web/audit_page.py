"""The audit log: who decided what about which network, when and why; to read, and to take away."""

import io
from collections.abc import Sequence

import msgspec
import polars as pl
from aiohttp import web

from schemas.reviews import ReviewEvent, ReviewKind
from streams.desk.cases.board import Board
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.guards import visit_of
from streams.desk.web.queue_page import page_number
from streams.exports.csv_tables import write_csv

_PAGE_SIZE = 100
_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "at": pl.Datetime("us", "UTC"),
    "actor": pl.String,
    "role": pl.String,
    "kind": pl.String,
    "network_id": pl.String,
    "label": pl.String,
    "assignee": pl.String,
    "account_ids": pl.List(pl.String),
    "expires_at": pl.Datetime("us", "UTC"),
    "reason": pl.String,
    "event_id": pl.String,
    "reverses_event_id": pl.String,
    "seen_event_id": pl.String,
    "alert_id": pl.String,
    "alert_revision": pl.Int64,
}


class AuditPage:
    """The log of one desk."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk

    async def show(self, request: web.Request) -> web.StreamResponse:
        """A page of the log, newest first, by the filter in its address."""
        self._desk.refresh()
        asked = {name: request.query.get(name, "")[:200] for name in ("actor", "kind", "network")}
        found = _found(self._desk.board, asked)[::-1]
        pages = max(1, -(-len(found) // _PAGE_SIZE))
        number = min(max(page_number(request), 1), pages)
        begin = (number - 1) * _PAGE_SIZE
        return self._desk.page(
            "audit.html.j2",
            visit_of(request),
            events=found[begin : begin + _PAGE_SIZE],
            found=len(found),
            number=number,
            pages=pages,
            asked=asked,
            kinds=[kind.value for kind in ReviewKind],
            assignees=self._desk.board.assignees(),
            review=self._desk.board.review,
        )

    async def as_json_lines(self, request: web.Request) -> web.StreamResponse:
        """The log as one review event a line, oldest first: what `lockstep replay --reviews` reads."""
        self._desk.refresh()
        lines = b"".join(msgspec.json.encode(event) + b"\n" for event in self._desk.board.audit())
        return _file(lines, "audit.jsonl", "application/x-ndjson")

    async def as_csv(self, request: web.Request) -> web.StreamResponse:
        """The log as a table, oldest first. No cell is run by a spreadsheet."""
        self._desk.refresh()
        rows = [
            {
                **msgspec.structs.asdict(event),
                "kind": event.kind.value,
                "label": event.label and event.label.value,
            }
            for event in self._desk.board.audit()
        ]
        table = io.BytesIO()
        write_csv(table, pl.DataFrame(rows, schema=_COLUMNS))
        return _file(table.getvalue(), "audit.csv", "text/csv")


def _found(board: Board, asked: dict[str, str]) -> Sequence[ReviewEvent]:
    return [
        event
        for event in board.audit()
        if asked["actor"] in ("", event.actor)
        and asked["kind"] in ("", event.kind.value)
        and asked["network"] in ("", event.network_id)
    ]


def _file(body: bytes, name: str, kind: str) -> web.Response:
    return web.Response(
        body=body,
        content_type=kind,
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
