"""The web application: its addresses and guards."""

from collections.abc import Awaitable, Callable
from importlib import resources

from aiohttp import web

from streams.desk.web.acts import Acts
from streams.desk.web.audit_page import AuditPage
from streams.desk.web.case_page import CasePage
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.guards import Guards
from streams.desk.web.queue_page import QueuePages

MOST_BODY = 256 << 10
"""Bytes of a form that is sent: a thousand accounts and a long reason fit. Chosen, not measured."""
_FILES = {
    "report.css": ("streams.reports", "text/css"),
    "desk.css": ("streams.desk.web", "text/css"),
    "desk.js": ("streams.desk.web", "text/javascript"),
    "icon.svg": ("streams.desk.web", "image/svg+xml"),
}
"""What pages load, with the package that has it among its templates."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(desk: ReviewDesk) -> web.Application:
    """The application of a desk."""
    guards = Guards(desk)
    app = web.Application(client_max_size=MOST_BODY, middlewares=[guards.answer])
    queue, case, audit, acts = QueuePages(desk), CasePage(desk), AuditPage(desk), Acts(desk)
    app.router.add_get("/", queue.show)
    app.router.add_get("/changes", queue.changes)
    app.router.add_get("/case", case.show)
    app.router.add_get("/audit", audit.show)
    app.router.add_get("/audit.jsonl", audit.as_json_lines)
    app.router.add_get("/audit.csv", audit.as_csv)
    app.router.add_get("/sign-in", guards.sign_in_page)
    app.router.add_post("/sign-in", guards.sign_in)
    app.router.add_post("/sign-out", guards.sign_out)
    app.router.add_post("/verdict", acts.verdict)
    app.router.add_post("/filter", acts.filter)
    for name in _FILES:
        app.router.add_get(f"/static/{name}", _static(name))
    return app


def _static(name: str) -> Handler:
    package, kind = _FILES[name]
    body = (resources.files(package) / "templates" / name).read_bytes()

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return answer
