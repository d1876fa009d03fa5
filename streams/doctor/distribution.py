"""Whether the program runs what was installed: Python, our three packages, and their dependencies."""

import importlib
import json
import platform
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from streams.doctor.finding import Finding, Status
from streams.version import DISTRIBUTION

LEAST_PYTHON = (3, 11)
_PACKAGES = ("schemas", "detectors", "streams")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*\(?>=([0-9.]+)")
_EXTRA = re.compile(r""";.*\bextra\s*==\s*['"](\w+)['"]""")
_REINSTALL = "Install Lockstep into an environment of its own: make setup"


def python_version() -> Finding:
    """Whether the interpreter is new enough."""
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    if sys.version_info < LEAST_PYTHON:
        needed = ".".join(map(str, LEAST_PYTHON))
        return Finding(
            check="Python", status=Status.FAIL, found=f"{found}.", mend=f"Lockstep needs {needed} or later."
        )
    return Finding(check="Python", status=Status.OK, found=found)


def packages_are_ours() -> Finding:
    """Whether the import names, which are common words, lead to this distribution and to no other."""
    check = "packages"
    try:
        distribution = Distribution.from_name(DISTRIBUTION)
    except PackageNotFoundError:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{DISTRIBUTION} is not installed. It runs from a source tree.",
            mend=f"{_REINSTALL}.",
        )
    roots = _roots(distribution)
    foreign = {
        name: str(place)
        for name in _PACKAGES
        if (place := _place(name)) is None or not any(place.is_relative_to(root) for root in roots)
    }
    where = ", ".join(map(str, roots))
    if foreign:
        listed = ", ".join(f"{name} from {place}" for name, place in foreign.items())
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"Packages that are not from {DISTRIBUTION} ({where}): {listed}.",
            mend=f"Python finds another distribution or folder of this name first. {_REINSTALL}.",
        )
    return Finding(
        check=check, status=Status.OK, found=f"{', '.join(_PACKAGES)} are those of {DISTRIBUTION} in {where}"
    )


def dependencies() -> Finding:
    """Whether every dependency is installed in a version that fits."""
    check = "dependencies"
    try:
        wanted = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{DISTRIBUTION} is not installed, so its dependencies are not known.",
            mend=f"{_REINSTALL}.",
        )
    faults, found, absent = [], [], []
    for requirement in wanted:
        match = _REQUIREMENT.match(requirement)
        if match is None:
            continue
        name, least = match.groups()
        try:
            have = version(name)
        except PackageNotFoundError:
            if extra := _EXTRA.search(requirement):
                absent.append(f"{name} [{extra[1]}]")
            else:
                faults.append(f"{name} is missing (at least {least} is needed)")
            continue
        found.append(f"{name} {have}")
        if _numbers(have) < _numbers(least):
            faults.append(f"{name} is {have} (at least {least} is needed)")
    if faults:
        return Finding(check=check, status=Status.FAIL, found=f"{'; '.join(faults)}.", mend=f"{_REINSTALL}.")
    without = f"; without what only an extra needs: {', '.join(absent)}" if absent else ""
    return Finding(check=check, status=Status.OK, found=", ".join(found) + without)


def _roots(distribution: Distribution) -> list[Path]:
    """Folders that the distribution's packages lie in: the source tree if it is editable."""
    direct = distribution.read_text("direct_url.json")
    if direct is not None:
        origin = json.loads(direct)
        if origin.get("dir_info", {}).get("editable"):
            return [Path(unquote(urlsplit(origin["url"]).path)).resolve()]
    return [Path(str(distribution.locate_file(""))).resolve()]


def _place(name: str) -> Path | None:
    try:
        file = importlib.import_module(name).__file__
    except ImportError:
        return None
    return Path(file).resolve() if file else None


def _numbers(text: str) -> tuple[int, ...]:
    """A version as numbers, without what follows them (rc1, post2)."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^0-9.]", text)[0]))
