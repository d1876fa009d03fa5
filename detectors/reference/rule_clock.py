"""When reviewers' rules have to be looked at: at the next tick after they changed, and when one begins or ends."""

import math
from collections.abc import Sequence
from typing import ClassVar

from schemas.reviews import SuppressionRule

_NEVER = 1 << 62


class RuleClock:
    """The event time from which networks have to be compared with the rules again."""

    not_state: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.due_at = 0
        """Seconds; 0: at the next tick."""

    def changed(self) -> None:
        """Rules or the registry are other ones."""
        self.due_at = 0

    def looked(self, rules: Sequence[SuppressionRule], now: int) -> None:
        """Networks have been compared with the rules at event time `now`, seconds."""
        bounds = (
            math.ceil(moment.timestamp())
            for rule in rules
            for moment in (rule.since, rule.until)
            if moment is not None
        )
        self.due_at = min((at for at in bounds if at > now), default=_NEVER)

    def tick(self, now: int, tick_s: int) -> int:
        """The first tick after `now` at which they are due; seconds."""
        at = max(self.due_at, now + 1)
        return at + -at % tick_s
