"""The explanation of an alert: hedged, short, with numbers that anyone can check.

The explanation names the strongest findings. All of them are in the alert's signals, terms and counter-evidence.
"""

from collections.abc import Sequence

from detectors.alerts.findings import FoundTogether
from detectors.alerts.texts.headline import MOST_REASONS
from detectors.covertness import words
from detectors.covertness.covertness import MOSTLY_OPEN, SUSPECTED, Covertness
from detectors.covertness.member_obscurity import MemberObscurity
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms import TERMS
from detectors.covertness.terms.term import strength
from schemas.alerts import CounterEvidence

_WHEN_ABSENT = {term.name: term.when_absent for term in TERMS}


def explanation(
    found: FoundTogether,
    context: NetworkContext,
    covert: Covertness,
    counter: Sequence[CounterEvidence],
    *,
    stands: bool = False,
) -> str:
    """What was seen, what chance would give, what speaks against it and what was not assessed, in a few sentences.

    Where members have been quiet for long, it says since when, and what stands from before.

    Args:
        found: what the members did together.
        context: what is known about them.
        covert: whether they are suspected.
        counter: what speaks for an innocent explanation.
        stands: whether `found` stands from an earlier alert, since the evidence has aged.
    """
    quiet = None
    if context.quiet_since is not None:
        quiet = f"No posts of its members since {words.day(context.quiet_since)}."
    if stands:
        parts = [
            quiet or f"They have shared nothing together since {words.day(found.end)}.",
            f"Last assessed on {words.day(found.at)}: {found.together[0].lower()}{found.together[1:]}",
        ]
    else:
        parts = [found.together, *([] if quiet is None else [quiet])]
    if covert.suspected:
        parts += _suspicion(context, covert)
    else:
        parts += [*found.also, _no_suspicion(context, covert)]
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
