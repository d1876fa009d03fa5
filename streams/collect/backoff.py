"""How long to wait before the next attempt to connect."""

import random

_FIRST_S = 0.5
_MOST_S = 60.0
"""Seconds before the first and, at most, before any later attempt. Chosen, not measured."""


class Backoff:
    """Waits that double up to a limit, each cut at random, so that many collectors do not come back at once.

    Args:
        rng: gives the random share.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()  # noqa: S311 - no secret
        self._failures = 0

    def reset(self) -> None:
        """The source works again."""
        self._failures = 0

    def ease(self) -> None:
        """The last connection brought something: the next attempt follows soon, but not at once."""
        self._failures = min(self._failures, 1)

    def next_s(self, asked_s: float | None = None) -> float:
        """Seconds to wait now: between half of the doubled wait and all of it, and never less than the source asks."""
        doubled = min(_MOST_S, _FIRST_S * 2.0 ** min(self._failures, 20))
        self._failures += 1
        return max(doubled * self._rng.uniform(0.5, 1.0), asked_s or 0.0)
