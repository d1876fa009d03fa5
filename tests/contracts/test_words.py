"""Plain, present-day English: words that a reader today would not use stay out of code, docs and messages."""

import re
from pathlib import Path

from tests.contracts.repository import ROOT, relative, tracked_files

# In pieces, so that this file does not hold what it looks for.
WORDS = ("to" + "ld", "who" + "m", "al" + "ike", "there" + "of", "hen" + "ce", "le" + "st")
_ARCHAIC = re.compile(rf"(?<![\w-])(?:{'|'.join(WORDS)})(?![\w-])", re.IGNORECASE)
_PLACES = (
    "detectors",
    "streams",
    "schemas",
    "lockstep_monitor",
    "deploy",
    "benchmarks",
    "docs",
    "examples",
    "Makefile",
)
_ENDINGS = {".py", ".md", ".j2", ".yml", ".yaml", ".toml", ""}


def prose() -> list[Path]:
    """The files that people read, without the licences of others."""
    return [
        path
        for path in tracked_files()
        if path.suffix in _ENDINGS
        and path.name != "LICENSE"
        and (path.relative_to(ROOT).parts[0] in _PLACES or path.name in {"README.md", "CONTRIBUTING.md"})
    ]


def test_files_use_words_of_today() -> None:
    assert [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in prose()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _ARCHAIC.search(line)
    ] == []
