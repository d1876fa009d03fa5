"""Feeds of sites, RSS and Atom, as they were fetched."""

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

import msgspec

from schemas.errors import InputError
from streams.sources.files.compressed import Block
from streams.sources.files.json_records import scan_lines
from streams.sources.files.json_sample import LINES
from streams.sources.files.records import Records, read_records
from streams.sources.formats.web.articles import Articles
from streams.sources.screening import Decoded

_ITEMS = ("item", "entry")
_Parser: TypeAlias = "XMLPullParser[Any]"  # takes an argument in its stub only
_FIELDS = {
    "link": "link",
    "guid": "id",
    "id": "id",
    "title": "title",
    "pubDate": "published",
    "published": "published",
    "date": "published",  # of Dublin Core, as older feeds have it
    "updated": "updated",
    "encoded": "content",
    "content": "content",
    "description": "summary",
    "summary": "summary",
    "language": "lang",
}


class Feeds:
    """Items of a feed, read like `articles`. Old ones have left a feed, so collect it often."""

    name = "feed"
    about = "RSS and Atom feeds, as they were fetched"
    time_ordered = False

    def __init__(self) -> None:
        self._articles = Articles(LINES)

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Make a line of JSON of each item, and cut these into records."""
        lines = partial(scan_lines, limit=self._articles.limit)
        yield from read_records(_item_lines(blocks, source), source, lines, str)

    def decode(self, records: Records) -> Decoded:
        """Decode items, all fields at once."""
        return self._articles.decode(records)


def _item_lines(blocks: Iterator[Block], source: str) -> Iterator[Block]:
    parser: _Parser = XMLPullParser(("start", "end"))
    open_elements: list[Element] = []
    for block in blocks:
        lines: list[bytes] = []
        try:
            parser.feed(block.data)
            _take_items(parser, open_elements, lines)
        except ParseError as error:
            yield Block(b"".join(lines), block.bytes_read)
            raise InputError(
                f"{source}: the feed is not well-formed XML ({error}). What came before was used. Fetch it again."
            ) from error
        yield Block(b"".join(lines), block.bytes_read)
    try:
        parser.close()
    except ParseError as error:
        raise InputError(
            f"{source}: the feed ends early ({error}). What could be read was used. Fetch it again."
        ) from error


def _take_items(parser: _Parser, open_elements: list[Element], lines: list[bytes]) -> None:
    """Add a line of JSON for each item that has ended; the parser reports faults here."""
    for pair in parser.read_events():
        event, element = cast(tuple[str, Element], pair)
        if event == "start":
            open_elements.append(element)
            continue
        open_elements.pop()
        if _name(element) in _ITEMS:
            lines.append(msgspec.json.encode(_fields(element)) + b"\n")
            if open_elements:
                open_elements[-1].remove(element)  # else the parser keeps all items


def _fields(item: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in item:
        name = _FIELDS.get(_name(child))
        if name is None:
            continue
        value = "".join(child.itertext()).strip()
        if name == "link":
            # in Atom an attribute, and several: the one to the article has no relation, or `alternate`
            if child.get("rel", "alternate") != "alternate":
                continue
            value = child.get("href", value)
        if value:
            found.setdefault(name, value)
    return found


def _name(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]
