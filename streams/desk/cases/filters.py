"""Which networks the queue shows: filters from the address of the page, and pages of what passes them.

A filter is a query string, so that it can be kept, sent to a colleague and opened again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import parse_qsl, urlencode

from detectors.reference.network_review import DISPUTED, ReviewState, ReviewStatus
from schemas.alerts import Severity
from schemas.reviews import ReviewLabel
from streams.desk.cases.board import Board
from streams.desk.cases.rows import STATES, Row

PAGE_SIZE = 25
"""Networks on a page. Chosen, not measured."""
_LONGEST = 200
"""Characters of a filter's text."""
_LONGEST_QUERY = 8_000
NOBODY = "-"
"""As assignee: nobody looks after the network."""
ME = "me"
"""As assignee: the reviewer who looks."""
NO_LABEL, AWAITS_SECOND = "none", "awaits_second"

SHOWN = {
    "": "open",
    "suspected": "suspected",
    "recorded": "recorded, not suspected",
    "muted": "muted",
    "closed": "closed or resolved",
    "all": "all",
}
"""Choices of `show`. Open: neither muted, nor closed by detection, nor resolved by a reviewer."""
ORDERS = {"": "suspects first", "newest": "newest posts", "size": "most accounts", "priority": "priority"}
CHOICES: dict[str, Sequence[str]] = {
    "severity": [severity.value for severity in reversed(Severity)],
    "covert": ["suspected", "not_suspected", "not_assessed"],
    "status": [status.value for status in ReviewStatus],
    "label": [*(label.value for label in ReviewLabel), DISPUTED, AWAITS_SECOND, NO_LABEL],
}
"""Choices of the fields that always have the same ones."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a queue shows; empty fields let everything pass."""

    q: str = ""
    """Words that must all be in the headline, explanation, ids or handles."""
    show: str = ""
    severity: str = ""
    covert: str = ""
    platform: str = ""
    status: str = ""
    assignee: str = ""
    label: str = ""
    order: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "QueueFilter":
        """Read a filter from the parameters of an address. A value that is no choice counts as empty."""
        values = {field.name: query.get(field.name, "").strip()[:_LONGEST] for field in fields(cls)}
        allowed = {**CHOICES, "show": list(SHOWN), "order": list(ORDERS)}
        for name, choices in allowed.items():
            if values[name] not in choices:
                values[name] = ""
        return cls(**values)

    @classmethod
    def of_query(cls, query: str) -> "QueueFilter":
        """Read a filter from what `query` has written."""
        return cls.of(dict(parse_qsl(query[:_LONGEST_QUERY])))

    def query(self, **more: str | int) -> str:
        """The parameters of an address that shows this filter, with `more` of them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)} | more
        return urlencode({name: value for name, value in values.items() if value != ""})

    @property
    def is_empty(self) -> bool:
        """Whether it is the queue as it opens."""
        return self == QueueFilter()

    def for_reviewer(self, name: str) -> "QueueFilter":
        """The filter with `me` replaced by a name."""
        return replace(self, assignee=name) if self.assignee == ME else self


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A case in the queue."""

    row: Row
    """The first of its networks that passes the filter."""
    others: Sequence[Row]
    """Its other networks, whether they pass or not."""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A part of the queue."""

    entries: Sequence[QueueEntry]
    found: int
    """Cases with a network that passes the filter."""
    number: int
    """From 1."""
    pages: int
    first: int
    """Place of the first entry among those found, from 1."""


def queue_page(board: Board, wanted: QueueFilter, number: int, me: str) -> QueuePage:
    """A page of the cases that pass a filter; the last page if there are fewer.

    Args:
        board: all networks.
        wanted: the filter.
        number: of the page, from 1.
        me: name of the reviewer who looks.
    """
    leading: dict[str, Row] = {}
    for row in matching(board, wanted, me):
        leading.setdefault(row.case_id, row)
    found = list(leading.values())
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(max(number, 1), pages)
    begin = (number - 1) * PAGE_SIZE
    entries = [
        QueueEntry(row, [other for other in board.case(row.case_id) if other is not row])
        for row in found[begin : begin + PAGE_SIZE]
    ]
    return QueuePage(entries, len(found), number, pages, begin + 1)


def matching(board: Board, wanted: QueueFilter, me: str) -> list[Row]:
    """All networks that pass a filter, in its order."""
    wanted = wanted.for_reviewer(me)
    words = wanted.q.lower().split()
    found = [row for row in board.ordered() if _passes(row, board.state(row.network_id), wanted, words)]
    key = _KEYS.get(wanted.order)
    return found if key is None else sorted(found, key=key)


_KEYS: dict[str, Callable[[Row], tuple[object, ...]]] = {
    "newest": lambda row: (-row.last.timestamp(), row.rank),
    "size": lambda row: (-row.members, row.rank),
    "priority": lambda row: (-row.priority, row.rank),
}


def _passes(row: Row, state: ReviewState, wanted: QueueFilter, words: Sequence[str]) -> bool:
    return (
        _is_shown(row, state, wanted.show)
        and wanted.severity in ("", row.severity)
        and wanted.covert in ("", row.covert)
        and (not wanted.platform or wanted.platform in row.platforms)
        and wanted.status in ("", state.status.value)
        and _is_assigned(state, wanted.assignee)
        and _is_labelled(state, wanted.label)
        and all(word in row.searched for word in words)
    )


def _is_shown(row: Row, state: ReviewState, show: str) -> bool:
    resolved = state.status is ReviewStatus.RESOLVED
    if show == "":
        return row.state in STATES[:2] and not resolved
    if show == "closed":
        return resolved or row.state == "closed"
    return show in ("all", row.state)


def _is_assigned(state: ReviewState, assignee: str) -> bool:
    return not assignee or state.assignee == (None if assignee == NOBODY else assignee)


def _is_labelled(state: ReviewState, label: str) -> bool:
    if label == AWAITS_SECOND:
        return state.awaits_second
    return not label or (state.standing or NO_LABEL) == label
