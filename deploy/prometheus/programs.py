"""Prometheus and promtool for the tests: those of the system, or those of its Debian package, unpacked into `.venv`.

Needs nothing but Python 3.11's standard library. The package is only unpacked, never installed: installing it would
start a Prometheus of its own on the machine, and would need root. Run as a program, it prints where they are.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # so that this file also runs as a program

from fetched_once import SetUpError, locked

PROGRAMS = ("prometheus", "promtool")
PACKAGE = "prometheus"
FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "prometheus"


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`, unpacked now if need be. Several processes may call this at once.

    Raises:
        SetUpError: the program is not here, and its package cannot be downloaded.
    """
    found = shutil.which(name) or _unpacked(name)
    if found is None:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with locked(FOLDER.parent / ".prometheus.lock"):
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
    """Fetch into a temporary folder and rename that at the end: an interrupted fetch is never taken for complete."""
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
    """Run a command, and show its output if it fails. Returns whether it succeeded."""
    done = subprocess.run(  # noqa: S603 - names of our own
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(done.stdout[-2_000:], file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    try:
        for name in PROGRAMS:
            print(program(name))
    except SetUpError as error:
        sys.exit(f"error: {error}")
