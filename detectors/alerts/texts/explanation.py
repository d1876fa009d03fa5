"""The explanation of an alert: hedged, short, with numbers that anyone can check.

The explanation names the strongest findings. All of them are in the alert's signals, terms and counter-evidence.
"""

from collections.abc import Sequence

from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.texts import kind_words
from detectors.alerts.texts.headline import MOST_REASONS, by_pool
from detectors.covertness import words
from detectors.covertness.covertness import MOSTLY_OPEN, SUSPECTED, Covertness
from detectors.covertness.member_obscurity import MemberObscurity
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms import TERMS
from detectors.covertness.terms.term import strength
from detectors.followers.ring_facts import FollowFacts
from schemas.alerts import CounterEvidence
from schemas.shares import TraceKind

_WHEN_ABSENT = {term.name: term.when_absent for term in TERMS}


def explanation(
    facts: NetworkFacts,
    context: NetworkContext,
    covert: Covertness,
    counter: Sequence[CounterEvidence],
) -> str:
    """What was seen, what chance would give, what speaks against it and what was not assessed, in a few sentences.

    Where members have been quiet for long, it says since when, and what stands from before.
    """
    parts = [_together(facts)]
    if context.quiet_since is not None:
        parts.append(f"No posts of its members since {words.day(context.quiet_since)}.")
    if covert.suspected:
        parts += _suspicion(context, covert)
    else:
        parts += [*_other_ties(facts, context), _no_suspicion(context, covert)]
    absent = [_WHEN_ABSENT[name] for name, result in context.results.items() if not result.seen]
    if absent and covert.suspected:
        parts.append(f"Not found: {words.listing(absent)}.")
    # where no suspicion is stated, the reason for it already says that members are not obscure
    against = next((each.summary for each in counter if each.kind != "not_obscure"), None)
    if against is not None:
        parts.append(f"Against it: {against[0].lower()}{against[1:]}")
    parts += _kept(context)
    if context.unknown:
        parts.append(f"Not assessed: {'; '.join(context.unknown)}.")
    if covert.suspected:
        parts.append("This is a suspicion, not a verdict.")
    return " ".join(parts)


def _together(facts: NetworkFacts) -> str:
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


def _other_ties(facts: NetworkFacts, context: NetworkContext) -> list[str]:
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


def _suspicion(context: NetworkContext, covert: Covertness) -> list[str]:
    """The condition, the strongest reasons and their joint chance."""
    parts = [context.obscurity.summary] if isinstance(context.obscurity, MemberObscurity) else []
    parts += [context.results[name].summary for name in covert.strong[:MOST_REASONS]]
    if covert.context_p is not None and strength(covert.context_p) >= SUSPECTED:
        parts.append(f"Joint chance of all ties: {words.chance(covert.context_p)}.")
    return parts


def _kept(context: NetworkContext) -> list[str]:
    """What stands as it was assessed before, since when, and why."""
    reasons_of: dict[int, dict[str, None]] = {}
    for kept in context.kept.values():
        reasons_of.setdefault(kept.at, {})[kept.reason] = None
    return [
        f"Not assessed again since {words.day(at)}: {'; '.join(reasons)}. What was found then stands."
        for at, reasons in sorted(reasons_of.items())
    ]


def _no_suspicion(context: NetworkContext, covert: Covertness) -> str:
    """Why the network is not suspected."""
    if covert.score is None:
        return (
            "Newsrooms, campaigns and fans do this openly. Whether they hide something could not be assessed."
        )
    if context.open_share > MOSTLY_OPEN:
        reason = "most members are known openly"
    elif isinstance(context.obscurity, MemberObscurity) and context.obscurity.value < SUSPECTED:
        reason = "the typical member is not obscure"
    else:
        reason = "ties to registry entities are not beyond chance"
    return f"They are not suspected of hiding: {reason}."
