"""A state with every kind of value, and chunks that are forged under a digest that is right."""

import hashlib
import math
import struct
from typing import Any

import msgspec
import numpy as np
import polars as pl
import zstandard

from detectors.state.capture import State
from streams.state.state_codec import encode

HEAD = struct.Struct("<4sIIIQ32s")
RECORD = np.dtype([("key", "<u8"), ("near", "|b1"), ("far", "<i4")])
FRAME = pl.DataFrame(
    {
        "text": ["x", None, "é😀", "", "中文 text"],
        "tags": [["a", None, ""], [], None, ["é"], [""]],
        "none": [None, None, None, None, None],
        "big": [2**64 - 1, None, 0, 1, 2],
        "known": [True, None, False, True, True],
        "real": [1.5, math.nan, None, math.inf, -0.0],
        "row": [[[1], []], [], None, [None], [[2, None]]],
    },
    schema_overrides={"big": pl.UInt64, "none": pl.String, "row": pl.List(pl.List(pl.Int16))},
)
STATE: State = {
    "plain": [None, True, 2**64 - 1, -(2**63), math.inf, "é", b"\x00\xff"],
    "arrays": {
        "records": np.array([(2**64 - 1, True, -1), (0, False, 7)], RECORD),
        "none": np.zeros((0, 4), np.int32),
        "two": np.arange(6, dtype=np.float64).reshape(2, 3),
        "scalar": np.array(np.float64(1.5)),
        "flags": np.array([True, False]),
        "rows": np.array([(1, [2, -3]), (4, [5, 6])], np.dtype([("number", "<i8"), ("row", "<i4", (2,))])),
    },
    "frames": [FRAME, FRAME.clear(), FRAME[1:3], FRAME.filter(pl.lit(value=False)).select("tags")],
}


def bodies(chunks: list[bytes]) -> bytes:
    return b"".join(chunk[HEAD.size :] for chunk in chunks)


def signed(body: bytes) -> list[bytes]:
    """A chunk as somebody would write it who knows how."""
    digest = hashlib.blake2b(body, digest_size=32).digest()
    return [HEAD.pack(b"LKST", 1, 0, 1, len(body), digest) + body]


def forged(tree: Any, *buffers: bytes, whole: int | None = None) -> list[bytes]:
    """A tree, and buffers that follow it, under a digest that is right."""
    raw = msgspec.msgpack.encode(tree)
    squeezed = zstandard.compress(raw)
    sizes = struct.pack("<QQ", len(raw) if whole is None else whole, len(squeezed))
    return signed(sizes + squeezed + b"".join(buffers))


def extension(code: int, *fields: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, msgspec.msgpack.encode(list(fields)))


def same(one: Any, other: Any) -> bool:
    """Equality of decoded things, to the byte."""
    return list(encode(one)) == list(encode(other))
