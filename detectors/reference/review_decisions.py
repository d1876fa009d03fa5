"""The rules that reviewers make by their reviews: networks to mute and accounts to allow, until they are taken back.

A review event of kind `mute` or `allow` makes a rule, and `unmute` or `disallow` ends those made before it. The time
and id of the events decide what is before: they may be repeated and may come in any order. An event that another one
of the same network names in `reverses_event_id` does not count. A decision with `expires_at` ends at that event time:
the time of the posts, not of the clock. So it ends at the same place in every run.
"""

from collections.abc import Iterator
from typing import ClassVar

from schemas.reviews import ReviewEvent, ReviewKind, RuleKind, SuppressionRule
from schemas.values import account_name

RULE_PREFIX = "review:"
"""The id of a rule is this and the id of the event that made it."""
_DECISIONS = frozenset({ReviewKind.MUTE, ReviewKind.UNMUTE, ReviewKind.ALLOW, ReviewKind.DISALLOW})


class ReviewDecisions:
    """All decisions so far. It holds each of them, about 500 bytes: people make them, so they are few."""

    not_state: ClassVar[frozenset[str]] = frozenset({"_made"})
    _events: dict[str, ReviewEvent]
    _reversed: dict[str, set[str]]

    def __init__(self) -> None:
        self._events = {}
        """Decisions by id of the event."""
        self._reversed = {}
        """Ids of events that were taken back, by network."""
        self._made: list[SuppressionRule] | None = None
        """The rules, until there is another decision."""

    def take(self, event: ReviewEvent) -> bool:
        """Add an event; returns whether the rules may have changed. Of two events with one id the first counts."""
        changed = False
        if event.reverses_event_id is not None:
            taken_back = self._reversed.setdefault(event.network_id, set())
            changed = event.reverses_event_id not in taken_back
            taken_back.add(event.reverses_event_id)
        if event.kind in _DECISIONS and event.event_id not in self._events:
            self._events[event.event_id] = event
            changed = True
        if changed:
            self._made = None
        return changed

    def rules(self) -> list[SuppressionRule]:
        """The rules that were not taken back, those that end at some time among them; in the order of their events."""
        if self._made is None:
            self._made = list(self._rules())
        return self._made

    def _rules(self) -> Iterator[SuppressionRule]:
        muted: dict[str, list[ReviewEvent]] = {}
        allowed: dict[str, ReviewEvent] = {}
        allowed_networks: dict[str, ReviewEvent] = {}
        counting = [event for event in self._events.values() if not self._is_reversed(event)]
        for event in sorted(counting, key=lambda event: (event.at, event.event_id)):
            network_id = event.network_id
            # what names an event to take back says nothing about others
            ends = event.reverses_event_id is None
            if event.kind is ReviewKind.MUTE:
                muted.setdefault(network_id, []).append(event)
            elif event.kind is ReviewKind.UNMUTE and ends:
                muted.pop(network_id, None)
            elif event.kind is ReviewKind.ALLOW and event.account_ids:
                allowed |= dict.fromkeys(map(account_name, event.account_ids), event)
            elif event.kind is ReviewKind.ALLOW:
                allowed_networks[network_id] = event
            elif event.kind is ReviewKind.DISALLOW and ends:
                allowed_networks.pop(network_id, None)
                of_network = [name for name, made_by in allowed.items() if made_by.network_id == network_id]
                for account in event.account_ids or of_network:
                    allowed.pop(account_name(account), None)
        yield from (_rule(event, RuleKind.MUTE) for events in muted.values() for event in events)
        accounts_of: dict[str, list[str]] = {}
        for account, event in allowed.items():
            accounts_of.setdefault(event.event_id, []).append(account)
        for event_id, accounts in accounts_of.items():
            yield _rule(self._events[event_id], RuleKind.ALLOW, accounts)
        yield from (_rule(event, RuleKind.ALLOW) for event in allowed_networks.values())

    def _is_reversed(self, event: ReviewEvent) -> bool:
        return event.event_id in self._reversed.get(event.network_id, ())


def _rule(event: ReviewEvent, kind: RuleKind, accounts: list[str] | None = None) -> SuppressionRule:
    """The rule that an event makes."""
    return SuppressionRule(
        rule_id=f"{RULE_PREFIX}{event.event_id}",
        kind=kind,
        # a rule that allows single accounts allows them in any network
        network_id=None if accounts else event.network_id,
        account_ids=accounts if accounts is not None else event.account_ids,
        until=event.expires_at,
        reason=event.reason,
    )
