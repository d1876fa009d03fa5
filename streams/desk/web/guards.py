"""What happens to every request before a page is made, and to every answer after: who comes, and what may be sent.

- The header `Host` must be one of the desk's. So a name that an attacker points at 127.0.0.1 leads nowhere.
- What is sent must come from a page of the desk: by `Origin`, `Sec-Fetch-Site`, and a token in the form.
- No answer may run a script or load anything but the desk's own files, be framed, or be kept by a cache.
"""

import asyncio
import sys
import traceback

from aiohttp import web
from aiohttp.typedefs import Handler

from schemas.errors import LockstepError
from streams.desk.verdicts.verdict import MOST_NAME
from streams.desk.web.desk import ReviewDesk, Visit
from streams.desk.web.forms import form_of, see_other
from streams.desk.web.session import LASTS_S, Session
from streams.outputs.plain_text import plain

_VISIT = "lockstep.visit"
_WRONG_TOKEN_S = 1.0
"""Seconds until a wrong token is answered, one at a time. With 20 characters it would take for ever to guess."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not `no-referrer`: browsers would then hide from us where a form comes from
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "Lockstep",
}
_OPEN = ("/sign-in", "/static/")
"""What may be seen before signing in."""
_SAID = {
    400: "The desk cannot make sense of this request.",
    404: "There is no such page.",
    405: "This page takes nothing of that kind.",
    413: "That is more than the desk takes at a time.",
}


def visit_of(request: web.Request) -> Visit:
    """Who sent a request that the guards have let in."""
    visit: Visit = request[_VISIT]
    return visit


class Guards:
    """The guards of one desk."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk
        self._wrong = asyncio.Lock()

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or say why not."""
        response = await self._answered(request, handler)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        access = self._desk.access
        if request.headers.get("Host", "").lower() not in access.hosts:
            return web.Response(
                status=421, text="The desk does not answer to this name. desk.origins lists its names.\n"
            )
        visit, is_new = self._visit(request)
        if visit is None:
            return web.Response(
                status=403, text="The reverse proxy does not say who comes, or is not one that is believed.\n"
            )
        request[_VISIT] = visit
        try:
            if refused := await self._refused(request, visit):
                return self._fault(visit, 403, refused)
            if not visit.session.entered and not request.path.startswith(_OPEN):
                return self._remembered(request, see_other("/sign-in", next=request.path_qs), visit.session)
            response: web.StreamResponse = await handler(request)
        except web.HTTPException as fault:
            response = self._fault(visit, fault.status, _SAID.get(fault.status, fault.reason))
        except LockstepError as fault:
            response = self._fault(visit, 422, str(fault))
        except Exception as fault:
            place = traceback.extract_tb(fault.__traceback__)[-1]
            sys.stderr.write(
                f"desk: {request.path}: {type(fault).__name__} at {place.filename}:{place.lineno}\n"
            )
            response = self._fault(visit, 500, "The desk has a fault; its messages name the place.")
        return self._remembered(request, response, visit.session) if is_new else response

    async def sign_in_page(self, request: web.Request) -> web.StreamResponse:
        """The page on which reviewers say who they are."""
        return self._sign_in_page(visit_of(request), request.query.get("next", "/"))

    def _sign_in_page(self, visit: Visit, after: str, wrong: str | None = None) -> web.Response:
        asks = self._desk.access.token is not None and not visit.session.entered
        return self._desk.page(
            "sign_in.html.j2", visit, 403 if wrong else 200, after=after, asks=asks, wrong=wrong
        )

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Let a reviewer in who knows the token, where one is asked for."""
        visit, form = visit_of(request), await form_of(request)
        after = form.one("next")
        if not visit.may_leave:
            return see_other("/")
        if self._desk.access.token is not None and not visit.session.entered:
            async with self._wrong:
                if not self._desk.access.is_token(form.one("token").strip()):
                    await asyncio.sleep(_WRONG_TOKEN_S)
                    return self._sign_in_page(visit, after, "This is not the token.")
        name, role = (plain(form.one(field)) for field in ("name", "role"))
        if not 0 < len(name) <= MOST_NAME or not 0 < len(role) <= MOST_NAME:
            return self._sign_in_page(
                visit, after, f"Give a name and a role of at most {MOST_NAME} characters."
            )
        session = self._desk.sessions.begin(name, role, entered=True)
        # a path of the desk and nothing else: `//host` would lead elsewhere
        local = after.startswith("/") and not after.startswith(("//", "/\\"))
        return self._remembered(request, see_other(after if local else "/"), session)

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """Forget who a browser belongs to."""
        response = see_other("/sign-in")
        response.del_cookie(self._cookie(request), httponly=True, samesite="Strict")
        return response

    def _visit(self, request: web.Request) -> tuple[Visit | None, bool]:
        """Who comes, and whether the browser has to be given a cookie; None: nobody may come this way."""
        desk, access = self._desk, self._desk.access
        known = desk.sessions.read(request.cookies.get(self._cookie(request), ""))
        if access.user_header is not None:
            name = access.named_by_proxy(request.remote, request.headers)
            if name is not None:
                if known is not None and known.name == name and known.entered:
                    return Visit(known, may_leave=False), False
                return Visit(desk.sessions.begin(name, entered=True), may_leave=False), True
            if access.token is None:
                return None, False
        if known is not None:
            return Visit(known, may_leave=True), False
        return Visit(desk.sessions.begin(access.name, entered=bool(access.name)), may_leave=True), True

    async def _refused(self, request: web.Request, visit: Visit) -> str | None:
        """Why something that was sent is not taken; None: it is taken, or nothing was sent."""
        if request.method in ("GET", "HEAD"):
            return None
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in self._desk.access.origins:
            return "This was sent from another site, so it is not taken."
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return "This was sent from another site, so it is not taken."
        if request.content_type != "application/x-www-form-urlencoded":
            return "The desk takes forms alone."
        form = await form_of(request)
        if not self._desk.sessions.is_form_token(visit.session, form.one("form_token")):
            return (
                "This form is of an earlier session, so nothing was recorded. Go back, copy what you wrote, and load "
                "the page anew."
            )
        return None

    def _fault(self, visit: Visit, status: int, message: str) -> web.Response:
        return self._desk.page("fault.html.j2", visit, status, message=message)

    def _cookie(self, request: web.Request) -> str:
        # browsers keep cookies by host and not by port, and two desks may run on one machine
        return f"lockstep-desk-{request.host.rpartition(':')[2]}".replace(".", "-")

    def _remembered(
        self, request: web.Request, response: web.StreamResponse, session: Session
    ) -> web.StreamResponse:
        response.set_cookie(
            self._cookie(request),
            self._desk.sessions.cookie(session),
            max_age=LASTS_S,
            httponly=True,
            samesite="Strict",
            secure=self._desk.access.secure,
        )
        return response
