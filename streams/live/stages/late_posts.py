"""Posts that came too late: counted for the log by collector, not one by one."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

_EVERY_S = 60.0
"""Seconds between two lines in the log for the same reason. Chosen, not measured."""


class LatePostLog:
    """Logs late posts: the first at once, further ones together.

    Args:
        log: of the worker.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._waiting: Counter[str] = Counter()
        """Count of posts that were not logged yet, by collector."""
        self._logged_at = -math.inf

    def add(self, counts: Mapping[str, int]) -> None:
        """Take counts of late posts, by collector."""
        if not counts:
            return
        self._waiting.update(counts)
        now = time.monotonic()
        if now - self._logged_at < _EVERY_S:
            return
        self._logged_at = now
        for collector, count in self._waiting.most_common():
            self._log.warning("posts came too late", collector=collector or "unnamed", posts=count)
        self._waiting.clear()
