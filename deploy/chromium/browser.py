"""Chromium for the tests of pages: the one of the system, or its Debian package, installed once.

Needs nothing but Python 3.11's standard library. Run as a program, it prints where Chromium is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # so that this file also runs as a program

from fetched_once import SetUpError, locked

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGE = "chromium"
"""Debian's name. Ubuntu's package of this name is a snap, which does not run everywhere: there Chrome is needed."""


def chromium() -> str:
    """The path of Chromium or Chrome, installed now if need be. Several processes may call this at once.

    Raises:
        SetUpError: there is none, and it could not be installed.
    """
    found = _found()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with locked(Path(tempfile.gettempdir()) / "lockstep-chromium.lock"):
            found = _found()
            if found is None:
                _install()
                found = _found()
    if found is None:
        raise SetUpError(
            f"Chromium is needed for the tests of the report, and was not found. Install it (Debian: apt-get install "
            f"{PACKAGE}; macOS: brew install --cask chromium), so that it is on PATH"
        )
    return found


def _found() -> str | None:
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


def _install() -> None:
    print(f"installing the system's package {PACKAGE} (once)", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["update"],
        ["install", "--yes", "--no-install-recommends", PACKAGE, "fonts-dejavu-core"],
    ):
        done = subprocess.run(  # noqa: S603 - names of our own
            ["apt-get", "-qq", *command],  # noqa: S607 - of the system
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout[-2_000:], file=sys.stderr)


if __name__ == "__main__":
    try:
        print(chromium())
    except SetUpError as error:
        sys.exit(f"error: {error}")
