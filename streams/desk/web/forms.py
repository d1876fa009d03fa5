"""Reads the forms of the desk's pages, and answers them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; each may be there several times."""

    fields: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """The first value of a field; empty if there is none."""
        values = self.fields.get(name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """All values of a field that are not empty."""
        return [value for value in self.fields.get(name, ()) if value]


async def form_of(request: web.Request) -> Form:
    """The form that was sent with a request. It may be asked for again.

    Raises:
        aiohttp.web.HTTPRequestEntityTooLarge: it is larger than the application takes.
        aiohttp.web.HTTPBadRequest: it is no text, or in an unknown encoding.
    """
    try:
        sent = await request.post()
    except (LookupError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest from error
    fields: dict[str, list[str]] = {}
    for name, value in sent.items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return Form(fields)


def see_other(path: str, **query: str) -> web.Response:
    """Send the browser to another page of the desk, so that loading it again sends nothing again."""
    return web.Response(status=303, headers={"Location": f"{path}?{urlencode(query)}" if query else path})
