"""The queue: cases to look at, suspects first, filtered and in pages."""

from aiohttp import web

from streams.desk.cases.filters import CHOICES, ORDERS, SHOWN, QueueFilter, queue_page
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.guards import visit_of


class QueuePages:
    """The queue of one desk, and whether it has changed."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk

    async def show(self, request: web.Request) -> web.StreamResponse:
        """A page of the queue, by the filter in its address."""
        desk, visit = self._desk, visit_of(request)
        desk.refresh()
        wanted = QueueFilter.of(request.query)
        page = queue_page(desk.board, wanted, page_number(request), visit.session.name)
        platforms = sorted({name for row in desk.board.rows.values() for name in row.platforms})
        return desk.page(
            "queue.html.j2",
            visit,
            wanted=wanted,
            page=page,
            state=desk.board.state,
            rules=desk.board.rules(),
            review=desk.board.review,
            total=len(desk.board.rows),
            choices=CHOICES,
            shown=SHOWN,
            orders=ORDERS,
            platforms=platforms,
            assignees=desk.board.assignees(),
            filters=desk.filters.all(),
        )

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """The edition of the desk. Pages ask for it every few seconds, and load parts anew when it is another."""
        self._desk.refresh()
        return web.json_response({"version": self._desk.edition})


def page_number(request: web.Request) -> int:
    """The page that an address asks for; the first if that makes no sense."""
    text = request.query.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
