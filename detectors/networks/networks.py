"""Networks over time: one id from the day a community is found until it is resolved.

At each clustering the communities of touched components are matched to the networks known there, by Jaccard
similarity of core members, the greatest first. A network that finds no community of its own has been merged into the
one that took most of its core; a community that came out of a network that lives on elsewhere has split off.
Members are remembered: who leaves the community without entering another stays, since later co-shares with
the members still count. Who was never tied by own co-shares has to be tied still (`detectors.networks.loose_members`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I32
from schemas.networks import Lifecycle


@dataclass(slots=True)
class Network:
    """One network under one id."""

    number: int
    """Index in `NetworkStore`; never used twice."""
    network_id: str
    opened_at: int
    """Event time, seconds."""
    core: set[int]
    """Account numbers that hold together by edges, now or once."""
    peripheral: dict[int, float] = field(default_factory=dict)
    """Account numbers that joined by expansion, with their surprise."""
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


class NetworkStore:
    """All networks that are alive.

    Args:
        min_members: smaller communities are not networks.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_min_members"})
    alive: dict[int, Network]
    _passed: dict[int, int]

    def __init__(self, min_members: int) -> None:
        self._min_members = min_members
        self._made = 0
        self.alive = {}
        """By number."""
        self._passed = {}
        """Event time at which each peripheral member was last found to belong, seconds."""
        self.network_of: I32 = np.full(1024, -1, np.int32)
        """Network number of each account, -1 for none; at least as long as there are accounts."""

    def reserve(self, accounts: int) -> None:
        """Make room for account numbers below `accounts`."""
        if accounts > len(self.network_of):
            grown = np.full(max(accounts, 2 * len(self.network_of)), -1, np.int32)
            grown[: len(self.network_of)] = self.network_of
            self.network_of = grown

    def update_from_communities(
        self, touched: I32, found: Sequence[I32], now: int, names: Sequence[str] | None = None
    ) -> tuple[list[Network], list[tuple[Network, Network]]]:
        """Match communities to networks.

        Args:
            touched: accounts of the components that were clustered again.
            found: their communities.
            now: event time, seconds.
            names: names of the accounts by number, to derive ids from.

        Returns:
            Networks that are new or have other members, by number; and pairs of (merged away, merged into).
        """
        groups = [group for group in found if len(group) >= self._min_members]
        here = sorted({int(n) for n in self.network_of[touched] if n >= 0})
        here = [number for number in here if self.alive[number].core & set(touched.tolist())]
        cores = {number: set(network.core) for number, network in self.alive.items()}
        taken = self._match(groups, here)
        changed: dict[int, Network] = {}
        merged: list[tuple[Network, Network]] = []
        origins = [self._origin(group) for group in groups]
        for at, group in enumerate(groups):
            network = self.alive[taken[at]] if at in taken else None
            if network is None:
                origin = self.alive.get(origins[at])
                split = origin is not None and origin.number in taken.values()
                network = self._open(group, now, names, origin.network_id if origin and split else None)
                changed[network.number] = network
            self._enter(network, group.tolist(), changed)
        for number in sorted({*here, *changed}):
            old = self.alive[number]
            if number in taken.values() or (len(old.members) >= self._min_members > 0 and number not in here):
                continue
            heirs = [int(n) for n in self.network_of[sorted(cores.get(number, ()))] if n >= 0 and n != number]
            if not heirs or number not in cores:
                continue
            heir = self.alive[max(heirs, key=lambda n: (heirs.count(n), -n))]
            self._enter(heir, sorted(old.core), changed)
            heir.peripheral |= old.peripheral
            self.network_of[list(old.peripheral)] = heir.number
            old.peripheral = {}
            heir.predecessors = (*heir.predecessors, old.network_id)
            heir.lifecycle = Lifecycle.MERGED
            changed[heir.number] = heir
            self._close(old)
            changed.pop(number, None)
            merged.append((old, heir))
        return [changed[number] for number in sorted(changed)], merged

    def join(self, network: int, account: int, surprise: float, now: int) -> None:
        """Add a peripheral member; an account that is in a network already stays there."""
        if self.network_of[account] < 0:
            self.network_of[account] = network
            self.alive[network].peripheral[account] = surprise
            self._passed[account] = now

    def part_from_peripheral(self) -> dict[int, tuple[int, float]]:
        """Take all peripheral members out; return the network and surprise of each account."""
        held = {
            account: (network.number, surprise)
            for network in self.alive.values()
            for account, surprise in sorted(network.peripheral.items())
        }
        self.leave(np.array(sorted(held), np.int32))
        return held

    def take_back(self, held: dict[int, tuple[int, float]], since: int) -> list[Network]:
        """Let those who are in no network now, and passed at `since` or later, back into theirs.

        Returns:
            The networks that lost somebody, by number.
        """
        lost: dict[int, Network] = {}
        for account, (number, surprise) in held.items():
            if self.network_of[account] == number:
                continue
            if self.network_of[account] < 0 and self._passed[account] >= since:
                self.join(number, account, surprise, self._passed[account])
                continue
            lost[number] = self.alive[number]
        self._passed = {account: at for account, at in self._passed.items() if at >= since}
        return [lost[number] for number in sorted(lost)]

    def leave(self, accounts: I32) -> list[Network]:
        """Take core members out; return the networks that they were in, by number."""
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

    def _match(self, groups: Sequence[I32], here: Iterable[int]) -> dict[int, int]:
        """Which network each group carries on: group index to network number."""
        overlaps = []
        for number in here:
            core = self.alive[number].core
            for at, group in enumerate(groups):
                common = len(core.intersection(group.tolist()))
                if common:
                    overlaps.append((-common / (len(core) + len(group) - common), number, at))
        taken: dict[int, int] = {}
        for _, number, at in sorted(overlaps):
            if at not in taken and number not in taken.values():
                taken[at] = number
        return taken

    def _origin(self, group: I32) -> int:
        """The network that most of a group was in, or -1."""
        numbers, counts = np.unique(self.network_of[group], return_counts=True)
        best = int(numbers[np.argmax(counts)])
        return best if best >= 0 and counts.max() * 2 >= len(group) else -1

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
        """Make accounts core members, out of whatever network they were in."""
        for account in accounts:
            before = int(self.network_of[account])
            if before == network.number and account in network.core:
                continue
            if before >= 0:
                self.alive[before].core.discard(account)
                self.alive[before].peripheral.pop(account, None)
                changed[before] = self.alive[before]
            network.core.add(account)
            self.network_of[account] = network.number
            changed[network.number] = network

    def _close(self, network: Network) -> None:
        for account in network.members:
            if self.network_of[account] == network.number:
                self.network_of[account] = -1
        del self.alive[network.number]
