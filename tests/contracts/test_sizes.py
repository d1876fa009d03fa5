"""Nothing grows too large to read: files, functions, folders. And a class name stands for one class."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.repository import PACKAGES, ROOT, modules, relative, tracked_files

MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 80
MOST_LINES_OF_A_KERNEL = 120
"""A kernel is one loop over arrays with its steps in order. Parts of it would pass its state on as arguments."""
MOST_FILES = 12
LISTS = {"schemas/published": "one file for each published record, written by a program"}
"""Folders that may have more files, each with its reason."""
LONGER: dict[str, str] = {}
"""Functions that are longer, by path and name, each with its reason."""


@pytest.mark.parametrize("module", modules(*PACKAGES), ids=relative)
def test_a_module_is_one_idea_long(module: Path) -> None:
    lines = module.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{relative(module)} has {lines} lines: part it by ideas"


@pytest.mark.parametrize("module", modules(*PACKAGES, "benchmarks", "deploy"), ids=relative)
def test_a_function_is_short_enough_to_read(module: Path) -> None:
    too_long = [
        f"{name} has {lines} lines, at most {most}"
        for name, lines, most in functions(module)
        if lines > most and f"{relative(module)}:{name}" not in LONGER
    ]
    assert too_long == []


def test_a_folder_has_few_enough_files_to_know_them() -> None:
    files = defaultdict(list)
    for path in tracked_files():
        if relative(path).split("/")[0] in {*PACKAGES, "benchmarks", "deploy"}:
            files[relative(path.parent)].append(path.name)
    del files["schemas/published"]  # a program writes it: one file for each record
    crowded = {folder: len(names) for folder, names in files.items() if len(names) > MOST_FILES}
    crowded = {folder: count for folder, count in crowded.items() if folder not in LISTS}
    assert crowded == {}


@pytest.mark.slow
def test_a_class_name_stands_for_one_class() -> None:
    places = defaultdict(set)
    for module in modules(*PACKAGES, "benchmarks"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(relative(module))
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}


def functions(module: Path) -> Iterator[tuple[str, int, int]]:
    """Name, length and allowed length of each function."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {getattr(decorator, "id", "") for decorator in node.decorator_list}
            kernel = bool(decorators & {"compiled", "inlined"})
            most = MOST_LINES_OF_A_KERNEL if kernel else MOST_LINES_OF_A_FUNCTION
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1, most


@pytest.mark.slow
def test_the_exceptions_are_still_there() -> None:
    known = {
        f"{relative(module)}:{name}" for module in modules(*PACKAGES) for name, _, _ in functions(module)
    }
    assert {place for place in LONGER if place not in known} == set()
    assert all((ROOT / place.partition(":")[0]).is_file() for place in LONGER)
