"""Decides when signals are due, and gathers them until a driver takes them."""

from datetime import UTC, datetime
from typing import ClassVar, TypeAlias

import numpy as np

from detectors.accounts import ERASED, AccountStore
from detectors.config import DetectionConfig
from detectors.covertness.account_observations import AccountObservations
from detectors.evidence.pairs import PairStore
from detectors.networks.network_stage import NetworkStage
from detectors.signals.engagement_signals import HOURS, engagement_signals
from detectors.signals.follower_signals import follower_signals
from detectors.signals.pair_signals import pair_signals
from detectors.signals.written import WrittenFigures
from detectors.synchrony.cells import window_table
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony

SignalRecord: TypeAlias = AccountEngagement | AccountFollowers | PairSynchrony
_HOUR_S = 3_600
_GONE = f":{ERASED}"


class SignalMemory:
    """What signals have been written."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    hour: int | None

    def __init__(self) -> None:
        self.pairs = WrittenFigures()
        """By the key of the pair."""
        self.engagement = WrittenFigures()
        """By account number."""
        self.followers = WrittenFigures()
        """By account key."""
        self.hour = None
        """Hours since 1970 at the last tick for which signals were written; None: there was none."""


def _is_of_erased(signal: SignalRecord) -> bool:
    """Whether a signal is about an account that was erased."""
    if isinstance(signal, PairSynchrony):
        return signal.account_a.endswith(_GONE) or signal.account_b.endswith(_GONE)
    return signal.account_id.endswith(_GONE)


class SignalWriter:
    """Writes signals at the ticks that begin an hour, and at the ends of days. It holds no state: `memory` does.

    Args:
        config: windows of co-sharing.
        stage: the networks.
        observations: engagement and followers.
        pairs: pair evidence.
        accounts: names and numbers of accounts.
        memory: what was written before.
    """

    def __init__(
        self,
        config: DetectionConfig,
        stage: NetworkStage,
        observations: AccountObservations,
        pairs: PairStore,
        accounts: AccountStore,
        memory: SignalMemory,
    ) -> None:
        self._windows_s = window_table(config)
        self._stage = stage
        self._observations = observations
        self._pairs = pairs
        self._accounts = accounts
        self._memory = memory
        self._waiting: list[SignalRecord] = []

    def take(self) -> list[SignalRecord]:
        """The signals since the last call, in order."""
        taken, self._waiting = self._waiting, []
        return [signal for signal in taken if not _is_of_erased(signal)]

    def tick(self, now: int, *, end_of_day: bool) -> None:
        """Write what is due.

        Args:
            now: event time of the tick, seconds.
            end_of_day: whether a day ends with it.
        """
        memory, at = self._memory, datetime.fromtimestamp(now, UTC)
        hour = now // _HOUR_S
        last = hour - 1 if memory.hour is None else memory.hour
        if hour > last:
            memory.hour = hour
            hours = range(max(last + 1, hour + 1 - HOURS), hour + 1)
            self._waiting += engagement_signals(
                self._observations, self._accounts, memory.engagement, hours, now, at
            )
            self._waiting += pair_signals(
                self._stage, self._pairs, self._accounts, self._windows_s, memory.pairs, at
            )
        if end_of_day and self._observations.followed:
            network_of = self._stage.networks.network_of[: len(self._accounts)]
            members = np.flatnonzero(network_of >= 0)
            self._waiting += follower_signals(
                self._observations, self._accounts, members, memory.followers, at
            )
