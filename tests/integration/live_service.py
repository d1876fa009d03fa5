"""The live service as it is run: the command line on a real broker, workers as processes that can be killed.

Tests wait for what the topics say, never for time to pass.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from schemas.service.topics import POSTS, PROGRESS, SNAPSHOTS
from streams.live.broker.connection import client_arguments, connection
from streams.live.broker.topic_admin import create_topics
from streams.live.exchange.decoding import KIND_OF
from streams.settings.settings import load_settings

PROGRAM = Path(sys.executable).parent / "lockstep"
LIMIT_S = float(os.environ.get("LOCKSTEP_TEST_LIMIT_S", "240"))
"""No test waits longer than this for anything."""


@dataclass
class Worker:
    """One `lockstep worker`."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def text(self) -> str:
        return self.output.read_text(errors="replace")


@dataclass
class Service:
    """A service on topics of its own."""

    folder: Path
    bootstrap: str
    prefix: str
    worker_settings: str = ""
    idle_after_s: float = 30.0
    settle_s: float = 3.0
    kafka_settings: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    detection_settings: str = ""
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "lockstep.toml"
        self.config.write_text(
            f'[kafka]\nbootstrap_servers = "{self.bootstrap}"\ntopic_prefix = "{self.prefix}"\n'
            f"{self.kafka_settings}\n[worker]\nidle_after_s = {self.idle_after_s}\nsession_timeout_s = 3.0\n"
            f"settle_s = {self.settle_s}\n"
            f'data_dir = "{self.folder}/data"\n{self.worker_settings}\n{self.detection_settings}\n'
        )
        self._environment = {**os.environ, **self.environment}
        self._environment.pop("LOCKSTEP_KAFKA", None)
        self._started = 0
        self._publishers: list[subprocess.Popen[bytes]] = []

    def lockstep(self, *arguments: str | Path) -> str:
        """Run the program to its end; give what it said."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments), "--config", str(self.config)],
            env=self._environment,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, said
        return said

    def make_topics(self) -> None:
        """Do what `lockstep topics create` does, without a process, and also while an event loop runs."""
        kafka = load_settings(str(self.config), environ={}).kafka
        making = create_topics(connection(kafka, self.environment), kafka.topic_prefix)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, making).result(LIMIT_S)

    def publish_at(
        self, load: str | Path, speed: float, *references: str | Path, end: bool = True
    ) -> "subprocess.Popen[bytes]":
        """Publish a dump at a multiple of event time, to its end, beside whatever else is done."""
        options = ["--speed", f"{speed:.1f}x", "--no-progress", "--config", str(self.config)]
        options += ["--end"] * end
        publisher = subprocess.Popen(
            [PROGRAM, "publish", str(load), *map(str, references), *options], env=self._environment
        )
        self._publishers.append(publisher)
        return publisher

    def start_worker(self, *arguments: str) -> Worker:
        self._started += 1
        output = self.folder / f"worker-{self._started}.log"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [PROGRAM, "worker", "--config", str(self.config), *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        worker = Worker(process, output)
        self.workers.append(worker)
        return worker

    def kill(self, worker: Worker) -> None:
        """End a worker at once, whatever it is at."""
        worker.process.kill()
        worker.process.wait()
        self.workers.remove(worker)

    def stop(self) -> list[int]:
        """End all workers in order; give their exit statuses."""
        for worker in self.workers:
            worker.process.send_signal(signal.SIGCONT)
            worker.process.terminate()
        statuses = [worker.process.wait(timeout=60) for worker in self.workers]
        self.workers.clear()
        return statuses

    def discard(self) -> None:
        """End at once whatever is left running."""
        for process in (*(worker.process for worker in self.workers), *self._publishers):
            process.kill()
            process.wait()
        self.workers.clear()

    def logs(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')}" for path in self._logs())

    def owner(self, worker_id: str) -> Worker | None:
        """The running worker of this id."""
        return next((w for w in self.workers if f"-{w.pid}-" in worker_id), None)

    def _logs(self) -> list[Path]:
        return sorted(self.folder.glob("worker-*.log"))


class Watcher:
    """Reads what a service says about itself."""

    def __init__(self, service: Service) -> None:
        self._service = service
        kafka = load_settings(str(service.config), environ={}).kafka
        self._arguments = client_arguments(connection(kafka, service.environment), "test")

    async def __aenter__(self) -> "Watcher":
        # while a broker waits for messages it answers no other question of the connection
        self._consumer = AIOKafkaConsumer(**self._arguments, fetch_max_wait_ms=20)
        await self._consumer.start()
        self._progress_at = TopicPartition(self._service.prefix + PROGRESS.name, 0)
        self._consumer.assign([self._progress_at])
        await self._consumer.seek_to_beginning(self._progress_at)
        self.progress: dict[str, Any] = {"frame_offset": -1, "worker_id": "", "held_rows": 0}
        self._admin = AIOKafkaAdminClient(**self._arguments)
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def until(self, reached: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Wait for progress of which `reached` is true."""
        async with self._limited(what):
            while not reached(self.progress):
                await self._read()
        return self.progress

    async def look(self) -> None:
        """Read what has been said since, or wait a moment."""
        await self._read()

    async def until_done(self) -> None:
        """Wait until all that was published is applied."""
        async with self._limited("all frames to be applied"):
            while not await self._done():
                await self._read()

    async def values(self, topic: str) -> list[bytes]:
        """All records of a topic, as they came."""
        consumer = AIOKafkaConsumer(**self._arguments)
        await consumer.start()
        try:
            partitions = await self._partitions(topic)
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[bytes] = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found.extend(record.value for record in records if record.value is not None)
            return found
        finally:
            await consumer.stop()

    async def ends(self, topic: str) -> int:
        """Count of all records that a topic has had."""
        return sum((await self._consumer.end_offsets(await self._partitions(topic))).values())

    async def until_saved(self, frame: int) -> None:
        """Wait for a snapshot of detection with this frame in it. The log leaves out lines that repeat."""
        async with self._limited(f"a snapshot with frame {frame}"):
            while True:
                values = await self.values(SNAPSHOTS.name)
                # chunks are MessagePack, manifests JSON
                manifests = [json.loads(value) for value in values if value.startswith(b'{"frame_offset"')]
                if any(manifest["frame_offset"] >= frame for manifest in manifests):
                    return
                await self._read()

    async def alerts(self) -> dict[tuple[str, int], str]:
        """Alerts by id and revision; two records of one have to say the same."""
        found: dict[tuple[str, int], str] = {}
        for value in await self.values("alerts.v1"):
            alert = json.loads(value)
            key = alert["alert_id"], alert["revision"]
            assert found.setdefault(key, comparable(alert)) == comparable(alert)
        return found

    async def delete_topics(self, *topics: str) -> None:
        """Delete topics, and wait until they are gone."""
        names = {self._service.prefix + topic for topic in topics}
        await self._admin.delete_topics(list(names))
        while names & set(await self._admin.list_topics()):
            await asyncio.sleep(0.1)

    async def _read(self) -> None:
        for records in (await self._consumer.getmany(timeout_ms=200)).values():
            self.progress = json.loads(records[-1].value)
        for worker in self._service.workers:
            assert worker.process.poll() is None, f"a worker has ended: {worker.text()}"

    async def _done(self) -> bool:
        group = f"{self._service.prefix}ingest"
        try:
            committed = await self._admin.list_consumer_group_offsets(group)
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            return False  # no group has been on this broker, or it has just been started
        for topic in KIND_OF:
            partitions = await self._partitions(topic)
            begins = await self._consumer.beginning_offsets(partitions)
            for partition, end in (await self._consumer.end_offsets(partitions)).items():
                reached = committed[partition].offset if partition in committed else -1
                if end > begins[partition] and reached < end:
                    return False
        frames = TopicPartition(f"{self._service.prefix}frames.v1", 0)
        end = (await self._consumer.end_offsets([frames]))[frames]
        settling = self.progress.get("settling", False)
        return bool(self.progress["frame_offset"] >= end - 1) and not settling

    async def _partitions(self, topic: str) -> list[TopicPartition]:
        name = self._service.prefix + topic
        (described,) = await self._admin.describe_topics([name])
        return [TopicPartition(name, partition["partition"]) for partition in described["partitions"]]

    @asynccontextmanager
    async def _limited(self, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(LIMIT_S):
                yield
        except TimeoutError:
            raise AssertionError(
                f"waited in vain for {what}; progress {self.progress}\n{self._service.logs()}"
            ) from None


def comparable(alert: dict[str, Any]) -> str:
    """An alert without the wall clock and what names the run."""
    left = {k: v for k, v in alert.items() if k not in ("emitted_at", "run_id", "mode")}
    return json.dumps(left, sort_keys=True)


def replayed(options: Sequence[str | Path], folder: Path) -> dict[tuple[str, int], str]:
    """The alerts of a local replay, as `Watcher.alerts`."""
    return alerts_of(replay(options, folder / "local.alerts.jsonl"))


def replay(options: Sequence[str | Path], alerts: Path) -> Path:
    """Replay, and write the alerts to a file."""
    done = subprocess.run(
        [PROGRAM, "replay", *map(str, options), "--alerts", str(alerts), "--no-progress"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return alerts


def alerts_of(path: Path) -> dict[tuple[str, int], str]:
    """The alerts of a file, as `Watcher.alerts`."""
    found = {}
    for line in path.read_text().splitlines():
        alert = json.loads(line)
        found[alert["alert_id"], alert["revision"]] = comparable(alert)
    assert found
    return found


POSTS_TOPIC = POSTS.name
