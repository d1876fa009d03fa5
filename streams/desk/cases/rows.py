"""What the queue knows of one network: enough to show, find and order it without its whole alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.alerts import Alert
from streams.outputs.plain_text import plain
from streams.reports.latest_alerts import rank, shared_kinds
from streams.reports.page.words_shown import is_suspected, state_of, why

STATES = ("suspected", "recorded", "muted", "closed")
"""Parts of the queue, in its order; as `streams.reports.page.words_shown.state_of` names them."""
_NAMED = 4
"""Accounts named in the queue."""
_SEARCHED = 6_000
"""Characters of a row that a search looks through: the texts, then as many members as fit. Chosen, not measured."""


@dataclass(frozen=True, slots=True)
class Row:
    """One network in the queue."""

    network_id: str
    case_id: str
    """Networks that are one operation have the same; an alert without one is a case of its own."""
    alert_id: str
    revision: int
    headline: str
    why: str
    state: str
    """One of `STATES`, by what detection says."""
    severity: str
    covert: str
    """`suspected`, `not_suspected` or `not_assessed`."""
    priority: int
    coordination: float
    covertness: float | None
    platforms: Sequence[str]
    kinds: Sequence[str]
    """What the members shared, in words."""
    named: Sequence[str]
    """The first members by name."""
    members: int
    first: datetime
    last: datetime
    muted_by: str | None
    """Id of the rule that mutes the alert; None: none does."""
    searched: str
    """What a search looks through, in lower case."""
    rank: tuple[object, ...]
    """Place in the queue; the least comes first."""


def row_of(alert: Alert) -> Row:
    """The row of an alert."""
    covert = "suspected" if is_suspected(alert) else "not_suspected"
    names = [f"@{member.handle}" if member.handle else member.account_id for member in alert.members]
    texts = " ".join((alert.network_id, alert.headline, alert.explanation[:2_000]))
    keys = " ".join(
        f"{member.account_id} {member.handle or ''}" for member in alert.members[: _SEARCHED // 16]
    )
    state = state_of(alert)
    return Row(
        network_id=alert.network_id,
        case_id=alert.case_id or alert.network_id,
        alert_id=alert.alert_id,
        revision=alert.revision,
        headline=plain(alert.headline, 300),
        why=plain(why(alert), 600),
        state=state,
        severity=alert.severity.value,
        covert="not_assessed" if alert.covertness is None else covert,
        priority=alert.priority,
        coordination=alert.coordination,
        covertness=alert.covertness,
        platforms=alert.platforms,
        kinds=shared_kinds(alert),
        named=[plain(name, 40) for name in names[:_NAMED]],
        members=alert.member_count,
        first=alert.event_time_start,
        last=alert.event_time_end,
        muted_by=None if alert.suppression is None else alert.suppression.rule_id,
        searched=f"{texts} {keys}"[:_SEARCHED].lower(),
        rank=(STATES.index(state), *rank(alert)),
    )
