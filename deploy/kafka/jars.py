"""The programs of a Kafka broker: find Java, and fetch the jars that `pom.xml` names, once.

Needs nothing but Python 3.11's standard library. The jars (44 MB for Kafka 4.3) go to `.venv/kafka/<key>`, where the
key is a digest of the pom: another version of Kafka goes beside the old one, and an unchanged pom is never asked for
again. Run as a program, it fetches them and prints the folder.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # so that this file also runs as a program

from fetched_once import SetUpError, locked

POM = Path(__file__).resolve().parent / "pom.xml"
OLDEST_JAVA = 17
"""What brokers of Kafka 4 need."""
JAVA_PACKAGES = ("default-jre-headless", "openjdk-17-jre-headless")
"""Debian's names, the first new enough one is taken: the default is Java 11 in Debian 11, and 17 or later since."""


def default_folder() -> Path:
    """Where the jars of this pom belong: in the environment that `make` makes, outside version control."""
    key = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    return POM.parents[2] / ".venv" / "kafka" / key


def java(program: str = "java") -> str | None:
    """The path of `java` or of a program beside it, new enough for the broker; None if there is none."""
    homes = [Path(os.environ["JAVA_HOME"]) / "bin" / "java"] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    for candidate in [*map(str, homes), *([on_path] if on_path else []), *_installed()]:
        if _version(candidate) >= OLDEST_JAVA:
            beside = Path(candidate).resolve().with_name(program)
            return str(beside) if beside.exists() else shutil.which(program)
    return None


def needed_java(program: str = "java") -> str:
    """Like `java`, but installs it if there is none and this process may install packages.

    Raises:
        SetUpError: there is none, and it could not be installed.
    """
    found = java(program)
    for package in JAVA_PACKAGES:
        if found is None and _apt_may_install():
            _apt_install(package)
            found = java(program)
    if found is None:
        raise SetUpError(
            f"the broker needs Java {OLDEST_JAVA} or later ({program}), and none was found. Install one "
            f"(Debian or Ubuntu: apt-get install {JAVA_PACKAGES[0]}; macOS: brew install openjdk), or set JAVA_HOME"
        )
    return found


def fetched(folder: Path | None = None) -> Path:
    """The folder with the jars, fetched now if need be. Several processes may call this at the same time.

    Raises:
        SetUpError: Maven is absent and could not be installed, or could not fetch them.
    """
    folder = folder or default_folder()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / ".lock"):
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    """Fetch into a temporary folder and rename that at the end: an interrupted fetch is never taken for complete."""
    maven = _needed_maven()
    print(f"fetching the programs of the Kafka broker into {folder} (once)", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as unfinished:
        jars = Path(unfinished) / "jars"
        command = [maven, "--quiet", "--batch-mode", "--file", str(POM), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        done = subprocess.run(  # noqa: S603 - the Maven found, our own pom
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode or not list(jars.glob("kafka_*.jar")):
            raise SetUpError(
                f"Maven could not fetch the broker's jars ({POM}):\n{done.stdout[-2000:].strip()}"
            )
        jars.rename(folder)


def _needed_maven() -> str:
    needed_java()
    if shutil.which("mvn") is None and _apt_may_install():
        _apt_install("maven")
    maven = shutil.which("mvn")
    if maven is None:
        raise SetUpError(
            "the broker's jars are fetched with Maven, and it was not found. Install it (Debian or Ubuntu: "
            "apt-get install maven; macOS: brew install maven)"
        )
    return maven


def _version(path: str) -> int:
    """The major version of a `java`, 0 if it cannot be run (macOS has a stand-in that only complains)."""
    try:
        done = subprocess.run(  # noqa: S603 - a program called java
            [path, "-version"], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(match[1]) if match and done.returncode == 0 else 0


def _installed() -> list[str]:
    """Javas of the system's packages: after an installation, an older one may still be the default."""
    return sorted(map(str, Path("/usr/lib/jvm").glob("*/bin/java")))


def _apt_may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_install(package: str) -> None:
    """Install a package. A failure is only shown: the caller checks whether the program is there."""
    print(f"installing {package} from the system's packages", file=sys.stderr)
    apt_get = shutil.which("apt-get") or "apt-get"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        done = subprocess.run(  # noqa: S603 - names of our own
            [apt_get, "-qq", *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"apt-get {' '.join(command)} failed: {done.stdout[-500:].strip()}", file=sys.stderr)


def main() -> int:
    """Fetch the jars and say where they are; 1 if something needed is absent."""
    argparse.ArgumentParser(description="Fetch what the development broker runs, once.").parse_args()
    try:
        needed_java()
        print(fetched())
    except SetUpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
