"""A stream of a server as a live source: first what was missed, from the timeline, then the stream.

The timeline is read twice: before the stream is opened, since that may take long and a server does not wait for a slow
reader; and once more when it is open, for the posts between.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from schemas.checks.decoding_faults import DECODING_ERRORS
from streams.collect.http_session import CONNECT_S
from streams.collect.mastodon.decoding import HEARTBEAT, UPDATE, MastodonDecoder
from streams.collect.mastodon.event_stream import server_events
from streams.collect.mastodon.request import MastodonRequest
from streams.collect.mastodon.timelines import ServerTimeline, allowed_after_s, order, refusal
from streams.collect.source import OPENED, Events, Message, Position, SourceFault
from streams.outputs.plain_text import plain

_LIVE_S = 0.5
"""Seconds that a sign of life has to be waited for to say anything of the time. One that is there at once may have been
sent long ago, with posts behind it. Chosen, not measured."""


class MastodonSource:
    """A server of the fediverse as a live source.

    Args:
        request: what is asked of it.
        session: makes the connections.
        decoder: of its events.
        say: called with what the user should know.
        stall_s: seconds without a sign of life after which a connection is given up. Servers give one every 15 s.
    """

    def __init__(
        self,
        request: MastodonRequest,
        session: aiohttp.ClientSession,
        decoder: MastodonDecoder,
        say: Callable[[str], None],
        stall_s: float,
    ) -> None:
        self._request = request
        self._session = session
        self._decoder = decoder
        self._timeline = ServerTimeline(request, session, say)
        self._say = say
        self._stall_s = stall_s
        self._waited_s = 0.0
        """Seconds that the latest chunk of the stream was waited for."""
        self._began: Position | None = None
        """Where the first connection began."""
        self.name = request.host
        self.gaps = 0

    def decode(self, messages: Sequence[Message], first_number: int) -> Events:
        """As of `LiveSource`."""
        return self._decoder.decode(messages, first_number)

    def resumed(self, before: Position, first: Position) -> None:
        """As of `LiveSource`. Timelines go back as far as posts exist, so there is nothing to notice."""

    async def messages(self, position: Position | None) -> AsyncGenerator[Message]:
        """As of `LiveSource`."""
        position = position or self._began
        if position is None:
            # so that nothing is missed if the stream ends before its first post
            position = self._began = await self._timeline.latest()
        else:
            async for post_id, status in self._timeline.since(position):
                position = _later(position, post_id)
                yield Message(UPDATE, status)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self._stall_s)
        url = await self._streaming_server() + self._request.stream_path
        headers = {"Accept": "text/event-stream", **self._request.headers}
        try:
            async with self._session.get(url, headers=headers, timeout=timeout) as answer:
                if answer.status != 200:
                    body = await answer.content.read(2_048)
                    raise refusal(answer.status, "its stream", body, allowed_after_s(answer))
                if answer.content_type != "text/event-stream":
                    raise SourceFault(f"gives no stream of events but {plain(answer.content_type, 60)}")
                yield OPENED
                opened_ms = _opened_ms(answer)
                if position is not None:
                    async for _, status in self._timeline.since(position, opened_ms):
                        yield Message(UPDATE, status)
                async for event in server_events(self._timed(answer.content.iter_any())):
                    if event.name:
                        yield Message(event.name, event.data)
                    elif self._waited_s >= _LIVE_S:
                        yield Message(HEARTBEAT, str(int(time.time())).encode())
        except aiohttp.SocketTimeoutError as error:
            raise SourceFault(f"has sent nothing for {self._stall_s:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise SourceFault("broke off the stream") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SourceFault(f"has no stream: {plain(str(error), 200) or type(error).__name__}") from error

    async def _timed(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The chunks, each with how long it was waited for."""
        begun = time.monotonic()
        async for chunk in chunks:
            self._waited_s = time.monotonic() - begun
            yield chunk
            begun = time.monotonic()

    async def _streaming_server(self) -> str:
        """The server that has the streams; it may be another one than that of the timelines."""
        own = self._request.server
        try:
            timeout = aiohttp.ClientTimeout(total=CONNECT_S)
            async with self._session.get(f"{own}/api/v2/instance", timeout=timeout) as answer:
                body = await answer.content.read(1 << 20)
            said: Any = msgspec.json.decode(body)["configuration"]["urls"]["streaming"]
            parts = urlsplit(str(said))
        except (aiohttp.ClientError, OSError, TimeoutError, KeyError, TypeError, *DECODING_ERRORS):
            return own
        wanted = "https" if own.startswith("https:") else "http"
        scheme = {"wss": "https", "https": "https", "ws": "http", "http": "http"}.get(parts.scheme)
        # never less protected than the server itself
        return f"{scheme}://{parts.netloc}" if parts.netloc and scheme == wanted else own


def _later(position: Position, post_id: str) -> Position:
    return max(position, Position(post_id=post_id), key=lambda place: order(place.post_id))


def _opened_ms(answer: aiohttp.ClientResponse) -> int:
    """When the stream was opened, by the clock of the server, milliseconds since 1970 UTC."""
    try:
        return int(parsedate_to_datetime(answer.headers.get("Date", "")).timestamp() * 1_000) + 1_000
    except ValueError:
        return int(time.time() * 1_000)
