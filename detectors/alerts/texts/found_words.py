"""What the members of a network did together, in words: parts of headline and explanation."""

from collections.abc import Iterator

from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.texts import kind_words
from detectors.alerts.texts.quoting import quoted
from detectors.covertness import words
from detectors.covertness.network_context import NetworkContext
from detectors.followers.ring_facts import FollowFacts
from schemas.shares import TraceKind

_OBJECT_CHARS = 48
"""Characters of an object: enough for a site and a path, or for the first words of a text. Chosen, not measured."""
_TELLING = (TraceKind.URL, TraceKind.TEXT, TraceKind.HASHTAG_SEQUENCE)
"""Kinds whose objects a person can read; of the others the objects are ids."""


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


def together(facts: NetworkFacts) -> str:
    """The strongest kind of co-share; of a network that a pool holds together, what its accounts do."""
    if facts.pool is not None and by_pool(facts):
        return f"{facts.pool.synchrony} {facts.pool.recurrence}"
    these = f"these {words.plural(len(facts.members), 'account')}"
    if not facts.kinds:
        return f"{these.capitalize()} appear to act together, but not by co-shares."
    kind = facts.kinds[0]
    if kind.kind is TraceKind.FOLLOW and facts.follows is not None:
        return _followed(these, facts, facts.follows)
    return (
        f"Pairs of {these} {kind_words.counted_acts(kind)} within {words.span(kind.window_s)} of each other, "
        f"{kind_words.times(kind.observed)} {words.period(facts.start, facts.end)}. Chance would give "
        f"{words.number(kind.expected)}."
    )


def _followed(these: str, facts: NetworkFacts, follows: FollowFacts) -> str:
    """What the members follow together, and what chance would give."""
    ring = follows.strongest
    same = (
        "the same two" if len(follows.followed) == 2 else f"two or more of the same {len(follows.followed):,}"
    )
    sentence = (
        f"{follows.members:,} of {these} began to follow {same} accounts "
        f"{words.period(facts.start, facts.end)}. For example, of {words.plural(ring.either, 'account')} that began to "
        f"follow {ring.followees[0]} or {ring.followees[1]} within {words.span(ring.span_s)}, {ring.both:,} follow "
        f"both. Chance would give {words.number(ring.expected)}."
    )
    if facts.only_follows:
        sentence += " The network rests on follows alone. The accounts that are followed need not know of it."
    return sentence


def also(facts: NetworkFacts, context: NetworkContext) -> list[str]:
    """Another kind of co-share, and ties on other grounds."""
    parts = [
        f"They also {kind_words.counted_acts(kind)} ({kind_words.times(kind.observed)}; chance: "
        f"{words.number(kind.expected)})."
        for kind in facts.kinds[1:2]
        if not by_pool(facts) and kind.kind is not TraceKind.FOLLOW
    ]
    if facts.pool is not None and not by_pool(facts):
        parts.append(facts.pool.synchrony)
    if facts.crowd_edges and not facts.edges:
        parts.append("Nearly the same accounts met around several objects, at least an hour apart.")
    if facts.copy_edges:
        repeat = "repeats" if facts.copy_edges == 1 else "repeat"
        parts.append(f"{words.plural(facts.copy_edges, 'pair')} {repeat} the same originals without credit.")
    if facts.timing_edges:
        share = "shares" if facts.timing_edges == 1 else "share"
        pairs = words.plural(facts.timing_edges, "further pair")
        parts.append(f"{pairs} {share} the same things closer in time than is usual.")
    if facts.rhythm_edges and context.rhythm is not None:
        parts.append(context.rhythm.summary)
    if facts.follows is not None and facts.kinds[0].kind is not TraceKind.FOLLOW:
        parts.append(
            f"{words.plural(facts.follows.members, 'member')} also began to follow accounts together, "
            f"{len(facts.follows.followed):,} in all."
        )
    return parts


def such_as(facts: NetworkFacts) -> str:
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
