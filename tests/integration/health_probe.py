"""Asks the workers of a service once a second whether they are ready, as an orchestrator does."""

import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one worker."""

    at: float
    """Monotonic seconds at which it was asked."""
    status: int
    """Of HTTP; 0: no answer."""
    text: str


@dataclass
class HealthProbe:
    """Asks while it is entered."""

    ports: list[int]
    every_s: float = 1.0
    answers: dict[int, list[Answer]] = field(default_factory=dict)

    def __enter__(self) -> "HealthProbe":
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(port,), daemon=True) for port in self.ports]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def latest(self, port: int) -> Answer:
        return self.answers[port][-1] if self.answers.get(port) else Answer(0.0, 0, "")

    @property
    def all_ready(self) -> bool:
        """Whether the latest answer of each worker is that it is ready."""
        return all(self.latest(port).status == 200 for port in self.ports)

    def ready_between(self, begin: float, end: float) -> list[Answer]:
        """Answers of a worker that it is ready, to questions between two times."""
        return [
            answer
            for answers in self.answers.values()
            for answer in answers
            if begin <= answer.at <= end and answer.status == 200
        ]

    def _ask(self, port: int) -> None:
        answers = self.answers.setdefault(port, [])
        while not self._ended.wait(self.every_s):
            answers.append(ask(port))


def ask(port: int, path: str = "/health/ready") -> Answer:
    """Ask one worker."""
    at = time.monotonic()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return Answer(at, answer.status, answer.read().decode())
    except urllib.error.HTTPError as refusal:
        return Answer(at, refusal.code, refusal.read().decode())
    except OSError:
        return Answer(at, 0, "")
