"""The tree of errors, drawn in a docstring, is the one in the code."""

import re
from pathlib import Path

from schemas import errors
from tests.contracts.repository import PACKAGES, ROOT, modules

Defined = dict[str, tuple[str, str]]
"""Name of the parent and of the module, by name of the error."""


def defined() -> Defined:
    """Every exception class of the three packages, except those that their own module catches."""
    parents: Defined = {}
    for path in modules(*PACKAGES):
        module = ".".join(Path(path).relative_to(ROOT).with_suffix("").parts)
        for name, base in re.findall(
            r"^class (\w+)\((\w+)\)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            parents[name] = base, module
    kinds = {"Exception", "BaseException", "ValueError", "RuntimeError", "OSError"}
    while grown := {name for name, (parent, _) in parents.items() if parent in kinds} - kinds:
        kinds |= grown
    return {name: place for name, place in parents.items() if name in kinds and not name.startswith("_")}


def drawn() -> Defined:
    """What the docstring of `schemas.errors` draws."""
    tree: Defined = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([│├└─ ]*)([A-Z]\w+)(?: .*)?$", line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        place = re.search(r"\b(?:detectors|streams)\.[\w.]+", line)
        above[depth:] = [match[2]]
        tree[match[2]] = (above[depth - 1] if depth else "Exception", place[0] if place else "schemas.errors")
    return tree


def test_the_drawing_of_the_errors_is_complete_and_right() -> None:
    assert drawn() == defined()
