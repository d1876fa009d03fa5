"""The headline of an alert: who did what, how much of it, since when, and with which object; one hedged sentence.

Two networks have the same headline only if all of this is the same. It has about 300 characters at most, since names
and objects are cut.
"""

from collections.abc import Iterator, Sequence

from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.texts import kind_words
from detectors.alerts.texts.quoting import quoted
from detectors.covertness import words
from detectors.covertness.covertness import Covertness
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms import TERMS
from schemas.shares import TraceKind

MOST_REASONS = 2
"""Strong terms that headline and explanation spell out. More make an explanation longer than 90 words, which people
skim; the others are in `covertness_terms`."""
_MOST_NAMED = 2
"""Accounts that a headline names. With three, half of the headlines in a test took two lines more on a phone."""
_HANDLE_CHARS = 24
"""Characters of a handle: longer ones are rare, and are cut."""
_OBJECT_CHARS = 48
"""Characters of an object: enough for a site and a path, or for the first words of a text. Chosen, not measured."""
_WHEN_STRONG = {term.name: term.when_strong for term in TERMS}
_TELLING = (TraceKind.URL, TraceKind.TEXT, TraceKind.HASHTAG_SEQUENCE)
"""Kinds whose objects a person can read; of the others the objects are ids."""


def headline(
    facts: NetworkFacts, context: NetworkContext, platforms: Sequence[str], covert: Covertness
) -> str:
    """One hedged sentence.

    Args:
        facts: what the members shared.
        context: what is known about them: their handles.
        platforms: of the members.
        covert: whether they are suspected.
    """
    where = f" on {', '.join(platforms)}" if platforms and list(platforms) != ["unknown"] else ""
    who = f"{words.plural(len(facts.members), 'account')}{where}{_named(facts, context)}"
    since = f"since {words.day(facts.start)}"
    if not covert.suspected:
        return f"{who} appear to act together: they {acts(facts)}, {since}{_such_as(facts)}"
    reasons = [_WHEN_STRONG[name] for name in covert.strong[:MOST_REASONS]]
    obscure = any(term.name == "obscurity" for term in covert.terms)
    known = "most of them obscure" if obscure else "as little known as most others here"
    return (
        f"{who}, {known}, are suspected to be a covert network: {since} they "
        + words.listing(["act together", *(reasons or ["have ties to registry entities beyond chance"])])
        + _such_as(facts)
    )


def acts(facts: NetworkFacts) -> str:
    """What the members did together."""
    if by_pool(facts):
        return "share the same things within a minute of one another, again and again"
    if facts.kinds:
        return (
            f"{kind_words.acts(facts.kinds[:2])} within {words.span(facts.kinds[0].window_s)} of each other"
        )
    if facts.copy_edges:
        return "repeat the same originals without credit"
    return "post in the same minutes" if facts.rhythm_edges else "met around the same objects again and again"


def by_pool(facts: NetworkFacts) -> bool:
    """Whether most of the network's ties and members are those of pools: then no pair says much."""
    pool = facts.pool
    return pool is not None and facts.pool_edges > facts.edges and 2 * pool.accounts >= len(facts.members)


def _named(facts: NetworkFacts, context: NetworkContext) -> str:
    """A few members by handle: those that were first with the object that most members shared, then the others."""
    handle_of = {
        number: handle
        for number, known in zip(facts.members, context.members, strict=True)
        if (handle := quoted(known.handle or "", _HANDLE_CHARS))
    }
    first = [account for sample in facts.samples[:1] for account in sample.accounts if account in handle_of]
    order = dict.fromkeys([*first, *handle_of])
    named = [f"@{handle_of[account]}" for account in list(order)[:_MOST_NAMED]]
    if not named:
        return ""
    others = len(facts.members) - len(named)
    return f" ({words.listing([*named, f'{others:,} more'] if others else named)})"


def _such_as(facts: NetworkFacts) -> str:
    """The object that most members shared, if a person can read it."""
    label = next(_readable(facts), None)
    return "" if label is None else f", such as “{label}”"


def _readable(facts: NetworkFacts) -> Iterator[str]:
    """Objects that can be read: those of the kinds that the network is about first, then the others."""
    main = {kind.kind for kind in facts.kinds[:2]}
    for wanted in (True, False):
        for sample in facts.samples:
            label = quoted(sample.label, _OBJECT_CHARS)
            if label and sample.kind in _TELLING and (sample.kind in main) is wanted:
                yield label
