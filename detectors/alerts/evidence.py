"""The evidence of an alert: acts of members that a person can check, with accounts, posts and times."""

from collections.abc import Sequence

from detectors.alerts.network_facts import NetworkFacts, ObjectFacts
from detectors.covertness import words
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms.term import Sample
from schemas.alerts import Evidence

_MOST_ACCOUNTS = 25
"""Accounts listed for one object, in the order of their shares. It bounds the size of an alert; not measured."""
_PERMALINKS = {"x": "https://x.com/i/web/status/{}"}
"""Address of a post, by platform; only where an id alone leads to the post."""


def evidence(facts: NetworkFacts, context: NetworkContext, names: Sequence[str]) -> list[Evidence]:
    """Samples of the context terms, then the objects that members shared together.

    Args:
        facts: what the members shared.
        context: what is known about them.
        names: `platform:account_id` by account number.
    """
    return [
        *(_of_term(term, sample, names) for term, sample in context.samples),
        *(_of_object(sample, names) for sample in facts.samples),
    ]


def _of_term(term: str, sample: Sample, names: Sequence[str]) -> Evidence:
    return Evidence(
        kind=term,
        account_ids=[names[sample.account]],
        post_ids=[] if sample.post_id is None else [sample.post_id],
        permalinks=[],
        object=sample.object,
        window_start=words.utc(sample.time),
        window_end=words.utc(sample.time),
        observed=1.0,
        expected=round(sample.expected, 6),
    )


def _of_object(sample: ObjectFacts, names: Sequence[str]) -> Evidence:
    """One object with the accounts and posts that shared it."""
    accounts = [names[account] for account in sample.accounts[:_MOST_ACCOUNTS]]
    post_ids = list(sample.post_ids[: len(accounts)])
    links = [
        _PERMALINKS[platform].format(post_id)
        for platform, post_id in zip(
            (account.split(":", 1)[0] for account in accounts), post_ids, strict=True
        )
        if platform in _PERMALINKS and post_id.isdigit()
    ]
    return Evidence(
        kind=sample.kind.value,
        account_ids=accounts,
        post_ids=post_ids,
        permalinks=links,
        object=sample.label,
        window_start=words.utc(sample.start),
        window_end=words.utc(sample.end),
        observed=float(len(sample.accounts)),
        expected=round(sample.expected, 6),
    )
