"""What changed since the alert before, in words for a person."""

from collections.abc import Iterator, Sequence

from detectors.alerts.texts.quoting import quoted
from detectors.covertness import words
from schemas.alerts import Alert, ChangeKind, Changes
from schemas.networks import Lifecycle

_MOST_NAMED = 3
"""Accounts that the sentence names; it counts the others. Chosen to keep a sentence short; not measured."""
_NAME_CHARS = 32
"""Characters of a name in the sentence. Chosen, not measured."""


def changes_in_words(changes: Changes, alert: Alert, before: Alert) -> str:
    """A few short sentences, of which the weightiest comes first.

    Args:
        changes: with all but the words.
        alert: the new alert.
        before: the alert before.
    """
    handle_of = {
        member.account_id: member.handle
        for each in (before, alert)
        for member in each.members
        if member.handle
    }
    sentences = [
        *_suspicion(changes, alert, before),
        *_lifecycle(changes, alert, before),
        *_members(changes, handle_of),
        *_found(changes),
        *_case(changes, alert, before),
        *_suppression(changes, alert),
    ]
    if not sentences:
        sentences = ["Nothing but times, objects and counts changed: more of the same was seen."]
    return " ".join(sentences)


def _suspicion(changes: Changes, alert: Alert, before: Alert) -> Iterator[str]:
    if ChangeKind.SUSPICION in changes.kinds:
        now = "Now suspected to be covert" if (alert.covertness or 0.0) > (before.covertness or 0.0) else ""
        yield f"{now or 'No longer suspected to be covert'}: {_score(alert)}, it was {_score(before)}."
    if ChangeKind.SEVERITY in changes.kinds:
        yield f"Severity is {alert.severity.value}, it was {before.severity.value}."


def _score(alert: Alert) -> str:
    return "not assessed" if alert.covertness is None else f"covertness {alert.covertness:.2f}"


def _lifecycle(changes: Changes, alert: Alert, before: Alert) -> Iterator[str]:
    if ChangeKind.LIFECYCLE not in changes.kinds:
        return
    match alert.lifecycle:
        case Lifecycle.MERGED:
            taken = [each for each in alert.predecessor_ids if each not in before.predecessor_ids]
            yield f"It took in {words.listing(taken)}." if taken else "It took in another network."
        case Lifecycle.SPLIT:
            yield "A part of it split off."
        case Lifecycle.RESOLVED:
            yield "It is closed: no new activity for a while."
        case Lifecycle.ABSORBED:
            yield f"{alert.successor_id} took it in."
        case Lifecycle.QUIET:
            yield "Its members have stopped posting."
        case _:
            yield "Its members post again."


def _members(changes: Changes, handle_of: dict[str, str]) -> Iterator[str]:
    for verb, count, accounts in (
        ("joined", changes.joined, changes.joined_ids),
        ("left", changes.left, changes.left_ids),
    ):
        if count:
            yield f"{words.plural(count, 'account')} {verb}: {_named(accounts, count, handle_of)}."


def _named(accounts: Sequence[str], count: int, handle_of: dict[str, str]) -> str:
    named = [
        f"@{quoted(handle_of[account], _NAME_CHARS)}"
        if account in handle_of
        else quoted(account, _NAME_CHARS)
        for account in accounts[:_MOST_NAMED]
    ]
    others = count - len(named)
    return words.listing([*named, f"{others:,} more"] if others else named)


def _found(changes: Changes) -> Iterator[str]:
    for names, text in (
        (changes.signals_gained, "New signals"),
        (changes.signals_lost, "Signals no longer seen"),
        (changes.terms_gained, "Now strong"),
        (changes.terms_lost, "No longer strong"),
    ):
        if names:
            yield f"{text}: {words.listing([name.replace('_', ' ') for name in names])}."


def _case(changes: Changes, alert: Alert, before: Alert) -> Iterator[str]:
    if ChangeKind.CASE not in changes.kinds:
        return
    if changes.case_id_before is not None:
        yield f"It turned out to belong to {alert.case_id}; it was {changes.case_id_before}."
    known = {other.network_id for other in before.related_networks}
    new = [other.network_id for other in alert.related_networks if other.network_id not in known]
    if new:
        yield f"In the same case now: {words.listing(new)}."


def _suppression(changes: Changes, alert: Alert) -> Iterator[str]:
    if ChangeKind.SUPPRESSION not in changes.kinds:
        return
    if alert.suppression is None:
        yield "No rule mutes it any more."
    else:
        yield f"The rule {quoted(alert.suppression.rule_id, _NAME_CHARS)} mutes it."
