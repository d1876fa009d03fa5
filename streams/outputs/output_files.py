"""Files that a run writes, checked before it starts: a typing error must not cost hours of work."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from schemas.errors import LockstepError, UsageError

STDOUT = "-"
_LOOKED_AT = 64 << 10
"""Bytes that are searched for the end of a line at a time."""


class OutputError(LockstepError):
    """An output that could be opened cannot be written any further, for example because the disk is full."""


def check_outputs(outputs: Mapping[str, str | None], inputs: Sequence[str]) -> None:
    """Make sure that every output can be written and overwrites no input.

    Args:
        outputs: path by option; None if the option was not given, `-` for standard output.
        inputs: paths that the run reads.

    Raises:
        UsageError: an output cannot be written, is also an input, or is named twice. The message names the option.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    taken = {os.path.realpath(path): path for path in inputs if path != STDOUT}
    for option, path in given.items():
        real = path if path == STDOUT else os.path.realpath(path)
        if real in taken:
            raise UsageError(
                f"{option}: {path} is also {taken[real]}. Give every output a file of its own."
                if taken[real] != path
                else f"{option}: {path} is an input or an output already. Give it a file of its own."
            )
        if not _is_device(path):
            taken[real] = path
        if path != STDOUT:
            _check_writable(option, path)
        elif sys.stdout is None:
            raise UsageError(f"{option}: standard output is closed.")


@contextmanager
def output(path: str, *, lines: bool = False) -> Iterator[BinaryIO]:
    """Open an output for writing, from the beginning; `-` is standard output.

    If it cannot be written to its end, a file of lines keeps those that are whole. Any other file is removed: half a
    page or half an object is of no use.

    Args:
        path: of the output.
        lines: whether each line of it counts by itself.

    Raises:
        OutputError: the file cannot be opened or written.
        BrokenPipeError: the reader of the output has gone.
    """
    try:
        if path == STDOUT:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with _whole(path, lines=lines), open(path, "wb") as file:
                yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise fault_of(path, error) from error


def fault_of(path: str, error: OSError) -> OutputError:
    """The fault to raise when an output cannot be written."""
    return OutputError(f"{_name(path)}: cannot be written: {error.strerror or error}")


@contextmanager
def _whole(path: str, *, lines: bool) -> Iterator[None]:
    """Leave nothing of a file that is not whole, should the `with` block fail."""
    try:
        yield
    except BaseException:
        if os.path.isfile(path):
            with suppress(OSError):
                _cut_to_lines(path) if lines else os.unlink(path)
        raise


def _cut_to_lines(path: str) -> None:
    with open(path, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            begin = max(0, end - _LOOKED_AT)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                file.truncate(begin + found + 1)
                return
            end = begin
        file.truncate(0)


def _check_writable(option: str, path: str) -> None:
    existed = os.path.exists(path)
    if existed and _is_device(path):
        return
    try:
        # appending nothing changes nothing
        with open(path, "ab"):
            pass
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be written: {error.strerror or error}.") from error
    if not existed:
        os.unlink(path)


def _is_device(path: str) -> bool:
    """Whether a path is a terminal, a pipe or /dev/null: two outputs may share it, and a trial must not open it."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _name(path: str) -> str:
    return "standard output" if path == STDOUT else path
