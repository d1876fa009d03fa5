"""A verdict of a reviewer on one network, checked and made into a review event."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from detectors.reference.network_review import NetworkReview
from schemas.errors import LockstepError
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from schemas.values import account_name

MOST_REASON = 2_000
"""Characters of a reason."""
MOST_NAME = 80
"""Characters of the name of a reviewer."""
MOST_ACCOUNTS = 1_000
"""Accounts in one verdict; an alert lists fewer."""
TERMS = {"1d": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365}
"""Terms that a mute or an allowance may have, in days."""
_TERM = re.compile(r"(\d{1,5})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 168}
_ACCOUNT = re.compile(r"[^:\s]+:.+")
_EVENT_ID = re.compile(r"[A-Za-z0-9._:-]{8,100}", re.ASCII)
_TAKES_BACK = {ReviewKind.MUTE: ReviewKind.UNMUTE, ReviewKind.ALLOW: ReviewKind.DISALLOW}
"""Kinds that workers of any version understand as taking back. All else is taken back by `undo`."""
_MAY_END = frozenset({ReviewKind.MUTE, ReviewKind.ALLOW, ReviewKind.LABEL})


class VerdictError(LockstepError):
    """A verdict makes no sense, or could not be recorded; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides."""

    name: str
    role: str = "reviewer"


@dataclass(frozen=True, slots=True)
class JudgedNetwork:
    """The network that a verdict is about, as the reviewer saw it."""

    network_id: str
    alert_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decides."""

    kind: ReviewKind
    reason: str
    label: ReviewLabel | None = None
    assignee: str | None = None
    account_ids: Sequence[str] = ()
    expires_at: datetime | None = None
    reverses: ReviewEvent | None = None
    """The event that it takes back."""


def event_of(
    verdict: Decision,
    about: JudgedNetwork,
    by: Reviewer,
    *,
    event_id: str | None = None,
    seen: str | None = None,
    now: datetime | None = None,
) -> ReviewEvent:
    """The review event of a verdict.

    Args:
        verdict: the decision.
        about: the network.
        by: the reviewer.
        event_id: None: a new one. The same id again is the same verdict, sent twice.
        seen: id of the latest event of the network that the reviewer had seen; None: none.
        now: the wall clock, UTC; None: as it is.

    Raises:
        VerdictError: the verdict lacks something, or has what its kind cannot have.
    """
    _check(verdict, by)
    if event_id is not None and not _EVENT_ID.fullmatch(event_id):
        raise VerdictError(
            "The id of this verdict is none: give 8 to 100 letters, digits, dots, colons, - and _."
        )
    reverses = verdict.reverses
    kind = verdict.kind if reverses is None else _TAKES_BACK.get(reverses.kind, ReviewKind.UNDO)
    try:
        return ReviewEvent(
            event_id=event_id or new_event_id(),
            alert_id=about.alert_id,
            alert_revision=about.revision,
            network_id=about.network_id,
            account_ids=list(dict.fromkeys(map(account_name, verdict.account_ids))),
            actor=by.name,
            role=by.role,
            at=now or datetime.now(UTC),
            kind=kind,
            label=verdict.label,
            assignee=verdict.assignee,
            reason=verdict.reason.strip(),
            expires_at=verdict.expires_at,
            reverses_event_id=None if reverses is None else reverses.event_id,
            seen_event_id=seen,
        )
    except ValueError as error:
        raise VerdictError(f"This verdict cannot be recorded: {error}.") from error


def is_repeat(event: ReviewEvent, known: ReviewEvent) -> bool:
    """Whether an event is one that the log has already, sent again: all but the time and what was seen is the same."""
    same = msgspec.structs.replace(event, at=known.at, seen_event_id=known.seen_event_id)
    return same == known


def new_event_id() -> str:
    """An id that no other event has."""
    return f"review-{secrets.token_hex(12)}"


def _check(verdict: Decision, by: Reviewer) -> None:
    """Refuse what makes no sense.

    Raises:
        VerdictError: as for `event_of`.
    """
    if not by.name.strip() or len(by.name) > MOST_NAME or not by.role.strip() or len(by.role) > MOST_NAME:
        raise VerdictError(f"Give your name and role, of at most {MOST_NAME} characters each.")
    if not verdict.reason.strip():
        raise VerdictError("Give a reason: whoever reads the log later needs it.")
    if len(verdict.reason) > MOST_REASON:
        raise VerdictError(f"The reason is too long: at most {MOST_REASON:,} characters.")
    if verdict.kind is ReviewKind.LABEL and verdict.label is None:
        raise VerdictError("Choose a label.")
    if verdict.assignee is not None and not 0 < len(verdict.assignee) <= MOST_NAME:
        raise VerdictError(f"Give a name of at most {MOST_NAME} characters to assign the network to.")
    if verdict.expires_at is not None and verdict.kind not in _MAY_END:
        raise VerdictError("Only a mute, an allowance or a label can end by itself.")
    if len(verdict.account_ids) > MOST_ACCOUNTS:
        raise VerdictError(f"At most {MOST_ACCOUNTS:,} accounts at a time.")
    for account in verdict.account_ids:
        if not _ACCOUNT.fullmatch(account):
            raise VerdictError(f"{account!r} is no account. Write it as platform:account_id, as in x:1234.")


def taking_back(review: NetworkReview, event_id: str, reason: str) -> Decision:
    """The verdict that takes back an earlier event of the same network.

    Raises:
        VerdictError: there is no such event of this network, it has been taken back, or it takes back another.
    """
    event = next((one for one in review.events if one.event_id == event_id), None)
    if event is None:
        raise VerdictError("This network has no verdict with that id, so nothing is taken back.")
    if event.reverses_event_id is not None:
        raise VerdictError("This entry takes back another one. Give the earlier verdict again instead.")
    before = review.taken_back_by(event_id)
    if before is not None:
        raise VerdictError(f"{before.actor} has taken this verdict back already.")
    return Decision(ReviewKind.UNDO, reason, reverses=event)


def end_of(text: str, event_time: datetime) -> datetime | None:
    """When a decision ends, from `7d`, `12h`, `2w` or a time as RFC 3339; empty or `never`: it does not.

    Args:
        text: the term or time.
        event_time: from which a term counts: detection compares the end with the time of posts.

    Raises:
        VerdictError: it is no term and no time, or is over already.
    """
    text = text.strip()
    if text in ("", "never"):
        return None
    if match := _TERM.fullmatch(text):
        hours = int(match[1]) * _HOURS[match[2]]
        if not hours:
            raise VerdictError("A term of nothing would end at once.")
        return (event_time + timedelta(hours=hours)).replace(microsecond=0)
    try:
        end = msgspec.convert(text, datetime)
    except (msgspec.ValidationError, ValueError) as error:
        raise VerdictError(f"{text!r} is no end: give 12h, 7d, 2w, or 2024-03-31T00:00:00Z.") from error
    if end.tzinfo is None:
        end = end.replace(tzinfo=UTC)
    if end <= event_time:
        raise VerdictError(
            f"{text} is over already: the newest posts are of {event_time:%Y-%m-%d %H:%M} UTC."
        )
    return end
