"""What reviewers' rules would change: the alerts of two runs, without and with them, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from detectors.covertness.covertness import SUSPECTED
from detectors.reference.review_rules import allowed_accounts
from schemas.alerts import Alert, Severity
from schemas.networks import Lifecycle
from schemas.reviews import RuleKind, SuppressionRule

_SHOWN = 10
"""Networks that are named for one rule. Chosen, not measured."""
_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(slots=True)
class NetworkCourse:
    """What the alerts of a run said about one network."""

    latest: Alert
    highest: Severity = Severity.INFO
    """The highest severity of its alerts."""
    noticed: int = 0
    """Alerts above `info`: those that ask for attention."""
    muted_by: set[str] = field(default_factory=set)
    """Ids of the rules that muted it."""
    allowed_by: dict[str, set[str]] = field(default_factory=dict)
    """Its members that each rule allowed, by the id of the rule."""


class NetworkCourses:
    """Follows the alerts of a run.

    Args:
        rules: of the run, in their order. Which members a rule allows is asked at each alert.
    """

    def __init__(self, rules: Sequence[SuppressionRule] = ()) -> None:
        self._rules = rules
        self.by_network: dict[str, NetworkCourse] = {}

    @property
    def noticed(self) -> int:
        """Alerts above `info`."""
        return sum(course.noticed for course in self.by_network.values())

    @property
    def suspected(self) -> int:
        """Networks with an alert above `info`."""
        return sum(course.noticed > 0 for course in self.by_network.values())

    def add(self, alert: Alert) -> None:
        """Add an alert, in the order in which they were raised."""
        course = self.by_network.setdefault(alert.network_id, NetworkCourse(alert))
        if alert.lifecycle is not Lifecycle.ABSORBED:
            course.latest = alert
        course.noticed += alert.severity is not Severity.INFO
        course.highest = max(course.highest, alert.severity, key=_RANKS.__getitem__)
        if alert.suppression is not None:
            course.muted_by.add(alert.suppression.rule_id)
        members = [member.account_id for member in alert.members]
        now = int(alert.event_time_end.timestamp())
        for account, rule in allowed_accounts(self._rules, alert.network_id, members, now).items():
            course.allowed_by.setdefault(rule.rule_id, set()).add(account)


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """What was found without new rules, and with them."""

    rules: Sequence[SuppressionRule]
    """The new ones."""
    before: NetworkCourses
    after: NetworkCourses


def trial_sentences(trial: RuleTrial) -> list[str]:
    """What each rule would have done; an entry for each rule, after one for all of them."""
    before, after = trial.before, trial.after
    total = (
        f"Without the new rules, {_many(before.suspected, 'network', 'networks')} had "
        f"{_many(before.noticed, 'alert', 'alerts')} above info; with them, "
        f"{_many(after.suspected, 'network', 'networks')} would have had {after.noticed:,}. Nothing was published."
    )
    return [total, *(_effect(rule, before.by_network, after.by_network) for rule in trial.rules)]


def _effect(
    rule: SuppressionRule, before: Mapping[str, NetworkCourse], after: Mapping[str, NetworkCourse]
) -> str:
    name = f"{rule.rule_id} ({rule.kind.value}: {rule.reason})"
    touched = list(
        _muted(rule, before, after) if rule.kind is RuleKind.MUTE else _allowed(rule, before, after)
    )
    if not touched:
        return f"{name}: would have changed nothing in these data."
    verb = "muted" if rule.kind is RuleKind.MUTE else "allowed accounts of"
    more = f"; and {len(touched) - _SHOWN:,} more" if len(touched) > _SHOWN else ""
    return (
        f"{name}: would have {verb} {_many(len(touched), 'network', 'networks')}: "
        f"{'; '.join(touched[:_SHOWN])}{more}."
    )


def _muted(
    rule: SuppressionRule, before: Mapping[str, NetworkCourse], after: Mapping[str, NetworkCourse]
) -> Iterator[str]:
    for network_id, course in after.items():
        if rule.rule_id in course.muted_by:
            old = before.get(network_id)
            less = old.noticed - course.noticed if old is not None else 0
            highest = old.highest.value if old is not None else "unknown"
            accounts = _many(course.latest.member_count, "account", "accounts")
            fewer = _many(max(less, 0), "alert", "alerts")
            yield f"{network_id}, {accounts}, highest severity {highest}, {fewer} above info fewer"


def _allowed(
    rule: SuppressionRule, before: Mapping[str, NetworkCourse], after: Mapping[str, NetworkCourse]
) -> Iterator[str]:
    for network_id, course in after.items():
        allowed = course.allowed_by.get(rule.rule_id)
        if allowed:
            old = before.get(network_id)
            was = old is not None and _is_suspected(old.latest)
            change = (
                "still suspected"
                if _is_suspected(course.latest)
                else "no longer suspected"
                if was
                else "not suspected"
            )
            yield f"{network_id}, {len(allowed):,} of {course.latest.member_count:,} accounts, {change}"


def _is_suspected(alert: Alert) -> bool:
    return alert.covertness is not None and alert.covertness >= SUSPECTED


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
