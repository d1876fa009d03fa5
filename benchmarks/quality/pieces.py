"""Into how many networks an operation falls: one would be best."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from statistics import mean

from streams.simulation.records.canonical import Label

_LEAST_FOUND = 2
"""Accounts of a group that must be found before the group can fall apart."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """How the accounts found of one operation are spread over networks."""

    networks: int
    """Networks that hold any of its accounts."""
    largest: float | None
    """Share of its accounts found that one network holds; None: none was found."""
    by_group: float | None
    """Networks that hold accounts of one labelled group, mean over the groups with two accounts found or more."""


def pieces(networks: Mapping[str, Collection[str]], operation: Iterable[Label]) -> Pieces:
    """Count the pieces.

    Args:
        networks: accounts of each network.
        operation: labels of the accounts of one operation, each with its group in it.
    """
    group_of = {label.account_id: label.group for label in operation}
    held = [set(accounts) & group_of.keys() for accounts in networks.values()]
    held = [accounts for accounts in held if accounts]
    found = set().union(*held)
    found_of: dict[str, set[str]] = {}
    for account in found:
        found_of.setdefault(group_of[account], set()).add(account)
    counts = [
        sum(not accounts.isdisjoint(group) for accounts in held)
        for group in found_of.values()
        if len(group) >= _LEAST_FOUND
    ]
    return Pieces(
        networks=len(held),
        largest=max(map(len, held)) / len(found) if found else None,
        by_group=mean(counts) if counts else None,
    )
