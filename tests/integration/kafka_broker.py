"""A real broker for tests: `deploy/kafka/broker.py`, started, stopped, killed and shared.

No broker outlives the tests, whatever becomes of them: each runs while somebody holds a lock on a file, and the system
lets go of a lock when its holder dies.
"""

import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[2] / "deploy" / "kafka" / "broker.py"
START_TIMEOUT_S = 180.0
"""More than the script's own, which says what is wrong."""
STOP_TIMEOUT_S = 60.0


class BrokerFailed(Exception):
    """A broker did not start, stop or answer; the message ends with what it wrote."""


class Broker:
    """A cluster of one or three nodes on a folder of its own.

    Attributes:
        folder: Its data, settings and logs.
        answer: what the script printed when the broker answered; see there.
    """

    def __init__(self, folder: Path, *options: str, wanted: Path | None = None) -> None:
        self.folder = folder
        self.answer: dict[str, Any] = {}
        self._options = options
        folder.mkdir(parents=True, exist_ok=True)
        self._wanted = wanted or folder / "wanted"
        self._holding = None if wanted else self._wanted.open("w")
        if self._holding:
            fcntl.flock(self._holding, fcntl.LOCK_SH)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """What clients are given: `host:port`, of each node."""
        return str(self.answer["bootstrap"])

    @property
    def users(self) -> dict[str, str]:
        """Password by user, of a broker that asks who comes."""
        return dict(json.loads(Path(self.answer["users_file"]).read_text()))

    @property
    def ca_file(self) -> str:
        """The certificate to trust."""
        return str(self.answer["ca_file"])

    @property
    def process_id(self) -> int:
        """Of the script."""
        return int(self.answer["pid"])

    def node_process_id(self, node_id: int) -> int:
        """Of the Java process of a node."""
        return next(int(node["pid"]) for node in self.answer["nodes"] if node["id"] == node_id)

    def start(self) -> "Broker":
        """Start it on new data or, after `stop` or `kill`, on those it has; returns when it answers."""
        self._reap()
        options = ["--quick", f"--data={self.folder}", f"--while-locked={self._wanted}", *self._options]
        with (self.folder / "script.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(SCRIPT), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._hear()
        return self

    def stop(self) -> None:
        """Stop it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._reap()

    def kill(self, node_id: int) -> None:
        """Kill a node, as a crash would; returns when it is gone."""
        process_id = self.node_process_id(node_id)
        os.kill(process_id, signal.SIGKILL)
        wait_until(lambda: not is_alive(process_id), f"node {node_id} to be gone")

    def revive(self) -> None:
        """Start the killed nodes of a cluster again; returns when all answer. (If none is left, use `start`.)"""
        os.kill(self.process_id, signal.SIGUSR1)
        self._hear()

    def let_go(self) -> None:
        """Want it no longer: it ends by itself."""
        if self._holding:
            self._holding.close()

    def await_end(self, timeout_s: float | None = STOP_TIMEOUT_S) -> int:
        """Wait until it has ended by itself; the script's exit code. With None, as long as others want it."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def discard(self) -> None:
        """Stop it, and remove its data; settings and logs stay."""
        self.stop()
        self.let_go()
        for data in self.folder.glob("node-*/data"):
            shutil.rmtree(data)

    def _hear(self) -> None:
        """Read the line that the script prints when the cluster answers."""
        assert self._process is not None and self._process.stdout is not None
        heard = b""
        until = time.monotonic() + START_TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not heard.endswith(b"\n"):
                if not selector.select(max(until - time.monotonic(), 0.0)):
                    raise self._failed(f"no answer within {START_TIMEOUT_S:.0f} s")
                part = os.read(self._process.stdout.fileno(), 65536)
                if not part:
                    raise self._failed("it ended")
                heard += part
        self.answer = json.loads(heard)

    def _failed(self, what: str) -> BrokerFailed:
        self.stop()
        wrote = (self.folder / "script.log").read_text(errors="replace")
        return BrokerFailed(f"the broker of {self.folder} did not start: {what}\n{wrote[-8000:]}")

    def _reap(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            if self._process.stdout:
                self._process.stdout.close()


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """Bootstrap servers of a broker that all processes which name the same folder share.

    The first one starts it, and the last one to leave ends it. The one that started it stays until then, so that
    nothing of it is left behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started: Broker | None = None
    with (folder / "wanted").open("a") as wanted:
        with (folder / "starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            # If the broker of others is just ending, it holds the lock until it has.
            fcntl.flock(wanted, fcntl.LOCK_SH)
            bootstrap = _running(folder)
            if bootstrap is None:
                number = len(list(folder.glob("broker-*")))
                started = Broker(folder / f"broker-{number}", wanted=folder / "wanted").start()
                bootstrap = started.bootstrap
                (folder / "bootstrap").write_text(bootstrap)
        yield bootstrap
    if started:
        started.await_end(timeout_s=None)
        started.discard()


def _running(folder: Path) -> str | None:
    address = folder / "bootstrap"
    if not address.exists():
        return None
    host, _, port = address.read_text().partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5.0).close()
    except OSError:
        return None
    return address.read_text()


def is_alive(process_id: int) -> bool:
    """Whether a process runs, one of somebody else's children included."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait for something that nothing announces."""
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(0.02)
