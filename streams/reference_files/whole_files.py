"""Reference files that are used whole or not at all: a line dropped in silence would change alerts unseen.

They hold JSON objects, one a line or in an array, in UTF-8, UTF-16 or UTF-32, plain or compressed.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from schemas.checks.decoding_faults import DECODING_ERRORS, DecodingFault, decoding_fault
from schemas.errors import InputError
from streams.sources.files.compressed import ByteInput
from streams.sources.files.encodings import whole_text

T = TypeVar("T")


def text_of_file(stream: ByteInput, most_bytes: int, noun: str) -> str:
    """The text of an input.

    Args:
        stream: the input.
        most_bytes: most decompressed bytes that are read.
        noun: what it should be, with its article.

    Raises:
        InputError: it cannot be read, is larger, or is no text.
    """
    try:
        return whole_text(bytes(stream.whole(most_bytes, noun)))
    except UnicodeDecodeError as error:
        raise InputError(f"{stream.name}: byte {error.start + 1:,} is not UTF-8.") from error


def objects_of(text: str, of: type[T]) -> Iterator[tuple[str, T | DecodingFault]]:
    """The objects of a text with their places, or what is wrong with them.

    Args:
        text: of the file.
        of: what they are.

    Returns:
        Pairs of a place in words, such as `line 3` or `element 3`, and an object or its fault.
    """
    unit = "line"
    objects: Sequence[str | msgspec.Raw]
    if text.lstrip().startswith("["):
        unit = "element"
        try:
            objects = msgspec.json.decode(text, type=list[msgspec.Raw])
        except DECODING_ERRORS as error:
            fault = f"the array that begins here cannot be read: {decoding_fault(error)}"
            yield f"{unit} 1", DecodingFault("", fault)
            return
    else:
        objects = text.split("\n")
    decoder = msgspec.json.Decoder(of)
    for number, written in enumerate(objects, start=1):
        if isinstance(written, str) and not written.strip():
            continue
        try:
            yield f"{unit} {number:,}", decoder.decode(written)
        except DECODING_ERRORS as error:
            yield f"{unit} {number:,}", decoding_fault(error)
