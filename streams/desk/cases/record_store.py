"""Records kept on disk by key: thousands of alerts, of which a page shows one at a time."""

import tempfile
from typing import IO

from streams.ordering.external_sort import temporary_files_fault

_WASTE = 64 << 20
"""Bytes of replaced records from which the file is written anew, if they are more than half of it. Chosen, not
measured."""


class RecordStore:
    """The latest bytes of each key, in a temporary file without a name: it is gone when the program ends."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="lockstep-desk-")
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0
        self._held = 0

    def __len__(self) -> int:
        return len(self._places)

    def put(self, key: str, record: bytes) -> None:
        """Keep a record in place of the one before it.

        Raises:
            OutputError: the temporary file cannot be written.
        """
        self.drop(key)
        try:
            self._file.seek(self._end)
            self._file.write(record)
        except OSError as error:
            raise temporary_files_fault("the alerts that the desk shows", error) from error
        self._places[key] = (self._end, len(record))
        self._end += len(record)
        self._held += len(record)
        if self._end - self._held > max(self._held, _WASTE):
            self._write_anew()

    def get(self, key: str) -> bytes | None:
        """A record; None: there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        self._file.seek(place[0])
        return self._file.read(place[1])

    def drop(self, key: str) -> None:
        """Forget a record, if there is one."""
        _, length = self._places.pop(key, (0, 0))
        self._held -= length

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()

    def _write_anew(self) -> None:
        fresh: IO[bytes] = tempfile.TemporaryFile(prefix="lockstep-desk-")
        places, end = {}, 0
        for key, (begin, length) in self._places.items():
            self._file.seek(begin)
            fresh.write(self._file.read(length))
            places[key] = (end, length)
            end += length
        self._file.close()
        self._file, self._places, self._end = fresh, places, end
