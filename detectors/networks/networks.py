"""Networks over time: a community keeps one id from the day it is found until it is resolved.

Each clustering gives the communities of the components whose edges changed. They are matched to the networks that were
there before, by Jaccard similarity of core members, the most similar first. A network without a matching community
has been merged into the network that took most of its core; if it has most of its core itself, it stays. A community
that came out of a network which lives on elsewhere has split off.

An account that leaves its community without entering another stays in its network, since later co-shares with the
members still count. An account without validated co-shares of its own leaves when nothing ties it any more
(`detectors.networks.loose_members`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I32, Bools
from schemas.networks import Lifecycle

_PAIR = 2
"""Accounts of a pair whose timing is so strong that it is a network without a third (`Ground.STRONG`)."""
_MOSTLY = 0.5
"""Share of its core that must have gone to another network for that one to take in a network without a community: as
many as make a network split off. Without this, one account that changed sides took 27 fans into a suspected network
(docs/decisions/0042-heirs.md)."""


@dataclass(slots=True)
class Network:
    """One network under one id."""

    number: int
    """Index in `NetworkStore`; never used twice."""
    network_id: str
    opened_at: int
    """Event time, seconds."""
    core: set[int]
    """Numbers of the accounts that edges hold in the network, now or in the past."""
    peripheral: dict[int, float] = field(default_factory=dict)
    """Numbers of the accounts that joined by expansion, each with its surprise."""
    former: set[int] = field(default_factory=set)
    """Numbers of the accounts that went from here to another network."""
    predecessors: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle.OPENED
    last_evidence: int = 0
    """Event time of the latest tick with new evidence, seconds."""

    @property
    def members(self) -> list[int]:
        """All account numbers, ascending."""
        return sorted(self.core | self.peripheral.keys())

    @property
    def size(self) -> int:
        """Count of members."""
        return len(self.core) + sum(account not in self.core for account in self.peripheral)


@dataclass(slots=True)
class NetworkChange:
    """What happened to a network at a tick."""

    network: Network
    lifecycle: Lifecycle
    successor: Network | None = None
    """The network that absorbed it."""


class NetworkStore:
    """All networks that are not resolved or merged away.

    Args:
        min_members: least members of a network; smaller communities are ignored. At 3 or less, so are none of two.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_min_members", "_least"})
    alive: dict[int, Network]
    _passed: dict[int, int]

    def __init__(self, min_members: int) -> None:
        self._min_members = min_members
        self._least = _PAIR if min_members <= _PAIR + 1 else min_members
        self._made = 0
        self.alive = {}
        """By number."""
        self._passed = {}
        """Event time at which each peripheral member last passed the test of expansion, seconds."""
        self.network_of: I32 = np.full(1024, -1, np.int32)
        """Network number of each account, -1 for none; at least as long as there are accounts."""

    def reserve(self, accounts: int) -> None:
        """Make room for account numbers below `accounts`."""
        if accounts > len(self.network_of):
            grown = np.full(max(accounts, 2 * len(self.network_of)), -1, np.int32)
            grown[: len(self.network_of)] = self.network_of
            self.network_of = grown

    def update_from_communities(
        self, touched: I32, communities: Sequence[I32], now: int, names: Sequence[str] | None = None
    ) -> tuple[list[Network], list[tuple[Network, Network]]]:
        """Match communities to networks.

        Args:
            touched: accounts of the components that were clustered again.
            communities: the communities of those components.
            now: event time, seconds.
            names: names of the accounts by number; ids of new networks are derived from them.

        Returns:
            The networks that are new or whose members changed, ordered by number, and pairs (merged away, merged into).
        """
        groups = [group for group in communities if len(group) >= self._least]
        known = sorted({int(n) for n in self.network_of[touched] if n >= 0})
        known = [number for number in known if self.alive[number].core & set(touched.tolist())]
        cores = {number: set(network.core) for number, network in self.alive.items()}
        network_of_group = self._match(groups, known)
        changed: dict[int, Network] = {}
        merged: list[tuple[Network, Network]] = []
        origins = [self._origin(group) for group in groups]
        for index, group in enumerate(groups):
            network = self.alive[network_of_group[index]] if index in network_of_group else None
            if network is None:
                origin = self.alive.get(origins[index])
                split = origin is not None and origin.number in network_of_group.values()
                network = self._open(group, now, names, origin.network_id if origin and split else None)
                changed[network.number] = network
            self._enter(network, group.tolist(), changed)
        for number in sorted({*known, *changed}):
            old = self.alive[number]
            large_enough = len(old.members) >= self._min_members > 0
            if number in network_of_group.values() or (large_enough and number not in known):
                continue
            heirs = [int(n) for n in self.network_of[sorted(cores.get(number, ()))] if n >= 0 and n != number]
            if not heirs or number not in cores:
                continue
            heir = self.alive[max(heirs, key=lambda n: (heirs.count(n), -n))]
            if large_enough and heirs.count(heir.number) < _MOSTLY * len(cores[number]):
                continue
            self._enter(heir, sorted(old.core), changed)
            heir.peripheral |= old.peripheral
            self.network_of[list(old.peripheral)] = heir.number
            old.peripheral = {}
            heir.predecessors = tuple(dict.fromkeys((*heir.predecessors, old.network_id)))
            heir.lifecycle = Lifecycle.MERGED
            changed[heir.number] = heir
            self._close(old)
            changed.pop(number, None)
            merged.append((old, heir))
        return [changed[number] for number in sorted(changed)], merged

    def within(self, a: I32, b: I32) -> Bools:
        """Which two accounts are members of one network; bool, one for each entry."""
        network, other = self.network_of[a], self.network_of[b]
        return np.asarray((network == other) & (network >= 0))

    def note_evidence(self, a: I32, b: I32, now: int) -> None:
        """Two accounts at a time gained evidence at event time `now`, seconds."""
        for number in np.unique(self.network_of[a][self.within(a, b)]).tolist():
            self.alive[number].last_evidence = now

    def join(self, network: int, account: int, surprise: float, now: int) -> None:
        """Add a peripheral member. An account that is in a network already stays there."""
        if self.network_of[account] < 0:
            self.network_of[account] = network
            self.alive[network].peripheral[account] = surprise
            self._passed[account] = now

    def part_from_peripheral(self) -> dict[int, tuple[int, float]]:
        """Take all peripheral members out; return the network number and the surprise of each account."""
        peripheral = {
            account: (network.number, surprise)
            for network in self.alive.values()
            for account, surprise in sorted(network.peripheral.items())
        }
        self.leave(np.array(sorted(peripheral), np.int32))
        return peripheral

    def take_back(self, peripheral: dict[int, tuple[int, float]], since: int) -> list[Network]:
        """Return accounts to their networks if they are in none now and passed at `since` or later.

        Args:
            peripheral: network number and surprise of each account, as `part_from_peripheral` gave them.
            since: event time, seconds.

        Returns:
            The networks that lost a member, ordered by number.
        """
        lost: dict[int, Network] = {}
        for account, (number, surprise) in peripheral.items():
            if self.network_of[account] == number:
                continue
            if self.network_of[account] < 0 and self._passed[account] >= since:
                self.join(number, account, surprise, self._passed[account])
                continue
            lost[number] = self.alive[number]
        self._passed = {account: time for account, time in self._passed.items() if time >= since}
        return [lost[number] for number in sorted(lost)]

    def leave(self, accounts: I32) -> list[Network]:
        """Take accounts out of their networks; return the networks that they were in, ordered by number."""
        left: dict[int, Network] = {}
        for account in accounts.tolist():
            network = self.alive[int(self.network_of[account])]
            network.core.discard(account)
            network.peripheral.pop(account, None)
            self.network_of[account] = -1
            left[network.number] = network
        return [left[number] for number in sorted(left)]

    def resolve(self, network: Network) -> None:
        """End a network."""
        network.lifecycle = Lifecycle.RESOLVED
        self._close(network)

    def _match(self, groups: Sequence[I32], known: Iterable[int]) -> dict[int, int]:
        """The network that each group continues: group index to network number."""
        overlaps = []
        for number in known:
            core = self.alive[number].core
            for index, group in enumerate(groups):
                common = len(core.intersection(group.tolist()))
                if common:
                    overlaps.append((-common / (len(core) + len(group) - common), number, index))
        network_of_group: dict[int, int] = {}
        for _, number, index in sorted(overlaps):
            if index not in network_of_group and number not in network_of_group.values():
                network_of_group[index] = number
        return network_of_group

    def _origin(self, group: I32) -> int:
        """The network that at least half of a group was in, or -1."""
        numbers, counts = np.unique(self.network_of[group], return_counts=True)
        best = int(numbers[np.argmax(counts)])
        return best if best >= 0 and counts.max() >= _MOSTLY * len(group) else -1

    def _open(self, group: I32, now: int, names: Sequence[str] | None, origin: str | None) -> Network:
        founders = [names[n] if names is not None else str(n) for n in group.tolist()]
        digest = hashlib.blake2b("\n".join([str(now), *sorted(founders)]).encode(), digest_size=6)
        network = Network(
            self._made,
            f"net-{digest.hexdigest()}",
            now,
            set(),
            predecessors=(origin,) if origin else (),
            lifecycle=Lifecycle.SPLIT if origin else Lifecycle.OPENED,
            last_evidence=now,
        )
        self._made += 1
        self.alive[network.number] = network
        return network

    def _enter(self, network: Network, accounts: Iterable[int], changed: dict[int, Network]) -> None:
        """Make accounts core members of a network, and take them out of any other."""
        for account in accounts:
            before = int(self.network_of[account])
            if before == network.number and account in network.core:
                continue
            if before >= 0:
                self.alive[before].core.discard(account)
                self.alive[before].peripheral.pop(account, None)
                if before != network.number:
                    self.alive[before].former.add(account)
                changed[before] = self.alive[before]
            network.core.add(account)
            network.former.discard(account)
            self.network_of[account] = network.number
            changed[network.number] = network

    def _close(self, network: Network) -> None:
        for account in network.members:
            if self.network_of[account] == network.number:
                self.network_of[account] = -1
        del self.alive[network.number]
