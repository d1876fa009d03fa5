"""Schemas that others publish, fetched once: none of them is part of this repository."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / ".venv" / "schemas"
COMPOSE = "dclint@3.1.0", "package/schemas/compose.schema.json"
"""The npm package that carries the schema of the Compose Specification, and where."""


@pytest.fixture(scope="session")
def compose_specification() -> dict[str, Any]:
    """The JSON schema of the Compose Specification."""
    return dict(json.loads(published(*COMPOSE)))


def published(package: str, member: str) -> bytes:
    """A file of an npm package, from the folder of what was fetched before if it is there."""
    kept = FOLDER / f"{package.replace('/', '_')}-{Path(member).name}"
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            subprocess.run(
                [_npm(), "pack", package, "--silent", "--pack-destination", folder], check=True, timeout=300
            )
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as files:
                content = files.extractfile(member)
                assert content is not None, f"{member} is not in {package}"
                fresh = Path(folder) / "fresh"
                fresh.write_bytes(content.read())
            os.replace(fresh, kept)
    return kept.read_bytes()


def _npm() -> str:
    """npm; installed from the system's packages where it is absent and may be."""
    if shutil.which("npm") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "npm"], check=True)
    found = shutil.which("npm")
    assert found, "these tests fetch a published schema with npm, and it was not found: install it"
    return found
