"""The lock file covers what pyproject.toml asks for, pins and hashes all of it, and names no source."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contracts.repository import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = [
    " ".join(line.strip() for line in entry.split("\\\n"))
    for entry in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", LOCK, flags=re.MULTILINE).strip())
]
PINNED = [Requirement(entry.partition(" --hash")[0]) for entry in ENTRIES]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASKED_FOR = [
    Requirement(text)
    for text in (
        *PROJECT["project"]["dependencies"],
        *(text for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra),
        *PROJECT["dependency-groups"]["dev"],
        *PROJECT["build-system"]["requires"],
    )
]


@pytest.mark.parametrize("asked", ASKED_FOR, ids=str)
def test_what_the_project_asks_for_is_locked_at_a_version_that_fits(asked: Requirement) -> None:
    pins = [pin for pin in PINNED if canonicalize_name(pin.name) == canonicalize_name(asked.name)]
    assert pins, f"{asked.name} is not locked: run `make lock`"
    for pin in pins:
        (version,) = (each.version for each in pin.specifier)
        assert asked.specifier.contains(version), f"{pin} does not fit {asked}: run `make lock`"


def test_every_entry_is_pinned_and_hashed() -> None:
    assert len(ENTRIES) > 50
    assert [entry for entry in ENTRIES if not re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:", entry)] == []


def test_the_lock_names_no_source() -> None:
    assert not re.search(r"://|--(?:extra-)?index|--find-links|--trusted-host", LOCK)
