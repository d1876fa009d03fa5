"""A cluster in one process: ingest, sixteen shards of synchrony and the rest of detection, on workers that fail.

A run follows from its seed. Messages are delivered in any order, late, and some twice. Workers are killed, or taken for
dead while they go on (zombies); ingest starts again from earlier epochs. Whoever takes a role over restores its last
snapshot, if there is one, and reads its own log from there.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.arrays.dtypes import I64
from detectors.exchange.epoch_messages import Columns, EpochMark, EpochRows, closed
from detectors.exchange.inbox import EpochInbox
from detectors.exchange.synchrony_rows import ReceivedSynchrony, SynchronyRows
from detectors.exchange.synchrony_shard import SynchronyShard
from detectors.pipeline import Pipeline
from detectors.shards import VIRTUAL_SHARDS, parted
from detectors.state.capture import State, capture, restore
from detectors.synchrony.co_share_kernels import picked
from detectors.synchrony.open_epoch import NO_SHARES
from tests.distribution.plain_run import CONFIG, PlainRun, encoded

CORE = VIRTUAL_SHARDS
"""The role beside the shards: all stages that are not cut, which read what shards emit."""

_MOST_STEPS = 100_000
"""Steps after which a run counts as stuck; runs take some hundreds."""


@dataclass(slots=True)
class Snapshot:
    """State of a role at the end of an epoch."""

    epoch: int
    """Index of the next epoch."""
    place: int
    """Where to read on in the role's log."""
    state: State


class Cluster:
    """Everything that outlasts a worker: logs, snapshots, and the alerts that were raised."""

    def __init__(self, plain: PlainRun, seed: int, workers: int, ingests: int) -> None:
        self.plain = plain
        self.draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.ingests = [f"ingest {number}" for number in range(ingests)]
        self.shards = [f"synchrony {number}" for number in range(VIRTUAL_SHARDS)]
        self.logs: list[list[EpochRows | EpochMark]] = [[] for _ in range(VIRTUAL_SHARDS + 1)]
        self.in_flight: list[tuple[int, EpochRows | EpochMark]] = []
        self.snapshots: dict[int, Snapshot] = {}
        self.alerts: dict[int, list[bytes]] = {}
        """By index of the epoch."""
        self.workers = workers
        self.worker_of = [self.draw.randrange(workers) for _ in self.logs]
        self.faults: Counter[str] = Counter()
        self.repeats = 0
        self.cursors = [0] * ingests
        self.replicas: list[Replica] = [self.started(role) for role in range(len(self.logs))]
        self.zombies: list[Replica] = []

    def run(self) -> list[bytes]:
        """All alerts, in order, once every epoch is closed."""
        draw, steps = self.draw, 0
        while len(self.alerts) < len(self.plain.epochs):
            steps += 1
            assert steps < _MOST_STEPS, "an epoch does not close"
            what = draw.random()
            if what < 0.10:
                self.ingest(draw.randrange(len(self.ingests)), draw.randint(1, 6))
            elif what < 0.45:
                self.deliver(draw.randint(1, 400))
            elif what < 0.96:
                replica = draw.choice(self.replicas)
                replica.work(draw.randint(1, 200))
                if draw.random() < 0.05:
                    replica.save()
            elif what < 0.97 and self.zombies:
                draw.choice(self.zombies).work(draw.randint(1, 200))
            elif draw.random() < 0.12:
                self.fail()
        for zombie in self.zombies:
            zombie.work(len(self.logs[zombie.role]))
        return [alert for epoch in range(len(self.plain.epochs)) for alert in self.alerts[epoch]]

    def send(self, role: int, messages: list[EpochRows | EpochMark]) -> None:
        """Put messages on their way; one in thirty is sent twice."""
        for message in messages:
            self.in_flight += [(role, message)] * (2 if self.draw.random() < 0.03 else 1)

    def deliver(self, count: int) -> None:
        """Let some of the messages arrive, in any order."""
        for _ in range(min(count, len(self.in_flight))):
            chosen = self.draw.randrange(len(self.in_flight))
            self.in_flight[chosen], self.in_flight[-1] = self.in_flight[-1], self.in_flight[chosen]
            role, message = self.in_flight.pop()
            self.logs[role].append(message)

    def ingest(self, number: int, epochs: int) -> None:
        """Let a reader of posts close some epochs: it has every n-th post."""
        for index in range(self.cursors[number], min(self.cursors[number] + epochs, len(self.plain.epochs))):
            epoch = self.plain.epochs[index]
            shares = self.plain.shares.get(epoch, NO_SHARES)
            shares = picked(shares, np.flatnonzero(shares.post % len(self.ingests) == number))
            rows, begins = parted(shares.object, VIRTUAL_SHARDS)
            name = self.ingests[number]
            for shard in range(VIRTUAL_SHARDS):
                mine = rows[begins[shard] : begins[shard + 1]]
                cut = self.cut_of(shares.post[mine])
                parts = [tuple(picked(shares, part)) for part in np.split(mine, cut) if len(part)]
                self.send(shard, closed(name, epoch, parts))
            posts = self.posts_of(index)
            self.send(CORE, closed(name, epoch, [(posts[posts % len(self.ingests) == number],)]))
            self.cursors[number] = index + 1

    def cut_of(self, posts: I64) -> list[int]:
        """Where rows are cut into two frames, the same whenever they are sent."""
        return [len(posts) // 2] if len(posts) and int(posts[0]) % 3 == 0 else []

    def posts_of(self, index: int) -> I64:
        """Rows of the posts of an epoch."""
        times = self.plain.posts["created_at"].to_numpy()
        begin = self.plain.epochs[index - 1] if index else 0
        return np.arange(*np.searchsorted(times, [begin, self.plain.epochs[index]]), dtype=np.int64)

    def started(self, role: int) -> "Replica":
        """A replica of a role, from its snapshot if there is one."""
        return Replica(self, role, self.snapshots.get(role))

    def fail(self) -> None:
        """Let a worker die or be taken for dead, or ingest start again."""
        fault = self.draw.choice(("killed", "zombie", "ingest", "moved"))
        self.faults[fault] += 1
        if fault == "ingest":
            number = self.draw.randrange(len(self.ingests))
            self.cursors[number] = max(0, self.cursors[number] - self.draw.randint(1, 12))
            return
        worker = self.draw.randrange(self.workers)
        lost = [role for role, of in enumerate(self.worker_of) if of == worker]
        if fault == "moved":
            lost = lost[:3]
        for role in lost:
            if fault == "zombie":
                self.zombies.append(self.replicas[role])
            elif fault == "moved":
                self.replicas[role].save()
            self.worker_of[role] = self.draw.randrange(self.workers)
            self.repeats += self.replicas[role].inbox.repeats
            self.replicas[role] = self.started(role)


@dataclass(slots=True)
class Replica:
    """A role on some worker: its stage, and how far it has read its log."""

    cluster: Cluster
    role: int
    snapshot: Snapshot | None
    stage: Any = None
    inbox: EpochInbox = field(init=False)
    epoch: int = 0
    place: int = 0

    def __post_init__(self) -> None:
        cluster = self.cluster
        self.stage = SynchronyShard(CONFIG, self.role, VIRTUAL_SHARDS) if self.role != CORE else _core()
        after = 0
        if self.snapshot is not None:
            restore(self.stage, self.snapshot.state)
            self.epoch, self.place = self.snapshot.epoch, self.snapshot.place
            after = cluster.plain.epochs[self.epoch - 1]
        producers = cluster.ingests if self.role != CORE else [*cluster.ingests, *cluster.shards]
        self.inbox = EpochInbox(producers, after)

    def work(self, messages: int) -> None:
        """Read some messages, and close what they close."""
        cluster, log = self.cluster, self.cluster.logs[self.role]
        for place in range(self.place, min(self.place + messages, len(log))):
            self.inbox.add(log[place], place)
            self.place = place + 1
        epochs = cluster.plain.epochs
        while self.epoch < len(epochs) and self.inbox.closed(epochs[self.epoch]):
            taken = self.inbox.take(epochs[self.epoch])
            if self.role == CORE:
                self.close_core(taken)
            else:
                rows = [frame for frames in taken for frame in frames] or [tuple(NO_SHARES)]
                emitted = self.stage.close(epochs[self.epoch], rows)
                cluster.send(CORE, closed(cluster.shards[self.role], epochs[self.epoch], [tuple(emitted)]))
            self.epoch += 1

    def close_core(self, taken: list[list[Columns]]) -> None:
        """Apply an epoch, and raise its alerts unless they have been raised before."""
        cluster, pipeline = self.cluster, self.stage
        ingests = len(cluster.ingests)
        pipeline.synchrony.receive([SynchronyRows(*frames[0]) for frames in taken[ingests:]])
        rows = np.sort(np.concatenate([frames[0][0] for frames in taken[:ingests]]))
        assert np.array_equal(rows, cluster.posts_of(self.epoch)), "posts are missing, or came twice"
        epoch = cluster.plain.epochs[self.epoch]
        raised = [encoded(alert) for alert in pipeline.apply(cluster.plain.traced.get(epoch), epoch)]
        assert cluster.alerts.setdefault(self.epoch, raised) == raised

    def save(self) -> None:
        """Keep a snapshot, unless there is a newer one."""
        newest = self.cluster.snapshots.get(self.role)
        if self.epoch and (newest is None or newest.epoch < self.epoch):
            needed = self.inbox.needed_from
            place = self.place if needed is None else needed
            self.cluster.snapshots[self.role] = Snapshot(self.epoch, place, capture(self.stage))


def _core() -> Pipeline:
    return Pipeline(CONFIG, synchrony=ReceivedSynchrony(CONFIG))
