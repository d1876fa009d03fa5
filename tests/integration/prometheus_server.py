"""A Prometheus of a test's own: on loopback, with its data in a folder, ended by its process."""

import http.server
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from deploy.prometheus.programs import program

LIMIT_S = 120.0
_RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"


class Prometheus:
    """Answers questions.

    Args:
        address: host and port.
        log: what it says.
    """

    def __init__(self, address: str, log: Path) -> None:
        self._address = address
        self._log = log

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API."""
        url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def series(self, expr: str, begin: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """An expression over time: `metric` and `values`, pairs of seconds since 1970 and text."""
        found: list[dict[str, Any]] = self.ask(
            "query_range", query=expr, start=f"{begin:.3f}", end=f"{end:.3f}", step=f"{step_s:.3f}"
        )["result"]
        return found

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Samples of an expression now, those that are no numbers left out."""
        data = self.ask("query", query=expr)
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        return [sample for sample in data["result"] if sample["value"][1] != "NaN"]

    def until(self, questions: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Wait until each of the expressions has given samples once; give them."""
        answers: dict[str, list[dict[str, Any]]] = {}
        end = time.monotonic() + LIMIT_S
        while missing := [question for question in questions if question not in answers]:
            assert time.monotonic() < end, (
                f"nothing to be seen of: {missing}\n{self._log.read_text()[-2_000:]}"
            )
            for question in missing:
                if found := self.query(question):
                    answers[question] = found
            time.sleep(0.2)  # between two looks
        return answers

    def fired(self, alert: str, **labels: str) -> bool:
        """Whether an alert has fired within the last hour."""
        return bool(self.query(f"count_over_time({firing(alert, **labels)}[1h])"))

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def firing(alert: str, **labels: str) -> str:
    """What to ask for to see whether an alert fires now."""
    wanted = {"alertname": alert, "alertstate": "firing", **labels}
    return "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in wanted.items()) + "}"


@contextmanager
def prometheus(
    folder: Path, port: int, targets: Mapping[str, Sequence[int]], *, hasty: bool = False
) -> Iterator[Prometheus]:
    """A Prometheus with the rules of the project that looks every second.

    Args:
        folder: for its data.
        port: to listen at.
        targets: ports of this machine to scrape, by name of the job.
        hasty: whether each alert fires as soon as its expression holds, instead of after minutes.
    """
    folder.mkdir(parents=True)
    rules = _without_waiting(folder / "rules") if hasty else _RULES
    config = folder / "prometheus.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(rules / "*.yml")],
                "scrape_configs": [
                    {
                        "job_name": job,
                        "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}],
                    }
                    for job, ports in targets.items()
                ],
            }
        )
    )
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        found = Prometheus(f"127.0.0.1:{port}", log)
        end = time.monotonic() + LIMIT_S
        while not found.ready():
            assert process.poll() is None and time.monotonic() < end, log.read_text()[-2_000:]
            time.sleep(0.1)  # between two looks
        yield found
    finally:
        process.terminate()
        process.wait(timeout=30)


def _without_waiting(folder: Path) -> Path:
    """A copy of the rules with the same expressions, without `for`."""
    folder.mkdir()
    for path in _RULES.glob("*.yml"):
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            for rule in group["rules"]:
                rule.pop("for", None)
        (folder / path.name).write_text(yaml.safe_dump(content))
    return folder


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


@contextmanager
def served(text: bytes, port: int) -> Iterator[None]:
    """What node-exporter would serve of a folder of text files."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
