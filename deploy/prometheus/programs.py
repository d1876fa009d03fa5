"""Prometheus and promtool for the tests: those of the system, or those of its Debian package, unpacked into `.venv`.

Needs nothing but Python 3.11's standard library. The package is only unpacked, never installed: installing it would
start a Prometheus of its own on the machine, and would need root. Run as a program, it prints where they are.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("prometheus", "promtool")
PACKAGE = "prometheus"
FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "prometheus"


class SetUpError(Exception):
    """Something is not here; the message says what and how to get it."""


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`, unpacked now if need be. Several processes may call this at once.

    Raises:
        SetUpError: it is not here, and the package cannot be had.
    """
    found = shutil.which(name) or _unpacked(name)
    if found is None:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with _locked(FOLDER.parent / ".prometheus.lock"):
            if _unpacked(name) is None:
                _unpack()
        found = _unpacked(name)
    if found is None:
        raise SetUpError(
            f"{name} is needed for the tests of metrics and rules, and was not found. Install Prometheus (Debian or "
            f"Ubuntu: apt-get install {PACKAGE}; macOS: brew install prometheus), so that it is on PATH"
        )
    return found


def _unpacked(name: str) -> str | None:
    path = FOLDER / "usr" / "bin" / name
    return str(path) if path.exists() else None


def _unpack() -> None:
    """Into a folder beside it first: what is interrupted is never taken for complete."""
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt_get is None or dpkg_deb is None:
        return
    print(f"unpacking the system's package {PACKAGE} into {FOLDER} (once)", file=sys.stderr)
    if os.geteuid() == 0:
        _run([apt_get, "-qq", "update"])
    with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".prometheus-") as unfinished:
        _run([apt_get, "-qq", "download", PACKAGE], cwd=unfinished)
        for package in Path(unfinished).glob(f"{PACKAGE}_*.deb"):
            tree = Path(unfinished) / "tree"
            if _run([dpkg_deb, "--extract", str(package), str(tree)]):
                tree.rename(FOLDER)


def _run(command: list[str], cwd: str | None = None) -> bool:
    """Whether it went well; if not, what it said is shown, and the caller looks whether the program is there."""
    told = subprocess.run(  # noqa: S603 - names of our own
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if told.returncode:
        print(told.stdout[-2_000:], file=sys.stderr)
    return told.returncode == 0


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        for name in PROGRAMS:
            print(program(name))
    except SetUpError as error:
        sys.exit(f"error: {error}")
