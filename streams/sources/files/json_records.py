"""The records of a JSON input: one object a line, or elements of arrays."""

from collections.abc import Iterator
from functools import partial

from schemas.errors import InputError
from streams.sources.files.compressed import Block
from streams.sources.files.json_sample import LINES, Framing
from streams.sources.files.json_scan import ElementScanner, explain
from streams.sources.files.lines import scan_lines
from streams.sources.files.records import RECORD_LIMIT, Records, read_records


def json_records(
    blocks: Iterator[Block], source: str, framing: Framing, limit: int = RECORD_LIMIT
) -> Iterator[Records]:
    """Cut an input into records.

    Args:
        blocks: of the input.
        source: its name.
        framing: where the records are.
        limit: bytes of the longest record.

    Raises:
        InputError: the input ends while brackets are open.
    """
    if framing.lines:
        yield from read_records(blocks, source, partial(scan_lines, limit=limit), str, limit=limit)
        return
    scanner = ElementScanner(framing.key, limit)
    yield from read_records(blocks, source, scanner, explain, limit=limit)
    if scanner.unfinished:
        raise InputError(
            f"{source}: the JSON ends early: brackets are still open. What could be read was used. The file is "
            "incomplete: fetch or export it again."
        )


def lines_or_array(head: bytes) -> Framing:
    """Where the records of an input are that begins with `head`: in an array, or one a line."""
    return Framing(lines=False) if head.lstrip().startswith(b"[") else LINES
