"""A saved state as chunks of bytes for a log, and back. Damaged or hostile chunks are refused.

The tree of the state is MessagePack. In it, an array is its dtype, dimensions and count of bytes; the bytes of all
arrays follow in the same order, each array compressed by itself with zstd. Frames are the arrays of their columns. No
Python type is named, and only dtypes of a short list are allowed. All of it has one digest and is cut into chunks.
Every chunk carries the digest, its number and the count of chunks, so that chunks of two states are never mixed.

    chunk    head of 56 bytes: magic, format, number, count, bytes of the body, digest of the body; a piece of the body
    body     bytes of the tree as it is and compressed, 8 each; the tree; the arrays

The size of a buffer is checked against a limit for all of them before memory is allocated.
"""

import hashlib
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
import polars as pl
import zstandard

from detectors.state.state_forms import StateError
from streams.state.column_buffers import frame_of, parts_of

FORMAT = 1
MOST_CHUNK_BYTES = 900 << 10
"""Leaves room for the other fields of a record below the usual limit of 1 MiB."""
MOST_BYTES = 16 << 30
"""Limit of all arrays together, decompressed."""
_MOST_TREE_BYTES = 1 << 30
"""Limit of the tree, decompressed: each byte of it can become an object."""

_MAGIC = b"LKST"
_HEAD = struct.Struct("<4sIIIQ32s")
_SIZES = struct.Struct("<QQ")
_ARRAY, _FRAME = 1, 2
_LEVEL = 1
_DTYPES = frozenset(["|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"])
_MOST_IN_A_ROW = 64
"""Values that one field of a record can have, at most: pools keep eight partners of a meeting."""
_MOST_DIMENSIONS = 4

Array = np.ndarray[Any, np.dtype[Any]]


def encode(state: Any, most_chunk_bytes: int = MOST_CHUNK_BYTES) -> Iterator[bytes]:
    """The chunks of a state, in order. Equal states give equal chunks.

    Args:
        state: nested dict and list of None, bool, int, float, str, bytes, numpy arrays and polars frames.
        most_chunk_bytes: limit of a chunk with its head, bytes.

    Raises:
        StateError: the state holds something else, or a dtype that is not on the list.
    """
    piece = most_chunk_bytes - _HEAD.size
    if piece < 1:
        raise ValueError(f"a chunk needs room for more than {_HEAD.size} bytes")
    parts = _Packing().parts(state)
    whole = sum(map(len, parts))
    count = -(-whole // piece)
    of_all = (count, whole, _digest(parts))
    chunk = bytearray(_HEAD.pack(_MAGIC, FORMAT, 0, *of_all))
    number = 0
    for part in parts:
        begin = 0
        while begin < len(part):
            end = begin + most_chunk_bytes - len(chunk)
            chunk += memoryview(part)[begin:end]
            begin = min(end, len(part))
            if len(chunk) == most_chunk_bytes:
                yield bytes(chunk)
                number += 1
                chunk = bytearray(_HEAD.pack(_MAGIC, FORMAT, number, *of_all))
    if len(chunk) > _HEAD.size:
        yield bytes(chunk)


def decode(chunks: Iterable[bytes], most_bytes: int = MOST_BYTES) -> Any:
    """The state of which these are all chunks, in order. Its arrays are read-only.

    Args:
        chunks: as `encode` gave them, from any source.
        most_bytes: limit of the compressed and of the decompressed size, bytes.

    Raises:
        StateError: chunks are missing, of several states, of another format, damaged or too large.
    """
    return _Unpacking(_joined(chunks, most_bytes), most_bytes).state()


def _joined(chunks: Iterable[bytes], most_bytes: int) -> memoryview:
    """The body, whole and as it was written."""
    first: tuple[Any, ...] | None = None
    pieces: list[bytes] = []
    held = 0
    for number, chunk in enumerate(chunks):
        if len(chunk) < _HEAD.size:
            raise StateError(f"chunk {number} of the saved state is cut short")
        magic, form, own_number, *of_all = _HEAD.unpack_from(chunk)
        if magic != _MAGIC:
            raise StateError(f"chunk {number} is not one of a saved state")
        if form != FORMAT:
            raise StateError(f"a saved state of format {form}, where {FORMAT} can be read")
        first = first or tuple(of_all)
        if own_number != number or tuple(of_all) != first:
            raise StateError(f"chunk {number} is not the next one of the same saved state")
        pieces.append(chunk[_HEAD.size :])
        held += len(pieces[-1])
        if held > min(first[1], most_bytes):
            raise StateError("the saved state is larger than it says, or than is allowed")
    if first is None or len(pieces) != first[0] or held != first[1]:
        raise StateError("chunks of the saved state are missing")
    if _digest(pieces) != first[2]:
        raise StateError("the saved state is damaged: its digest is another one")
    return memoryview(b"".join(pieces))


class _Packing:
    """One state to bytes."""

    def __init__(self) -> None:
        self._buffers: list[bytes] = []
        self._packed: Callable[[Any], bytes] = zstandard.ZstdCompressor(level=_LEVEL).compress

    def parts(self, state: Any) -> list[bytes]:
        """The parts of the body."""
        tree = self._encoded(state)
        packed = self._packed(tree)
        return [_SIZES.pack(len(tree), len(packed)), packed, *self._buffers]

    def _encoded(self, value: Any) -> bytes:
        try:
            return msgspec.msgpack.encode(value, enc_hook=self._extension)
        except (OverflowError, RecursionError, ValueError) as error:
            raise StateError(f"a state that cannot be saved: {error}") from error

    def _extension(self, value: object) -> msgspec.msgpack.Ext:
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, pl.DataFrame):
            columns = [parts_of(column) for column in value.get_columns()]
            return msgspec.msgpack.Ext(_FRAME, self._encoded([value.columns, columns]))
        raise StateError(f"a {type(value).__name__} cannot be saved")

    def _array(self, array: Array) -> msgspec.msgpack.Ext:
        fields = array.dtype.fields
        named: Any = array.dtype.str
        if fields is not None:
            named = [[name, dtype.base.str, *dtype.shape] for name, (dtype, *_) in fields.items()]
        if _dtype_of(named) != array.dtype:
            raise StateError(f"an array of {array.dtype} cannot be saved")
        packed = self._packed(np.ascontiguousarray(array)) if array.size else b""
        self._buffers.append(packed)
        return msgspec.msgpack.Ext(
            _ARRAY, msgspec.msgpack.encode([named, list(array.shape), array.nbytes, len(packed)])
        )


class _Unpacking:
    """One body to a state."""

    def __init__(self, body: memoryview, most_bytes: int) -> None:
        self._body = body
        self._position = 0
        self._left = most_bytes

    def state(self) -> Any:
        """Everything."""
        if len(self._body) < _SIZES.size:
            raise StateError("the saved state is cut short")
        self._position = _SIZES.size
        whole, packed = _SIZES.unpack_from(self._body)
        if whole > _MOST_TREE_BYTES:
            raise StateError("the saved state is larger than is allowed")
        state = self._decoded(self._buffer(whole, packed))
        if self._position != len(self._body):
            raise StateError("the saved state is damaged: it has bytes left over")
        return state

    def _decoded(self, tree: bytes | memoryview) -> Any:
        try:
            return msgspec.msgpack.decode(tree, ext_hook=self._extension)
        except (msgspec.MsgspecError, RecursionError, ValueError, TypeError, OverflowError) as error:
            raise StateError(f"the saved state is damaged: {error}") from error

    def _extension(self, code: int, data: memoryview) -> Array | pl.DataFrame:
        parts = self._decoded(data)
        if code == _ARRAY and type(parts) is list and len(parts) == 4:
            return self._array(*parts)
        if code == _FRAME and type(parts) is list and len(parts) == 2:
            return frame_of(*parts)
        raise StateError("the saved state is damaged: it holds something unknown")

    def _array(self, named: Any, shape: Any, whole: Any, packed: Any) -> Array:
        dtype = _dtype_of(named)
        if (
            dtype is None
            or not _are_counts(shape)
            or len(shape) > _MOST_DIMENSIONS
            or not _are_counts([whole, packed])
            or math.prod(shape) * dtype.itemsize != whole
        ):
            raise StateError("the saved state is damaged: an array does not fit together")
        array = np.frombuffer(self._buffer(whole, packed), dtype).reshape(shape)
        if not all(_is_bool_sound(array[name]) for name in dtype.names or ()) or not _is_bool_sound(array):
            raise StateError("the saved state is damaged: a Boolean is neither true nor false")
        return array

    def _buffer(self, whole: int, packed: int) -> bytes:
        """The next buffer: `packed` bytes that become `whole`."""
        if whole > self._left:
            raise StateError("the saved state is larger than is allowed")
        if packed > len(self._body) - self._position:
            raise StateError("the saved state is cut short")
        self._left -= whole
        data = self._body[self._position : self._position + packed]
        self._position += packed
        if not whole and not packed:
            return b""
        try:
            # zstd allocates the size that the buffer states
            if zstandard.get_frame_parameters(data).content_size != whole:
                raise StateError("the saved state is damaged: a buffer has another size")
            return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise StateError(f"the saved state is damaged: {error}") from error


def _dtype_of(named: Any) -> "np.dtype[Any] | None":
    """The dtype of a name on the list, or of a record of such fields, each one value or a row; None for any other."""
    if type(named) is str:
        return np.dtype(named) if named in _DTYPES else None
    fields = named if type(named) is list else []
    if not fields or not all(_is_field(field) for field in fields):
        return None
    names = [field[0] for field in fields]
    if len(set(names)) != len(names):
        return None
    return np.dtype([(name, of, *rows) for name, of, *rows in fields])


def _is_field(field: Any) -> bool:
    """Whether this is a name, a dtype on the list and, for a row of several values, their number."""
    if type(field) is not list or [type(part) for part in field] not in ([str, str], [str, str, int]):
        return False
    name, of, *rows = field
    return bool(name.isidentifier() and of in _DTYPES and all(1 < count <= _MOST_IN_A_ROW for count in rows))


def _are_counts(numbers: Any) -> bool:
    return type(numbers) is list and all(type(number) is int and 0 <= number < 1 << 62 for number in numbers)


def _is_bool_sound(array: Array) -> bool:
    return array.dtype != np.bool_ or not array.size or int(array.view(np.uint8).max()) <= 1


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
