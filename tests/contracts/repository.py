"""The files of this repository, for the tests that hold the whole of it to a rule."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "detectors", "streams", "lockstep_monitor")


def tracked_files() -> list[Path]:
    """Every file under version control that is there; of an unpacked archive, every file it could hold."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [path for path in sorted(ROOT.rglob("*")) if path.is_file() and not _made_here(path)]
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def modules(*packages: str) -> list[Path]:
    """Every Python file of the packages, in order."""
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def relative(path: Path) -> str:
    """The path as a message names it."""
    return path.relative_to(ROOT).as_posix()


def _made_here(path: Path) -> bool:
    top = path.relative_to(ROOT).parts[0]
    return (
        (top.startswith(".") and top != ".ci")
        or top in {"out", "build", "dist"}
        or "__pycache__" in path.parts
    )
