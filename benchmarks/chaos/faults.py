"""What goes wrong, one thing after another in an order drawn by lot: workers and brokers end, stop and stand still."""

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass, field

from benchmarks.chaos.prober import Prober
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import Service, Watcher, Worker

KINDS = ("kill owner", "freeze broker", "kill other", "kill broker", "stop owner", "stop broker")
_RECOVERY_LIMIT_S = 120.0
_STOP_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong."""

    kind: str
    begin: float
    """Seconds since 1970 UTC."""
    end: float
    """When the cause was gone: the broker was back, or the worker started anew."""
    recovered_s: float
    """Seconds from then until all workers were ready; infinity: not within two minutes."""
    exit_s: float = 0.0
    """Seconds from SIGTERM to the end of a worker that was stopped in order."""

    @property
    def is_outage(self) -> bool:
        """Whether the broker was away."""
        return self.kind.endswith("broker")


@dataclass
class Faults:
    """Makes things go wrong.

    Args:
        service: its workers are ended and started anew.
        broker: is stopped, killed and frozen.
        ports: of the workers.
        prober: says when they are ready.
        outages_s: from which the length of an outage is drawn, seconds.
        every_s: seconds from one recovery to the next fault.
        rng: draws.
        ended: gets the last lines of a worker that was to end in order and failed.
    """

    service: Service
    broker: Broker
    ports: dict[int, Worker]
    prober: Prober
    outages_s: tuple[float, ...]
    every_s: float
    rng: random.Random
    ended: list[str]
    done: list[Fault] = field(default_factory=list)

    async def run(self, watcher: Watcher, going: asyncio.Event) -> None:
        """Go on while `going` is set; each kind comes as often as the others."""
        kinds: list[str] = []
        while going.is_set():
            await asyncio.sleep(self.every_s)
            if not going.is_set():
                return
            if not kinds:
                kinds = list(KINDS)
                self.rng.shuffle(kinds)
            await self._one(kinds.pop(), watcher)

    async def _one(self, kind: str, watcher: Watcher) -> None:
        begin, exit_s = time.time(), 0.0
        if kind.endswith("broker"):
            begin = await self._outage(kind, self.rng.choice(self.outages_s))
        else:
            owner = self.service.owner(watcher.progress["worker_id"])
            numbers = [
                number for number, worker in self.ports.items() if (worker is owner) == kind.endswith("owner")
            ]
            exit_s = await asyncio.to_thread(self._end, self.rng.choice(numbers or list(self.ports)), kind)
        end = time.time()
        recovered = await self._recovered(end)
        self.done.append(Fault(kind, begin, end, recovered, exit_s))

    async def _outage(self, kind: str, seconds: float) -> float:
        """Let the broker be away; since when it was, seconds since 1970 UTC."""
        node = self.broker.node_process_id(1)
        if kind == "freeze broker":
            os.kill(node, signal.SIGSTOP)
            begin = time.time()
            try:
                await asyncio.sleep(seconds)
            finally:
                os.kill(node, signal.SIGCONT)
            return begin
        if kind == "kill broker":
            await asyncio.to_thread(self.broker.kill, 1)
        else:
            await asyncio.to_thread(self.broker.stop)
        begin = time.time()
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.broker.start)
        return begin

    def _end(self, number: int, kind: str) -> float:
        """End a worker and start it anew; seconds that it took to end."""
        worker = self.ports[number]
        begun = time.monotonic()
        self.service.workers.remove(worker)
        if kind.startswith("kill"):
            worker.process.kill()
            worker.process.wait()
        else:
            worker.process.terminate()
            if status := worker.process.wait(_STOP_LIMIT_S):
                self.ended.append(f"status {status}: {worker.text().splitlines()[-1]}")
        seconds = time.monotonic() - begun
        self.ports[number] = self.service.start_worker("--web-port", str(number))
        return seconds

    async def _recovered(self, since: float) -> float:
        while time.time() - since < _RECOVERY_LIMIT_S:
            if self.prober.all_ready(since):
                return time.time() - since
            await asyncio.sleep(0.2)
        return float("inf")
