"""The desk as it is run: `lockstep desk` as a process of its own, and a client without any help of a browser."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "lockstep"
LIMIT_S = 60.0
"""No test waits longer than this for a desk."""
_ADDRESS = re.compile(r"The desk is at (http\S+)/\.")
_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
_FIELD = 'name="{}" value="([^"]*)"'


@dataclass
class DeskProcess:
    """A desk that runs."""

    address: str
    """Without a slash at its end."""
    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def stop(self) -> int:
        """End it in order; gives its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_S)


@contextmanager
def running_desk(
    folder: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Iterator[DeskProcess]:
    """A desk on a port of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / f"desk-{len(list(folder.glob('desk-*.log')))}.log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [PROGRAM, "desk", *map(str, arguments), "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
    try:
        until = time.monotonic() + LIMIT_S
        while not (found := _ADDRESS.search(output.read_text(errors="replace"))):
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the desk did not start\n{output.read_text(errors='replace')}")
            time.sleep(0.02)
        yield DeskProcess(found[1], process, output)
    finally:
        process.terminate()
        process.wait(LIMIT_S)
    said = output.read_text(errors="replace")
    assert "Traceback" not in said, said


@dataclass
class Answer:
    """What the desk answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def field(self, name: str) -> str:
        """The value of a field of a form on the page."""
        found = re.search(_FIELD.format(name), self.text)
        assert found, f"no field {name}\n{self.text}"
        return found[1]


@dataclass
class Client:
    """Sends requests with the headers that a test gives, and keeps the cookie."""

    desk: DeskProcess
    host: str | None = None
    cookie: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self._send("GET", path, None, headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form as a browser would: with the desk as its origin, unless a test says otherwise."""
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.desk.address,
            "Sec-Fetch-Site": "same-origin",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self._send("POST", path, urllib.parse.urlencode(fields).encode(), sent)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.desk.port, timeout=LIMIT_S)
        sent = {"Host": self.host or f"127.0.0.1:{self.desk.port}", **self.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            sent["Cookie"] = self.cookie
        connection.request(method, path, body, {name: value for name, value in sent.items() if value != "-"})
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer
