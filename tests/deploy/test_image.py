"""`deploy/Dockerfile` and what it runs: only locked packages, no root rights, and a bill of materials.

No image is built here, since that takes an engine and a base image from elsewhere.
"""

import fnmatch
import importlib.util
import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from streams.settings.settings import load_settings

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "deploy" / "image"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()


def script(name: str) -> ModuleType:
    """A script of the image, as a module."""
    spec = importlib.util.spec_from_file_location(name, IMAGE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def instructions(word: str) -> list[str]:
    """What follows an instruction, each as one line."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", DOCKERFILE))
    return re.findall(rf"(?m)^{word} (.*)$", joined)


def pinned(text: str) -> set[str]:
    return set(re.findall(r"(?m)^([a-z0-9._-]+)==", text))


def test_the_image_gets_what_the_program_needs_and_not_what_its_development_does() -> None:
    found = script("locked").part(LOCK, {script("locked").PROGRAM})
    wanted = {
        re.split(r"[ ;>=<\[]", requirement)[0].lower().replace("_", "-")
        for requirement in distribution("lockstep-monitor").requires or []
    }
    assert wanted <= pinned(found) <= pinned(LOCK)
    assert not {"pytest", "mypy", "ruff", "uv", "hypothesis", "hatchling"} & pinned(found)
    # what is needed by what is needed is there, too, and all of it with the hashes of the lock
    assert {"mode-streaming", "llvmlite", "aiohttp"} <= pinned(found)
    blocks = re.split(r"(?m)^(?=[a-z0-9])", found)[1:]
    assert all("--hash=sha256:" in block and block in re.sub(r"(?m)^ +#.*\n", "", LOCK) for block in blocks)


def test_the_backend_is_locked_as_well_and_unknown_names_are_refused() -> None:
    assert "hatchling" in pinned(script("locked").part(LOCK, {"hatchling"}))
    with pytest.raises(ValueError, match="no-such-thing"):
        script("locked").part(LOCK, {"no-such-thing"})


def test_pip_takes_only_what_is_locked() -> None:
    runs = " && ".join(instructions("RUN"))
    installs = re.findall(r"pip (?:install|wheel)[^&|]*", runs)
    assert len(installs) == 4
    for install in installs:
        assert "--no-index" in install or {"--require-hashes", "--no-deps", "--only-binary"} <= set(
            install.split()
        )
        assert "--no-deps" in install
    assert not re.search(r"https?://(?!docs\.)", DOCKERFILE)
    assert not re.search(r"\b(curl|wget|apt-get|git clone)\b", runs)


def test_the_base_is_pinned_and_both_stages_have_it() -> None:
    (base,) = [argument for argument in instructions("ARG") if argument.startswith("PYTHON=")]
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    assert instructions("FROM") == ["${PYTHON} AS build", "${PYTHON}"]


def test_a_worker_is_not_root_and_reports_its_health() -> None:
    final = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"(?m)^USER [1-9]\d*:[1-9]\d*$", final)
    assert final.index("\nUSER ") < final.index("\nENTRYPOINT ")
    assert "\nHEALTHCHECK " in final
    assert instructions("ENTRYPOINT") == ['["lockstep"]']
    (command,) = instructions("CMD")
    settings = load_settings(str(IMAGE / "lockstep.toml"), {}).worker
    assert "/etc/lockstep/lockstep.toml" in command
    assert instructions("EXPOSE") == [str(settings.web_port)]
    assert script("healthcheck").PORT == settings.web_port
    # what is written to belongs to that user
    assert settings.data_dir in final and "NUMBA_CACHE_DIR=/var/cache/lockstep" in final


def test_what_is_copied_is_there_and_let_in_and_nothing_else_is() -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert patterns[0] == "*"
    let_in = {pattern[1:] for pattern in patterns if pattern[0] == "!"}
    copied = [
        source
        for copy in instructions("COPY")
        if not copy.startswith("--from")
        for source in copy.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == name or source.startswith(f"{name}/") for name in let_in), source
    for name in let_in:
        assert any(source == name or source.startswith(f"{name}/") for source in copied), name
    left_out = [pattern.removeprefix("**/") for pattern in patterns if pattern.startswith("**/")]
    for file in (
        "__pycache__",
        "rhythm.cpython-311.pyc",
        "rhythm.count-1.py311.nbi",
        "rhythm.count-1.py311.1.nbc",
    ):
        assert any(fnmatch.fnmatch(file, pattern) for pattern in left_out), file


@pytest.mark.slow
def test_the_bill_lists_everything_installed_and_its_licences(tmp_path: Path) -> None:
    site_packages = str(distribution("polars").locate_file(""))
    status = tmp_path / "status"
    status.write_text(
        "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12.4+deb12u5\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n"
    )
    command = [sys.executable, IMAGE / "bill.py", site_packages, tmp_path / "out", status]
    subprocess.run(command, check=True, capture_output=True)
    first = (tmp_path / "out" / "sbom.cdx.json").read_bytes()
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "out" / "sbom.cdx.json").read_bytes() == first

    found: dict[str, Any] = json.loads(first)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.5")
    purls = [component["purl"] for component in found["components"]]
    assert len(purls) == len(set(purls))
    for name in ("polars", "igraph", "faust-streaming"):
        assert f"pkg:pypi/{name}@{distribution(name).version}" in purls
    assert "pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64" in purls
    assert not [purl for purl in purls if "gone" in purl]
    (igraph,) = [component for component in found["components"] if component["name"] == "igraph"]
    assert "GPL" in json.dumps(igraph["licenses"])
    assert list((tmp_path / "out" / "licences" / "polars").iterdir())


@pytest.mark.parametrize(("status", "alive"), [(200, True), (503, False)])
def test_the_health_check_asks_the_worker(status: int, alive: bool) -> None:
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        command = [sys.executable, IMAGE / "healthcheck.py", str(server.server_port)]
        assert subprocess.run(command, check=False).returncode == (0 if alive else 1)
        thread.join()
    assert asked == ["/health/live"]


def test_given_no_worker_then_the_health_check_fails(unused_tcp_port: int) -> None:
    assert not script("healthcheck").alive(unused_tcp_port)
