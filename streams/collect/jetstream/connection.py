"""Frames of a Jetstream server: connects, decompresses, and notices when it goes away, stalls or has forgotten."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import zstandard

from schemas.checks.decoding_faults import DECODING_ERRORS
from streams.collect.http_session import CONNECT_S
from streams.collect.jetstream.decoding import JetstreamDecoder
from streams.collect.jetstream.request import MESSAGE_LIMIT, JetstreamRequest
from streams.collect.source import OPENED, Events, Message, Position, SourceFault
from streams.outputs.plain_text import plain

_FRAME_LIMIT = 4 * MESSAGE_LIMIT
"""Bytes of the longest frame that is taken; servers leave out what is longer than `MESSAGE_LIMIT`."""
_HEARTBEAT_S = 20.0
"""Seconds between two pings. A connection that does not answer one is dead."""
_GAP_S = 300
"""Seconds without an event after a resumption from which it is said that some may be missing. Chosen, not measured: all
of Bluesky has no second without an event, but a few accounts have."""
_INFO = b'subscribeEvents#info"'
_ERROR = b'{"$type":"error"'
_PROTOCOL = "xrpc.v1.json"


class JetstreamSource:
    """A Jetstream server as a live source.

    Args:
        request: what is asked of it.
        session: makes the connections.
        decoder: of its frames.
        say: called with what the user should know.
        stall_s: seconds without an event after which a connection is given up.
    """

    def __init__(
        self,
        request: JetstreamRequest,
        session: aiohttp.ClientSession,
        decoder: JetstreamDecoder,
        say: Callable[[str], None],
        stall_s: float,
    ) -> None:
        self._request = request
        self._session = session
        self._decoder = decoder
        self._say = say
        self._stall_s = stall_s
        self._by_time = False
        """Whether the next connection goes on by time though the server numbers its events."""
        self._said_lost = False
        """Whether it has been said of this resumption that events are missing."""
        self._inflate = (
            None
            if request.dictionary is None
            else zstandard.ZstdDecompressor(dict_data=request.dictionary).decompress
        )
        self.name = request.host
        self.gaps = 0
        """Count of resumptions from a place that the server no longer has."""

    def decode(self, messages: Sequence[Message], first_number: int) -> Events:
        """As of `LiveSource`."""
        return self._decoder.decode(messages, first_number)

    async def messages(self, position: Position | None) -> AsyncGenerator[Message]:
        """As of `LiveSource`."""
        address = self._request.address(position, by_time=self._by_time)
        try:
            async with self._session.ws_connect(
                address,
                heartbeat=_HEARTBEAT_S,
                max_msg_size=_FRAME_LIMIT,
                protocols=(_PROTOCOL,) if self._request.second else (),
                timeout=aiohttp.ClientWSTimeout(ws_close=5.0),
                # what is compressed with a dictionary is not compressed again; the second server offers no other way
                compress=0 if self._request.second or self._inflate is not None else 15,
            ) as socket:
                self._by_time = False
                if self._request.hello is not None:
                    await socket.send_str(self._request.hello)
                yield OPENED
                async for frame in self._frames(socket):
                    self._said_lost = False
                    yield Message("", frame)
        except aiohttp.WSServerHandshakeError as error:
            raise await self._refusal(error, address, position) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SourceFault(f"cannot be reached: {_words(error)}") from error

    async def _frames(self, socket: "aiohttp.ClientWebSocketResponse[Any]") -> AsyncIterator[bytes]:
        while True:
            try:
                frame = await socket.receive(self._stall_s)
            except TimeoutError as error:
                raise SourceFault(f"has sent nothing for {self._stall_s:g} s") from error
            if frame.type is aiohttp.WSMsgType.TEXT:
                data = frame.data.encode()
            elif frame.type is aiohttp.WSMsgType.BINARY:
                data = self._inflated(frame.data)
            elif frame.type is aiohttp.WSMsgType.ERROR:
                raise SourceFault(f"sent what is no WebSocket frame: {_words(frame.data)}")
            else:
                said = plain(str(frame.extra or ""), 200)
                raise SourceFault("closed the connection" + (f": {said}" if said else ""))
            if self._request.second and (data.startswith(_ERROR) or _INFO in data[:200]):
                self._hear(data)
            else:
                yield data

    def _inflated(self, frame: bytes) -> bytes:
        if self._inflate is None:
            return frame  # a text in the wrong kind of frame, or garbage that becomes a dead letter
        try:
            return self._inflate(frame, max_output_size=_FRAME_LIMIT)
        except zstandard.ZstdError:
            return frame

    def _hear(self, data: bytes) -> None:
        """Take note of what the second server says of itself.

        Raises:
            SourceFault: it ends the connection, or began at another place than it was asked for.
        """
        try:
            said = msgspec.json.decode(data, type=dict[str, Any])
        except DECODING_ERRORS:
            return
        payload = said.get("payload", said)
        payload = payload if isinstance(payload, dict) else {}
        name = str(payload.get("name") or payload.get("error") or "")
        words = plain(str(payload.get("message") or ""), 300)
        if said.get("$type") == "error":
            raise SourceFault(f"ended the connection: {plain(name, 60)} {words}".rstrip())
        if name == "FutureCursor":
            # the number is from another archive: go on by time
            self._by_time = True
            raise SourceFault(f"does not know the number of the cursor: {words}. It goes on by time")
        if name == "OutdatedCursor" and not self._said_lost:
            self._lost(f"The server no longer has the events after the cursor: {words}")

    async def _refusal(
        self, error: aiohttp.WSServerHandshakeError, address: str, position: Position | None
    ) -> SourceFault:
        """Why the server did not accept the connection."""
        wait_s = _retry_after(error)
        refused = error.status in (400, 401, 403, 404, 405, 410, 422)
        name, words = await self._reason(address) if refused else ("", "")
        if name == "CursorTooOld" and position is not None:
            self._by_time = self._said_lost = True
            self._lost(f"The server no longer has the events after the cursor: {words}")
            return SourceFault("no longer has the number of the cursor. It goes on by time")
        said = f": {name} {words}".rstrip() if name or words else ""
        return SourceFault(f"answers with status {error.status}{said}", refused=refused, wait_s=wait_s)

    async def _reason(self, address: str) -> tuple[str, str]:
        """Name and words of the error with which the server answers to this address; a handshake does not show them."""
        try:
            http = "http" + address.removeprefix("ws")
            async with self._session.get(http, timeout=aiohttp.ClientTimeout(total=CONNECT_S)) as answer:
                raw = await answer.content.read(4_096)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return "", ""
        try:
            said = msgspec.json.decode(raw, type=dict[str, Any])
        except DECODING_ERRORS:
            return "", plain(raw.decode("utf-8", "replace"), 200)
        return plain(str(said.get("error") or ""), 60), plain(str(said.get("message") or ""), 300)

    def resumed(self, before: Position, first: Position) -> None:
        """As of `LiveSource`. The first server does not say that it has forgotten where to go on."""
        behind = (first.time_us - before.time_us) / 1e6
        if not self._request.second and before.time_us and behind > _GAP_S:
            self._lost(
                f"There is no event between {_clock(before.time_us)} and {_clock(first.time_us)}: the server may no "
                "longer have them"
            )

    def _lost(self, words: str) -> None:
        self.gaps += 1
        self._say(f"{self.name}: {words}. What is missing can be published from a dump: lockstep publish.")


def _retry_after(error: aiohttp.ClientResponseError) -> float | None:
    asked = "" if error.headers is None else error.headers.get("Retry-After", "")
    return min(float(asked), 900.0) if asked.isdigit() else None


def _words(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_S:.0f} s"
    return plain(str(error), 200) or type(error).__name__


def _clock(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC"
