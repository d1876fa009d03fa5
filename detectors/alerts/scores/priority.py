"""The rank of an alert among others, 0-100: reach, synchrony, novelty and context of its network.

Coordination itself is near 1 for almost every network that passes the gate, so it does not separate them. Four parts
do, each between 0 and 1:

    synchrony  half from how close in time: 1 at the same second, 0 at an hour; half from how often: 0 for one object
               of a typical pair, 1 for a hundred; both on a scale of logarithms
    reach      half from members: 0 for two, 1 for 300; half from the audience, followers or reactions, whichever is
               further: 0 for a hundred, 1 for ten million; members alone where no audience is known
    novelty    1 for a new network, half of it after each week; or the share of members that joined since the last
               alert, if that is more
    context    covertness; 0 where it was not assessed

    sum        of a suspected network    .3 synchrony + .3 reach + .1 novelty + .3 context
               of any other, or if muted  .42 synchrony + .38 reach + .1 novelty + .1 context
    priority   of a suspected network    50 + 50 x curve(sum, middle .5)
               of any other, or if muted       49 x curve(sum, middle .35)

where curve(x, m) = 1 / (1 + e^((m - x) / .055)) spreads the sums out. Without it, all networks of a set would lie
within a fifth of the scale: on two public sets of 32 and 17 networks the sums of half synchrony and half reach had a
mean of .38 and .41 and a deviation of .09 and .11. All other bounds and weights are chosen, not measured: a person
decides by them which case to open first, and nothing is found or missed by them.
"""

import math
from collections.abc import Sequence

from schemas.alerts import Reach
from schemas.evidence import ScoreTerm

_HALF_SYNCHRONY_S = 600.0
"""Median gap at which the term `synchrony` is one half (`detectors.alerts.scores.coordination_score`)."""
_HOUR_S = 3600.0
_OFTEN = 100.0
_FEWEST, _LARGE = 2.0, 300.0
_SMALL_AUDIENCE, _LARGE_AUDIENCE = 100.0, 10_000_000.0
_WEEK_S = 7 * 86_400
_MIDDLE, _MIDDLE_SUSPECTED, _WIDTH = 0.35, 0.5, 0.055


def priority(
    terms: Sequence[ScoreTerm], reach: Reach, covertness: float | None, novelty: float, *, suspected: bool
) -> int:
    """Rank of an alert; 100 comes first, and suspected networks come before all others.

    Args:
        terms: of coordination.
        reach: of the members' posts.
        covertness: 0-1; None: not assessed.
        novelty: as from `novelty_of`.
        suspected: whether the network is suspected and no rule mutes it.
    """
    together, far, context = synchrony_of(terms), reach_of(reach), covertness or 0.0
    if suspected:
        total = 0.3 * together + 0.3 * far + 0.1 * novelty + 0.3 * context
        return round(50 + 50 * _spread_out(total, _MIDDLE_SUSPECTED))
    total = 0.42 * together + 0.38 * far + 0.1 * novelty + 0.1 * context
    return round(49 * _spread_out(total, _MIDDLE))


def synchrony_of(terms: Sequence[ScoreTerm]) -> float:
    """How close in time and how often members act together, 0-1."""
    value = {term.name: term.value for term in terms}
    synchrony, repetition = value.get("synchrony", 0.0), value.get("repetition", 0.0)
    gap_s = _HALF_SYNCHRONY_S * (1.0 / synchrony - 1.0) if synchrony else math.inf
    objects = 1.0 / (1.0 - repetition) if repetition < 1.0 else _OFTEN
    close = 1.0 - _scaled(1.0 + gap_s, 1.0, 1.0 + _HOUR_S)
    return (close + _scaled(objects, 1.0, _OFTEN)) / 2


def reach_of(reach: Reach) -> float:
    """How far the network reaches, 0-1."""
    size = _scaled(reach.accounts, _FEWEST, _LARGE)
    known = [each for each in (reach.followers_sum, reach.engagements) if each is not None]
    if not known:
        return size
    return (size + _scaled(max(known), _SMALL_AUDIENCE, _LARGE_AUDIENCE)) / 2


def novelty_of(age_s: float, joined: int, members: int) -> float:
    """How new a network is, or most of its members are, 0-1.

    Args:
        age_s: since it was opened, seconds.
        joined: members that joined since the last alert.
        members: all members.
    """
    return max(math.exp2(-max(age_s, 0.0) / _WEEK_S), min(1.0, joined / max(members, 1)))


def _spread_out(total: float, middle: float) -> float:
    """The place of a sum on the scale, 0-1: one half in the middle, and most of the scale around it."""
    return 1.0 / (1.0 + math.exp((middle - total) / _WIDTH))


def _scaled(value: float, low: float, high: float) -> float:
    """Place of a value between two bounds on a scale of logarithms, 0-1."""
    if value <= low:
        return 0.0
    return min(1.0, math.log(value / low) / math.log(high / low))
