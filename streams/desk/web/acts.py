"""What reviewers send: verdicts, and filters to keep."""

from aiohttp import web

from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from streams.desk.cases.filters import QueueFilter
from streams.desk.verdicts.verdict import (
    Decision,
    JudgedNetwork,
    VerdictError,
    end_of,
    event_of,
    is_repeat,
    new_event_id,
    taking_back,
)
from streams.desk.web.case_page import CasePage
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.forms import Form, form_of, see_other
from streams.desk.web.guards import visit_of

_TAKEN_BACK = "undo"
_KINDS = {
    kind.value: kind
    for kind in (
        ReviewKind.ACKNOWLEDGE,
        ReviewKind.ASSIGN,
        ReviewKind.ESCALATE,
        ReviewKind.COMMENT,
        ReviewKind.LABEL,
        ReviewKind.MUTE,
        ReviewKind.UNMUTE,
        ReviewKind.ALLOW,
        ReviewKind.DISALLOW,
        ReviewKind.RESOLVE,
        ReviewKind.REOPEN,
    )
}
"""What the forms of a case can ask for, beside taking back."""
_MOST_NETWORKS = 200
"""Networks of a case that one verdict can be about."""


class Acts:
    """Takes what reviewers of one desk send."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk
        self._cases = CasePage(desk)

    async def verdict(self, request: web.Request) -> web.StreamResponse:
        """Record a verdict on a network, or on all networks of its case.

        If others have decided something meanwhile that the reviewer had not seen, nothing is recorded: the page shows
        it, and the reviewer decides again.
        """
        desk, form = self._desk, await form_of(request)
        desk.refresh()
        network_id = form.one("network_id")
        wanted = QueueFilter.of_query(form.one("filter"))
        try:
            events = self._events(request, form, network_id)
            for event in events:
                known = desk.board.event(event.event_id)
                if known is not None and not is_repeat(event, known):
                    form = Form({**form.fields, "event_id": [new_event_id()]})
                    raise VerdictError("This page has been used for another verdict already. Send it again.")
            seen = {network_id: form.one("seen") or None}
            for sibling in form.all("sibling"):
                other, _, last = sibling.partition(" ")
                seen[other] = last or None
            crossed = await desk.log.record(events, seen)
        except VerdictError as error:
            return self._cases.page(
                request, network_id, 422, problem=str(error), again=_again(form), wanted=wanted
            )
        if crossed:
            return self._cases.page(
                request, network_id, 409, crossed=crossed, again=_again(form), wanted=wanted
            )
        if form.one("then") == "queue":
            return web.Response(status=303, headers={"Location": f"/?{wanted.query()}"})
        return web.Response(status=303, headers={"Location": f"/case?{wanted.query(network=network_id)}#log"})

    def _events(self, request: web.Request, form: Form, network_id: str) -> list[ReviewEvent]:
        """The events of a form, one for each network."""
        by = visit_of(request).reviewer
        networks = [network_id]
        if form.one("whole_case"):
            networks += [sibling.partition(" ")[0] for sibling in form.all("sibling")]
        event_id = form.one("event_id")
        verdict = self._verdict(form, network_id)
        return [
            event_of(
                verdict,
                self._subject(one),
                by,
                event_id=f"{event_id}.{number}" if number else event_id,
                seen=(form.one("seen") or None) if one == network_id else self._last(one),
            )
            for number, one in enumerate(dict.fromkeys(networks[:_MOST_NETWORKS]))
        ]

    def _verdict(self, form: Form, network_id: str) -> Decision:
        """What a form asks for.

        Raises:
            VerdictError: it asks for nothing that there is.
        """
        kind, reason = form.one("kind"), form.one("reason").replace("\r\n", "\n")
        if kind == _TAKEN_BACK:
            return taking_back(self._desk.board.review(network_id), form.one("reverses"), reason)
        if kind not in _KINDS:
            raise VerdictError("Choose what to do.")
        label = form.one("label")
        if label and label not in set(ReviewLabel):
            raise VerdictError("There is no such label.")
        ends = form.one("until_at") or form.one("until")
        accounts = [name for text in form.all("accounts") for name in text.split()] + form.all("account")
        return Decision(
            _KINDS[kind],
            reason,
            label=ReviewLabel(label) if label else None,
            assignee=form.one("assignee").strip() or None if kind == ReviewKind.ASSIGN else None,
            account_ids=accounts,
            expires_at=end_of(ends, self._desk.board.event_time()),
        )

    def _subject(self, network_id: str) -> JudgedNetwork:
        row = self._desk.board.rows.get(network_id)
        if row is not None:
            return JudgedNetwork(network_id, row.alert_id, row.revision)
        events = self._desk.board.review(network_id).events
        if not events:
            raise VerdictError(f"There is no network {network_id}.")
        return JudgedNetwork(network_id, events[-1].alert_id, events[-1].alert_revision)

    def _last(self, network_id: str) -> str | None:
        events = self._desk.board.review(network_id).events
        return events[-1].event_id if events else None

    async def filter(self, request: web.Request) -> web.StreamResponse:
        """Keep a filter under a name, or delete one."""
        form = await form_of(request)
        if form.one("delete"):
            self._desk.filters.delete(form.one("delete"))
            return see_other("/")
        query = QueueFilter.of_query(form.one("filter")).query()
        self._desk.filters.save(form.one("name"), query, visit_of(request).session.name)
        return web.Response(status=303, headers={"Location": f"/?{query}"})


def _again(form: Form) -> list[tuple[str, str]]:
    """The fields of a form, to be sent again; those that belong to the session or the log are filled in anew."""
    left_out = {"form_token", "seen", "sibling", "filter"}
    return [(name, value) for name, values in form.fields.items() if name not in left_out for value in values]
