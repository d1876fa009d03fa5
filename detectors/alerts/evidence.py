"""The evidence of an alert: acts of members that a person can check, with accounts, posts and times."""

from collections.abc import Sequence

from detectors.alerts.network_facts import NetworkFacts, ObjectFacts
from detectors.covertness import words
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms.term import Sample
from schemas.evidence import Evidence

_MOST_ACCOUNTS = 25
"""Accounts listed for one object, in the order of their shares. It bounds the size of a snapshot; not measured."""


def term_samples(context: NetworkContext, names: Sequence[str]) -> list[Evidence]:
    """Samples of the context terms, without addresses.

    Args:
        context: what is known about the members.
        names: `platform:account_id` by account number.
    """
    return [_of_term(term, sample, names) for term, sample in context.samples]


def object_samples(facts: NetworkFacts, names: Sequence[str]) -> list[Evidence]:
    """The objects that members shared together, without addresses.

    Args:
        facts: what the members shared.
        names: `platform:account_id` by account number.
    """
    return [_of_object(sample, names) for sample in facts.samples]


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
        entity=sample.entity,
    )


def _of_object(sample: ObjectFacts, names: Sequence[str]) -> Evidence:
    """One object with the accounts and posts that shared it."""
    accounts = [names[account] for account in sample.accounts[:_MOST_ACCOUNTS]]
    post_ids = list(sample.post_ids[: len(accounts)])
    return Evidence(
        kind=sample.kind.value,
        account_ids=accounts,
        post_ids=post_ids,
        permalinks=[],
        object=sample.label,
        window_start=words.utc(sample.start),
        window_end=words.utc(sample.end),
        observed=float(len(sample.accounts)),
        expected=round(sample.expected, 6),
    )
