"""Reviewers' rules at one moment: who is allowed, and which network is to be kept quiet."""

from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.alerts import Suppression
from schemas.reviews import RuleKind, SuppressionRule


def allowed_accounts(rules: Sequence[SuppressionRule], now: int) -> dict[str, SuppressionRule]:
    """The rule that allows each account at event time `now`, seconds; by `platform:account_id`."""
    at = datetime.fromtimestamp(now, UTC)
    return {
        account: rule
        for rule in reversed(rules)
        if rule.kind is RuleKind.ALLOW and _holds(rule, at)
        for account in rule.account_ids
    }


def muting_rule(
    rules: Sequence[SuppressionRule], network_id: str, accounts: Sequence[str], now: int
) -> Suppression | None:
    """The first rule that mutes a network: by its id, or because most of its members are the rule's accounts."""
    at = datetime.fromtimestamp(now, UTC)
    for rule in rules:
        if rule.kind is not RuleKind.MUTE or not _holds(rule, at):
            continue
        named = set(rule.account_ids)
        if rule.network_id == network_id or 2 * len(named.intersection(accounts)) > len(accounts):
            return Suppression(rule_id=rule.rule_id, until=rule.until, reason=rule.reason)
    return None


def _holds(rule: SuppressionRule, at: datetime) -> bool:
    return (rule.since is None or rule.since <= at) and (rule.until is None or at < rule.until)
