"""What the beginning of a JSON input holds: how its records are laid out, and the first of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LINES = 40
_DEEPEST = 5
_LAST_COMMA = re.compile(r",(?=\s*[\]}]\s*$)")
"""A comma after the last element, as programs leave it that write one object after the other."""
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')


@dataclass(frozen=True, slots=True)
class Framing:
    """Where the records of a JSON input are."""

    lines: bool
    """One object a line; otherwise, elements (`streams.sources.files.json_scan`)."""
    key: str = ""
    """Key of the arrays that hold the records; empty: they stand alone or in an array without a key."""


LINES = Framing(lines=True)


@dataclass(frozen=True, slots=True)
class ObjectSample:
    """One way to take the input apart, and the first objects that it gives."""

    framing: Framing
    objects: list[Mapping[str, object]]


def samples(head: str) -> Iterator[ObjectSample]:
    """Yield ways to take an input apart that begins with `head`: whole objects first, then arrays inside them.

    The head may end anywhere. A broken line does not count if others can be read.
    """
    lines = [line for line in head.split("\n")[: _LINES + 1] if line.strip()]
    if not lines:
        return
    values = [value for line in lines[:_LINES] if (value := _decoded(line)) is not None]
    # an array may have an object on each line, with a comma after all but the last
    by_line = isinstance(_decoded(lines[0]), dict) or (
        lines[0].lstrip().startswith("{") and bool(values) and 2 * len(values) >= min(len(lines), _LINES)
    )
    outer = values if by_line else list(_documents(head))
    objects = list(_plain_elements(outer))
    if objects:
        yield ObjectSample(Framing(lines=by_line), objects)
    inside: dict[str, list[Mapping[str, object]]] = {}
    for value in outer:
        _collect(value, inside, _DEEPEST)
    for key, elements in inside.items():
        yield ObjectSample(Framing(lines=False, key=key), elements)


def _plain_elements(values: list[object]) -> Iterator[Mapping[str, object]]:
    for value in values:
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from _plain_elements(value)


def _collect(value: object, inside: dict[str, list[Mapping[str, object]]], depth: int) -> None:
    """Gather the objects in arrays by the key of the array, the outer ones first."""
    if not depth:
        return
    items = value if isinstance(value, list) else [value]
    for item in items[:_LINES]:
        if not isinstance(item, dict):
            continue
        for key, inner in item.items():
            if isinstance(inner, list) and (
                found := [one for one in inner[:_LINES] if isinstance(one, dict)]
            ):
                inside.setdefault(key, []).extend(found)
        for inner in item.values():
            if isinstance(inner, dict | list):
                _collect(inner, inside, depth - 1)


def _decoded(line: str) -> object:
    line = line.strip()
    if not line.startswith(("{", "[")):
        return None
    for text in (line, _LAST_COMMA.sub("", line)):
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _documents(head: str) -> Iterator[object]:
    """The values that the text begins with, one after the other; the last one is cut off, and closed where it ends."""
    stack: list[str] = []
    begin = 0
    whole: tuple[int, str] | None = None  # up to where the values are whole, and the brackets open there
    for match in _MARK.finditer(head):
        mark = match.group()
        if mark in "{[":
            stack.append("}" if mark == "{" else "]")
            whole = (match.end(), "".join(reversed(stack)))
        elif mark in "}]":
            if not stack:
                continue
            stack.pop()
            whole = (match.end(), "".join(reversed(stack)))
            if not stack:
                if (value := _decoded(head[begin : match.end()])) is not None:
                    yield value
                begin = match.end()
        elif mark == ",":
            whole = (match.start(), "".join(reversed(stack)))
    if stack and whole is not None:
        value = _decoded(head[begin : whole[0]] + whole[1])
        if value is not None:
            yield value
