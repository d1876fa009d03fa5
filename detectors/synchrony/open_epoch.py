"""The shares of the epoch that is open: they wait until event time has passed it, and are then handed on together.

So what a stage is handed does not depend on where batches end. A very busy epoch is handed on in several parts, which
end at counts of shares, so that memory is bounded.
"""

from typing import ClassVar

import numpy as np

from detectors.synchrony.co_share_kernels import Shares, picked

MOST_SHARES = 1 << 17
"""Shares that are handed on in one part, at most: 3.8 MB."""


class OpenEpoch:
    """Shares of one epoch, in event order."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _pieces: list[Shares]

    def __init__(self) -> None:
        self._pieces = []
        self._count = 0

    def __len__(self) -> int:
        """Count of shares that wait."""
        return self._count

    def copy(self) -> "OpenEpoch":
        """Another one with the same shares."""
        other = OpenEpoch()
        other._pieces, other._count = list(self._pieces), self._count
        return other

    def add(self, shares: Shares) -> None:
        """Keep shares; none is earlier than those before."""
        if len(shares.time):
            self._pieces.append(shares)
            self._count += len(shares.time)

    @property
    def full(self) -> bool:
        """Whether a part is to be handed on before the epoch ends."""
        return self._count > MOST_SHARES

    def take(self) -> Shares:
        """The shares that come first, `MOST_SHARES` at most; they wait no longer."""
        if not self._pieces:
            return NO_SHARES
        pieces = self._pieces
        joined = pieces[0] if len(pieces) == 1 else _concatenated(pieces)
        self._pieces, self._count = [], 0
        self.add(picked(joined, slice(MOST_SHARES, None)))
        return picked(joined, slice(MOST_SHARES))


def _concatenated(pieces: list[Shares]) -> Shares:
    times, accounts, posts, kinds, objects = zip(*pieces, strict=True)
    joined = np.concatenate
    return Shares(joined(times), joined(accounts), joined(posts), joined(kinds), joined(objects))


_NONE = np.zeros(0, np.int64)
NO_SHARES = Shares(_NONE, _NONE.astype(np.int32), _NONE, _NONE.astype(np.uint8), _NONE.astype(np.uint64))
