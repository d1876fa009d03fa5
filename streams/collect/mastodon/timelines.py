"""Older posts from the timelines of a server, page by page: what came while no stream was open.

Pages go forward from an id (`min_id`), so nothing between two pages is missed. Servers allow a few hundred requests in
five minutes and say how many are left.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import aiohttp
import msgspec

from schemas.checks.decoding_faults import DECODING_ERRORS
from streams.collect.http_session import CONNECT_S
from streams.collect.mastodon.request import MastodonRequest
from streams.collect.source import Position, SourceFault
from streams.outputs.plain_text import plain

_PAGE = 40
"""Posts on a page; servers give no more."""
_PAGE_LIMIT = 32 << 20
"""Bytes of the longest page that is read."""
_OVERLAP_MS = 60_000
"""Milliseconds before the latest known post from which pages begin: a post of another server may arrive later than one
that was written after it. Chosen, not measured: a minute of a server with 40 posts a second takes 60 requests."""
_MOST_WAIT_S = 900.0
"""Seconds that a server can ask to wait; it is asked again after them."""
_LEAST_LEFT = 5
"""Requests that are left for others who use the same token. Chosen, not measured."""
_SNOWFLAKE_SINCE_MS = 1_450_000_000_000
"""2015: an id whose upper bits are a time before this one is not made of a time."""


class _Head(msgspec.Struct):
    """What is read of a post to page on."""

    id: str | int


class ServerTimeline:
    """The timeline with the posts of a stream.

    Args:
        request: server, stream and token.
        session: makes the connections.
        say: called with what the user should know.
    """

    def __init__(
        self, request: MastodonRequest, session: aiohttp.ClientSession, say: Callable[[str], None]
    ) -> None:
        self._request = request
        self._session = session
        self._say = say
        self._free_at = 0.0
        """Monotonic time before which no request is allowed."""

    async def latest(self) -> Position | None:
        """The place of the latest post; None: there is none.

        Raises:
            SourceFault: the server does not answer as expected.
        """
        page = await self._page(limit=1)
        return Position(post_id=page[-1][0]) if page else None

    async def since(
        self, position: Position, until_ms: int | None = None
    ) -> AsyncIterator[tuple[str, bytes]]:
        """Posts after a place and a little before it, oldest first: id and JSON of each.

        Args:
            position: after the latest known post.
            until_ms: stop when posts are as late as this, milliseconds since 1970 UTC; None: when there are no more.

        Raises:
            SourceFault: the server does not answer as expected.
        """
        least = _earlier(position.post_id)
        while True:
            page = await self._page(limit=_PAGE, min_id=least)
            newest = max((post_id for post_id, _ in page), key=order, default=least)
            for post in page:
                yield post
            # a server that does not know `min_id` gives the same page again
            if order(newest) <= order(least):
                return
            if until_ms is None and len(page) < _PAGE:
                return
            at = written_ms(newest)
            if until_ms is not None and at is not None and at >= until_ms:
                return
            least = newest

    async def _page(self, **parameters: str | int) -> list[tuple[str, bytes]]:
        """One page, oldest first."""
        await self._wait()
        url = self._request.server + self._request.timeline_path(**parameters)
        timeout = aiohttp.ClientTimeout(total=4 * CONNECT_S, sock_connect=CONNECT_S)
        try:
            async with self._session.get(url, headers=self._request.headers, timeout=timeout) as answer:
                wait_s = allowed_after_s(answer)
                if wait_s:
                    self._free_at = time.monotonic() + wait_s
                if answer.status != 200:
                    raise refusal(answer.status, "its timeline", await answer.content.read(2_048), wait_s)
                body = await _whole(answer)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SourceFault(
                f"gives no timeline: {plain(str(error), 200) or type(error).__name__}"
            ) from error
        try:
            statuses = msgspec.json.decode(body, type=list[msgspec.Raw])
            heads = [msgspec.json.decode(status, type=_Head) for status in statuses]
        except DECODING_ERRORS as error:
            raise SourceFault("gives a timeline that is no list of posts") from error
        posts = [(str(head.id), bytes(status)) for head, status in zip(heads, statuses, strict=True)]
        return sorted(posts, key=lambda post: order(post[0]))

    async def _wait(self) -> None:
        wait_s = self._free_at - time.monotonic()
        if wait_s > 0:
            self._say(
                f"{self._request.host}: the server's limit of requests is reached; waits {wait_s:.0f} s."
            )
            await asyncio.sleep(wait_s)


def order(post_id: str) -> tuple[int, str]:
    """The order of a server's ids: a longer one is later."""
    return len(post_id), post_id


def written_ms(post_id: str) -> int | None:
    """When a post was written, as Mastodon's ids say it, milliseconds since 1970 UTC; None: the id says nothing."""
    if not (post_id.isascii() and post_id.isdigit()) or len(post_id) > 19:
        return None
    at = int(post_id) >> 16
    return at if at > _SNOWFLAKE_SINCE_MS else None


def _earlier(post_id: str) -> str:
    at = written_ms(post_id)
    return post_id if at is None else str((at - _OVERLAP_MS) << 16)


def refusal(status: int, what: str, body: bytes, wait_s: float | None) -> SourceFault:
    """What a server means that does not answer with 200.

    Args:
        status: of HTTP.
        what: was asked for.
        body: the beginning of the answer.
        wait_s: seconds that the server asks to wait.
    """
    try:
        said = msgspec.json.decode(body, type=dict[str, object])
        words = plain(str(said.get("error") or ""), 200)
    except DECODING_ERRORS:
        words = ""
    hint = ""
    if status in (401, 403, 422):
        hint = " (it may want an access token: --token-file)"
    return SourceFault(
        f"answers with status {status} for {what}{': ' if words else ''}{words}{hint}",
        refused=status in (400, 401, 403, 404, 405, 410, 422),
        wait_s=wait_s,
    )


def allowed_after_s(answer: aiohttp.ClientResponse) -> float | None:
    """Seconds after which a server allows the next request; None: at once."""
    asked = answer.headers.get("Retry-After", "")
    if answer.status in (429, 503) and asked.isdigit():
        return min(float(asked), _MOST_WAIT_S)
    left = answer.headers.get("X-RateLimit-Remaining", "")
    if answer.status != 429 and not (left.isdigit() and int(left) <= _LEAST_LEFT):
        return None
    try:
        reset = datetime.fromisoformat(answer.headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return 60.0 if answer.status == 429 else None
    reset = reset if reset.tzinfo is not None else reset.replace(tzinfo=UTC)
    return min(max((reset - datetime.now(UTC)).total_seconds(), 1.0), _MOST_WAIT_S)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > _PAGE_LIMIT:
            raise SourceFault("gives a timeline that is too long to be one")
    return bytes(body)
