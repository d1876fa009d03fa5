"""`[input] short_links`: a file that says where shortened links lead.

A shortened link is an object of its own: two of them may lead to one page, and nobody is asked where they lead. A file
that somebody made resolves them, the same in replays, when posts are published, and in workers.
"""

import csv
import io
import re
from collections.abc import Iterator

import msgspec
import polars as pl

from schemas.errors import InputError
from streams.sources.named_text import named_text

_MOST_BYTES = 512 << 20
"""Bytes of the largest file: some five million links. Chosen, not measured."""
_MOST_STEPS = 8
"""Shortened links that lead to one another which are followed. Chosen, not measured; it also ends circles."""
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_FRONT = r"^(?i:https?://)?(?i:www\.)?"


class _Resolved(msgspec.Struct, frozen=True):
    short: str
    target: str


_decoder = msgspec.json.Decoder(_Resolved)


class ShortLinks:
    """Puts the pages that shortened links lead to in their place.

    Args:
        targets: the page of each shortened link, as the file writes both.
    """

    def __init__(self, targets: dict[str, str]) -> None:
        forms = _forms(pl.Series([*targets, *targets.values()], dtype=pl.String)).to_list()
        leads = dict(zip(forms[: len(targets)], targets.values(), strict=True))
        form_of = dict(zip(targets.values(), forms[len(targets) :], strict=True))
        for short, target in leads.items():
            page = target
            for _ in range(_MOST_STEPS):
                further = leads.get(form_of[page])
                if further is None or further == page:
                    break
                page = further
            leads[short] = page
        self._leads = leads

    def posts(self, posts: pl.DataFrame) -> pl.DataFrame:
        """Posts with the pages in `urls`; what the file does not have stays."""
        links = posts.select(pl.col("urls").explode()).to_series().drop_nulls()
        if not len(links):
            return posts
        unique = links.unique()
        pages = _forms(unique).replace_strict(self._leads, default=None, return_dtype=pl.String)
        known = pages.is_not_null()
        if not known.any():
            return posts
        found = dict(zip(unique.filter(known).to_list(), pages.filter(known).to_list(), strict=True))
        return posts.with_columns(pl.col("urls").list.eval(pl.element().replace(found)))


def _forms(links: pl.Series) -> pl.Series:
    """Links without what does not tell short ones apart: the scheme, `www.`, capitals in the host, a last slash."""
    parts = links.str.strip_chars().str.replace(_FRONT, "").str.strip_chars_end("/").to_frame("link")
    host = pl.col("link").str.extract(r"^([^/?#]*)").str.to_lowercase()
    return parts.select(host + pl.col("link").str.replace(r"^[^/?#]*", "")).to_series()


def read_short_links(path: str | None) -> ShortLinks | None:
    """Read the file: CSV with the columns `short` and `target`, or a JSON object with these fields on each line.

    Args:
        path: of the file; None: there is none.

    Raises:
        InputError: it cannot be read, or a line does not name two links.
    """
    if path is None:
        return None
    text = named_text(path, "input.short_links", _MOST_BYTES)
    targets: dict[str, str] = {}
    for number, short, target in _json(text, path) if text.lstrip().startswith("{") else _table(text, path):
        for name, link in (("short", short), ("target", target)):
            if not _LINK.fullmatch(link):
                raise _fault(path, number, f"{name} is {link[:60]!r}, which is no link that begins with http")
        if targets.setdefault(short, target) != target:
            raise _fault(path, number, f"{short[:60]!r} leads elsewhere than before")
    if not targets:
        raise InputError(f"input.short_links: {path} names no link.")
    return ShortLinks(targets)


def _json(text: str, path: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            one = _decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _fault(
                path, number, f"it is no object with the texts short and target ({error})"
            ) from error
        yield number, one.short.strip(), one.target.strip()


def _table(text: str, path: str) -> Iterator[tuple[int, str, str]]:
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    places: tuple[int, int] | None = None
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if places is None:
                names = [cell.lower() for cell in cells]
                if not {"short", "target"} <= set(names):
                    raise _fault(path, rows.line_num, "the first line has no columns short and target")
                places = names.index("short"), names.index("target")
                continue
            if len(cells) <= max(places):
                raise _fault(path, rows.line_num, f"it has {len(cells)} cells")
            yield rows.line_num, cells[places[0]], cells[places[1]]
    except csv.Error as error:
        raise _fault(path, rows.line_num, str(error)) from error


def _fault(path: str, number: int, what: str) -> InputError:
    return InputError(f"input.short_links: line {number:,} of {path}: {what}.")
