"""Asks every worker once a second whether it is alive and ready, as an orchestrator does, in a thread of its own."""

import http.client
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_EVERY_S = 1.0
_PATIENCE_S = 0.9
_OWNER = re.compile(r"^lockstep_detection_owner\{.*\} 1\.0$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Probe:
    """What one worker answered."""

    at: float
    """When it was asked, seconds since 1970 UTC."""
    process: int
    live: int
    """Status; 0: no answer."""
    ready: int
    waits: str
    """What it waits for, in its own words."""
    owner: bool
    """It says that detection runs on it."""


@dataclass
class Prober:
    """Asks until it is stopped.

    Args:
        targets: gives process id by port.
    """

    targets: Callable[[], dict[int, int]]
    probes: list[Probe] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join()

    def all_ready(self, since: float) -> bool:
        """Whether the latest answers of all workers, younger than `since`, say ready."""
        latest = {probe.process: probe for probe in list(self.probes) if probe.at > since}
        return all(
            (probe := latest.get(process)) is not None and probe.ready == http.client.OK
            for process in self.targets().values()
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            for port, process in self.targets().items():
                self.probes.append(_probed(port, process))
            self._stop.wait(max(0.0, _EVERY_S - (time.monotonic() - begun)))


def _probed(port: int, process: int) -> Probe:
    at = time.time()
    live, _ = _answer(port, "/health/live")
    ready, waits = _answer(port, "/health/ready")
    _, metrics = _answer(port, "/metrics")
    return Probe(at, process, live, ready, waits.strip(), bool(_OWNER.search(metrics)))


def _answer(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
