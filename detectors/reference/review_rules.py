"""Reviewers' rules at one moment: which accounts are allowed, and which networks are muted."""

from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.alerts import Suppression
from schemas.reviews import RuleKind, SuppressionRule
from schemas.values import account_name


def allowed_accounts(
    rules: Sequence[SuppressionRule], network_id: str, accounts: Sequence[str], now: int
) -> dict[str, SuppressionRule]:
    """The rule that allows each allowed account of a network at event time `now`; by `platform:account_id`.

    Args:
        rules: all of them; the first that allows an account counts.
        network_id: the network.
        accounts: its members.
        now: seconds.
    """
    moment = datetime.fromtimestamp(now, UTC)
    known = set(accounts)
    allowed: dict[str, SuppressionRule] = {}
    for rule in reversed(rules):
        if rule.kind is RuleKind.ALLOW and _in_force(rule, moment):
            named = known.intersection(map(account_name, rule.account_ids)) if rule.account_ids else known
            if rule.account_ids or rule.network_id == network_id:
                allowed |= dict.fromkeys(named, rule)
    return allowed


def muting_rule(
    rules: Sequence[SuppressionRule], network_id: str, accounts: Sequence[str], now: int
) -> Suppression | None:
    """The first rule that mutes a network at event time `now` (seconds), None if there is none.

    A rule mutes the network that it names, and networks of whose members more than half are accounts of the rule.
    """
    moment = datetime.fromtimestamp(now, UTC)
    for rule in rules:
        if rule.kind is not RuleKind.MUTE or not _in_force(rule, moment):
            continue
        named = set(map(account_name, rule.account_ids))
        if rule.network_id == network_id or 2 * len(named.intersection(accounts)) > len(accounts):
            return Suppression(rule_id=rule.rule_id, until=rule.until, reason=rule.reason)
    return None


def _in_force(rule: SuppressionRule, moment: datetime) -> bool:
    return (rule.since is None or rule.since <= moment) and (rule.until is None or moment < rule.until)
