"""Programs that are fetched once, whoever asks first: what the scripts that fetch them share."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SetUpError(Exception):
    """A program that is needed is not here; the message says which one and how to get it."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among processes: the others wait until this one has fetched the program."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
