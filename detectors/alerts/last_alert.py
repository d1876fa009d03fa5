"""What is kept of the last alert about a network, and how a new alert differs from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from detectors.alerts.findings import FoundTogether
from detectors.alerts.texts.change_words import changes_in_words
from detectors.covertness.covertness import SUSPECTED
from schemas.alerts import Alert, ChangeKind, Changes
from schemas.networks import Lifecycle

_MOST_NAMED = 10
"""Accounts named among those that joined or left; all are counted. It bounds the size of an alert; not measured."""
_TOLD = {Lifecycle.MERGED, Lifecycle.SPLIT, Lifecycle.RESOLVED, Lifecycle.QUIET, Lifecycle.ABSORBED}
"""Lifecycles that are a change by themselves."""


@dataclass(slots=True)
class LastAlert:
    """The last alert about a network, and what later changes are compared with."""

    revision: int
    members: set[int]
    """Numbers of all members."""
    ever: set[int]
    """Numbers of all accounts that were members in this or an earlier alert."""
    at: int
    """Event time, seconds."""
    suspected: bool
    strong: set[str]
    """Context terms that were strong in this or an earlier alert."""
    quiet: bool
    """Whether no member had posted for a while."""
    kinds: set[str]
    """Kinds of trace that members had in common in this or an earlier alert."""
    found: FoundTogether
    """What it states of the members' acts: found then, or before."""
    latest: int
    """Time of the latest co-share of members in this or an earlier alert, seconds."""
    alert: Alert
    peripheral: dict[int, float]
    """Surprise of its peripheral members, by number."""
    outdated: bool = False
    """Whether it showed posts that were deleted since; `alert` does not show them any more."""
    deleted: bool = False
    """Whether posts that it rests upon were deleted since: then what is left counts, and nothing stands."""


def without_posts(alert: Alert, post_ids: set[str]) -> Alert:
    """The alert without evidence of some posts, and without sentences that may quote it."""
    kept = [sample for sample in alert.evidence if post_ids.isdisjoint(sample.post_ids)]
    return _reworded(msgspec.structs.replace(alert, evidence=kept), "posts that showed it")


def without_accounts(alert: Alert, names: set[str]) -> Alert:
    """The alert without some accounts, as `platform:account_id`, and without sentences that may name them."""
    members = [member for member in alert.members if member.account_id not in names]
    ties = [tie for tie in alert.ties if names.isdisjoint((tie.account_a, tie.account_b))]
    kept = [sample for sample in alert.evidence if names.isdisjoint(sample.account_ids)]
    count = alert.member_count - (len(alert.members) - len(members))
    alert = msgspec.structs.replace(alert, members=members, member_count=count, ties=ties, evidence=kept)
    return _reworded(alert, "accounts among them")


def _reworded(alert: Alert, what: str) -> Alert:
    """The alert with a headline and an explanation that quote nothing."""
    said = f"{alert.member_count} accounts acted together; {what} were deleted since"
    return msgspec.structs.replace(alert, headline=said, explanation=f"{said}.")


def changes(
    last: LastAlert | None, alert: Alert, members: Sequence[int], names: Sequence[str], *, quiet: bool
) -> Changes:
    """How an alert differs from the last one about the same network.

    Args:
        last: of the alert before; None: there was none.
        alert: the new one, still without changes.
        members: numbers of all its members.
        names: `platform:account_id` by account number.
        quiet: whether no member has posted for a while.
    """
    if last is None:
        return Changes(kinds=[ChangeKind.FIRST], summary="This is the first alert about the network.")
    before = last.alert
    joined = sorted(names[member] for member in set(members) - last.members)
    left = sorted(names[member] for member in last.members.difference(members))
    detectors = [signal.detector for signal in alert.signals]
    detectors_before = [signal.detector for signal in before.signals]
    found = Changes(
        kinds=[],
        summary="-",
        members_before=before.member_count,
        joined=len(joined),
        joined_ids=joined[:_MOST_NAMED],
        left=len(left),
        left_ids=left[:_MOST_NAMED],
        signals_gained=_without(detectors, detectors_before),
        signals_lost=_without(detectors_before, detectors),
        terms_gained=_without(_strong(alert), _strong(before)),
        terms_lost=_without(_strong(before), _strong(alert)),
        covertness_before=before.covertness,
        severity_before=before.severity,
        case_id_before=before.case_id if before.case_id != alert.case_id else None,
    )
    found = msgspec.structs.replace(found, kinds=_kinds(found, alert, before, last.quiet is not quiet))
    return msgspec.structs.replace(found, summary=changes_in_words(found, alert, before))


def closing_changes(before: Alert, closing: Alert) -> Changes:
    """How the last alert of a network that ends differs from the one before: it ends, and nothing else is new."""
    changed = {
        ChangeKind.SEVERITY: closing.severity is not before.severity,
        ChangeKind.SUPPRESSION: closing.suppression != before.suppression,
        ChangeKind.CASE: closing.case_id != before.case_id,
        ChangeKind.LIFECYCLE: True,
    }
    kinds = [kind for kind, holds in changed.items() if holds]
    found = Changes(
        kinds=kinds,
        summary="-",
        members_before=before.member_count,
        covertness_before=before.covertness,
        severity_before=before.severity,
        case_id_before=before.case_id if before.case_id != closing.case_id else None,
    )
    return msgspec.structs.replace(found, summary=changes_in_words(found, closing, before))


def is_suspected(alert: Alert) -> bool:
    """Whether an alert calls its network suspected covert."""
    return (alert.covertness or 0.0) >= SUSPECTED


def _kinds(found: Changes, alert: Alert, before: Alert, quiet_changed: bool) -> list[ChangeKind]:
    """What changed, in the order of `ChangeKind`; if nothing else did, the figures."""
    changed = {
        ChangeKind.MEMBERS: bool(found.joined or found.left),
        ChangeKind.SIGNALS: bool(found.signals_gained or found.signals_lost),
        ChangeKind.CONTEXT: bool(found.terms_gained or found.terms_lost),
        ChangeKind.SUSPICION: is_suspected(alert) is not is_suspected(before),
        ChangeKind.SEVERITY: alert.severity is not before.severity,
        ChangeKind.SUPPRESSION: alert.suppression != before.suppression,
        ChangeKind.CASE: alert.case_id != before.case_id or bool(_new_in_case(alert, before)),
        ChangeKind.LIFECYCLE: quiet_changed or alert.lifecycle in _TOLD - {Lifecycle.QUIET},
    }
    return [kind for kind, holds in changed.items() if holds] or [ChangeKind.FIGURES]


def _new_in_case(alert: Alert, before: Alert) -> set[str]:
    known = {other.network_id for other in before.related_networks}
    return {other.network_id for other in alert.related_networks} - known


def _strong(alert: Alert) -> list[str]:
    return [term.name for term in alert.covertness_terms if term.value >= SUSPECTED]


def _without(names: Sequence[str], others: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name not in others]
