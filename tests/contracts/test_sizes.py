"""Nothing grows too large to read: files, functions, folders. And a class name stands for one class."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


def test_a_module_is_one_idea_long() -> None:
    lines = {
        relative(module): module.read_text(encoding="utf-8").count("\n") for module in modules(*PACKAGES)
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}, "part it by ideas"


def test_a_function_is_short_enough_to_read() -> None:
    too_long = [
        f"{relative(module)}: {name} has {lines} lines, at most {most}"
        for module in modules(*PACKAGES, "benchmarks", "deploy")
        for name, lines, most in parts_of(module).functions
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


def test_a_class_name_stands_for_one_class() -> None:
    places = defaultdict(set)
    for module in modules(*PACKAGES, "benchmarks"):
        for name in parts_of(module).classes:
            if not name.startswith("_"):
                places[name].add(relative(module))
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}


def test_the_exceptions_are_still_there() -> None:
    known = {
        f"{relative(module)}:{name}"
        for module in modules(*PACKAGES)
        for name, _, _ in parts_of(module).functions
    }
    assert {place for place in LONGER if place not in known} == set()
    assert all((ROOT / place.partition(":")[0]).is_file() for place in LONGER)


class Parts(NamedTuple):
    """What a module defines."""

    functions: list[tuple[str, int, int]]
    """Name, length and allowed length."""
    classes: list[str]


@cache
def parts_of(module: Path) -> Parts:
    """Functions and classes of a module; each module is parsed once for all tests."""
    parts = Parts([], [])
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            parts.classes.append(node.name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {getattr(decorator, "id", "") for decorator in node.decorator_list}
            kernel = bool(decorators & {"compiled", "inlined"})
            most = MOST_LINES_OF_A_KERNEL if kernel else MOST_LINES_OF_A_FUNCTION
            parts.functions.append((node.name, (node.end_lineno or node.lineno) - node.lineno + 1, most))
    return parts
