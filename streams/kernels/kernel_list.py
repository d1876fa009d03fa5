"""The kernels that replays, workers and publishing use, each with the types of its arguments.

`kernels.json` beside this file holds them. `python -m tests.kernel_recording` writes it anew from runs of small worlds;
a test fails when it lacks a kernel. Those that every replay uses come first. Of these and of the others, kernels that
others wait for come first, then those that take longest.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec

from streams.kernels.argument_types import Plain, UnknownType, numba_type

_FILE = "kernels.json"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel, and types of its arguments."""

    module: str
    name: str
    arguments: tuple[Any, ...]
    """Types of numba."""
    in_every_replay: bool
    """Whether replays use it as they are run first: posts with reference data, alerts and a report."""

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def dispatcher(self) -> Any:
        """What numba made of the function.

        Raises:
            AttributeError: it is not there, or it is not compiled.
        """
        found = getattr(importlib.import_module(self.module), self.name)
        found._cache  # noqa: B018 - only functions that numba compiles have it
        return found

    @property
    def is_compiled(self) -> bool:
        """Whether its machine code is on disk, for this processor and this version of the source."""
        dispatcher = self.dispatcher
        # numba has no public question for this; to load all kernels instead takes a second
        cache = dispatcher._cache
        key = cache._index_key(self.arguments, dispatcher.targetctx.codegen())
        return key in cache._cache_file._load_index()

    def compile(self) -> None:
        """Compile it, unless it is on disk."""
        self.dispatcher.compile(self.arguments)


class _List(msgspec.Struct):
    """The file: kernels name the types of their arguments by number."""

    types: list[Plain]
    in_every_replay: int
    """Count of kernels at the beginning of the list that every replay uses."""
    kernels: list[tuple[str, str, list[int]]]


def listed_kernels() -> list[Kernel]:
    """All of them. Those that the file names and the source does not have any more are left out."""
    content = msgspec.json.decode((files(__package__) / _FILE).read_bytes(), type=_List)
    known: dict[int, Any] = {}
    found = []
    for place, (module, name, arguments) in enumerate(content.kernels):
        try:
            for number in arguments:
                if number not in known:
                    known[number] = numba_type(content.types[number])
            types = tuple(known[number] for number in arguments)
            kernel = Kernel(module, name, types, place < content.in_every_replay)
            kernel.dispatcher  # noqa: B018 - to see whether it is there
        except (UnknownType, ImportError, AttributeError):
            continue
        found.append(kernel)
    return found


def list_text(kernels: Sequence[tuple[str, str, Sequence[Plain]]], in_every_replay: int) -> str:
    """The content of the file for kernels: module, name and plain types of the arguments. A line each.

    Args:
        kernels: in the order of the list.
        in_every_replay: count of those at its beginning that every replay uses.
    """
    numbers: dict[str, int] = {}
    rows = []
    for module, name, arguments in kernels:
        texts = [msgspec.json.encode(argument).decode() for argument in arguments]
        rows.append((module, name, [numbers.setdefault(text, len(numbers)) for text in texts]))
    types = ",\n".join(numbers)
    lines = ",\n".join(msgspec.json.encode(row).decode() for row in rows)
    return f'{{"types": [\n{types}\n],\n"in_every_replay": {in_every_replay},\n"kernels": [\n{lines}\n]}}\n'
