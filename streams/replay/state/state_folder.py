"""The folder of a kept state: one file that is replaced as a whole, and a lock."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from detectors.state.capture import State
from detectors.state.state_forms import StateError
from schemas.errors import UsageError
from streams.outputs.output_files import fault_of
from streams.state.state_codec import MOST_CHUNK_BYTES, decode, encode

_LENGTH = struct.Struct("<I")
_FILE = "state"
ANEW = "To start anew, empty the folder or name another one."


class StateFolder:
    """A folder that one run at a time uses.

    Args:
        path: of the folder; it is made if it does not exist.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._file = self.path / _FILE
        self.posts = self.path / "posts"
        """Folder for the posts that a report shows."""

    @contextmanager
    def locked(self) -> Iterator["StateFolder"]:
        """Use the folder in the `with` block.

        Raises:
            UsageError: it cannot be made or written, or another run uses it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = open(self.path / "lock", "ab")
        except OSError as error:
            raise UsageError(f"--state: {self.path} cannot be written: {error.strerror or error}.") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"--state: {self.path} is in use by another run.") from error
            yield self

    def read(self) -> State | None:
        """The state that was kept last; None if there is none.

        Raises:
            StateError: it is damaged, or of another version.
        """
        try:
            with open(self._file, "rb") as file:
                state = decode(_chunks(file))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"--state: {self._file} cannot be read: {error.strerror or error}.") from error
        except StateError as error:
            raise StateError(f"--state: {self._file}: {error}. {ANEW}") from error
        if type(state) is not dict:
            raise StateError(f"--state: {self._file}: the saved state is damaged. {ANEW}")
        return state

    def write(self, state: State) -> None:
        """Replace the state. If that fails, the one before stays.

        Raises:
            OutputError: the state cannot be written.
        """
        new = self._file.with_suffix(".new")
        try:
            with open(new, "wb") as file:
                for chunk in encode(state):
                    file.write(_LENGTH.pack(len(chunk)))
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self._file)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise fault_of(str(self._file), error) from error


def is_kept(path: str) -> bool:
    """Whether a folder has a state."""
    return (Path(path) / _FILE).exists()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while head := file.read(_LENGTH.size):
        length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        chunk = file.read(length) if 0 < length <= MOST_CHUNK_BYTES else b""
        if not chunk or len(chunk) != length:
            raise StateError("the saved state is cut short")
        yield chunk
