"""Filters that reviewers keep under a name, shared by all who use the desk."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.errors import InputError, LockstepError

MOST_FILTERS = 100
"""Filters that are kept. Chosen, not measured."""
_LONGEST = 60
"""Characters of a name."""


class FilterError(LockstepError):
    """A filter cannot be kept; the message says why."""


class SavedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """One filter."""

    name: Annotated[str, Meta(min_length=1, max_length=_LONGEST)]
    query: Annotated[str, Meta(max_length=2_000)]
    """As `streams.desk.cases.filters.QueueFilter.query` writes it."""
    by: str
    """Who kept it."""


class SavedFilters:
    """The filters of a file, which is written whole at each change.

    Args:
        path: need not exist.

    Raises:
        InputError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._filters: dict[str, SavedFilter] = {}
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from error
        try:
            self._filters = {one.name: one for one in msgspec.json.decode(text, type=list[SavedFilter])}
        except DECODING_ERRORS as error:
            raise InputError(
                f"{path}: holds no filters of the desk: {decoding_fault(error)}. Remove the file to start with none."
            ) from error

    def all(self) -> list[SavedFilter]:
        """The filters, by name."""
        return [self._filters[name] for name in sorted(self._filters)]

    def save(self, name: str, query: str, by: str) -> None:
        """Keep a filter, in place of one with the same name.

        Raises:
            FilterError: the name is empty or too long, there are too many, or the file cannot be written.
        """
        name = " ".join(name.split())
        if not name or len(name) > _LONGEST:
            raise FilterError(f"A filter needs a name of at most {_LONGEST} characters.")
        if name not in self._filters and len(self._filters) >= MOST_FILTERS:
            raise FilterError(f"There are {MOST_FILTERS} filters already. Delete one first.")
        self._write({**self._filters, name: SavedFilter(name=name, query=query, by=by)})

    def delete(self, name: str) -> None:
        """Delete a filter, if there is one of this name.

        Raises:
            FilterError: the file cannot be written.
        """
        self._write({key: one for key, one in self._filters.items() if key != name})

    def _write(self, filters: dict[str, SavedFilter]) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            fresh.write_bytes(msgspec.json.format(msgspec.json.encode(list(filters.values()))) + b"\n")
            fresh.replace(self._path)
        except OSError as error:
            raise FilterError(f"{self._path} cannot be written: {error.strerror or error}.") from error
        self._filters = filters
