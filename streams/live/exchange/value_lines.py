"""JSON values that came one by one, as lines that the decoders of dumps read at once."""

from collections.abc import Sequence

from streams.sources.files.compressed import Block
from streams.sources.files.json_records import scan_lines
from streams.sources.files.records import Records, read_records


def records_of(values: Sequence[bytes], source: str) -> Records:
    """Values as records to decode, numbered from 1 by their place in `values`.

    Args:
        values: one JSON value each; at least one.
        source: where they came from, for dead letters.

    Returns:
        The records, with dead letters for values that are too long or not UTF-8.
    """
    data = b"\n".join(values)
    if data.count(b"\n") != len(values) - 1 or b"\r" in data:
        values = [one_line(value) for value in values]
    # an empty line would not be counted
    data = b"\n".join([value if value.strip() else b"null" for value in values])
    first, *rest = read_records(iter([Block(data + b"\n", 0)]), source, scan_lines, str)
    assert not any(len(records) for records in rest)  # noqa: S101 - the data end with a line end
    for records in rest:
        first.dead_letters.extend(records.dead_letters)
    return first


def one_line(value: bytes) -> bytes:
    """JSON without line ends: they have no meaning outside of strings, and are not allowed inside."""
    return value.replace(b"\n", b" ").replace(b"\r", b" ")
