"""The headline of an alert: who did what, how much of it, since when, and with which object; one hedged sentence.

Two networks have the same headline only if all of this is the same. It has about 300 characters at most, since names
and objects are cut.
"""

from collections.abc import Sequence

from detectors.alerts.findings import FoundTogether
from detectors.alerts.texts.quoting import quoted
from detectors.covertness import words
from detectors.covertness.covertness import Covertness
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms import TERMS

MOST_REASONS = 2
"""Strong terms that headline and explanation spell out. More make an explanation longer than 90 words, which people
skim; the others are in `covertness_terms`."""
_MOST_NAMED = 2
"""Accounts that a headline names. With three, half of the headlines in a test took two lines more on a phone."""
_HANDLE_CHARS = 24
"""Characters of a handle: longer ones are rare, and are cut."""
_WHEN_STRONG = {term.name: term.when_strong for term in TERMS}


def headline(
    found: FoundTogether,
    members: Sequence[int],
    context: NetworkContext,
    platforms: Sequence[str],
    covert: Covertness,
) -> str:
    """One hedged sentence.

    Args:
        found: what the members did together.
        members: their numbers, in the order of `context.members`.
        context: what is known about them: their handles.
        platforms: of the members.
        covert: whether they are suspected.
    """
    where = f" on {', '.join(platforms)}" if platforms and list(platforms) != ["unknown"] else ""
    who = f"{words.plural(len(members), 'account')}{where}{_named(found, members, context)}"
    since = f"since {words.day(found.start)}"
    if not covert.suspected:
        return f"{who} appear to act together: they {found.acts}, {since}{found.such_as}"
    reasons = [_WHEN_STRONG[name] for name in covert.strong[:MOST_REASONS]]
    obscure = any(term.name == "obscurity" for term in covert.terms)
    known = "most of them obscure" if obscure else "as little known as most others here"
    return (
        f"{who}, {known}, are suspected to be a covert network: {since} they "
        + words.listing(["act together", *(reasons or ["have ties to registry entities beyond chance"])])
        + found.such_as
    )


def _named(found: FoundTogether, members: Sequence[int], context: NetworkContext) -> str:
    """A few members by handle: those that were first with the object that most members shared, then the others."""
    handle_of = {
        number: handle
        for number, known in zip(members, context.members, strict=True)
        if (handle := quoted(known.handle or "", _HANDLE_CHARS))
    }
    order = dict.fromkeys([*(account for account in found.first if account in handle_of), *handle_of])
    named = [f"@{handle_of[account]}" for account in list(order)[:_MOST_NAMED]]
    if not named:
        return ""
    others = len(members) - len(named)
    return f" ({words.listing([*named, f'{others:,} more'] if others else named)})"
