"""A Jetstream server of either version that misbehaves as asked: it drops, stalls, repeats and sends garbage."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import zstandard
from aiohttp import WSMessage, WSMsgType, web

from benchmarks.live_sources.events import EventLog

Fault = tuple[int, str]
"""After how many events of a connection, and what: `garbage` and `repeat` go on; `drop`, `close`, `cut`, `noise` and
`stall` end the connection."""

SECOND_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents"
GARBAGE: tuple[str | bytes, ...] = (
    "no json",
    "{}",
    "[1,2]",
    '{"did":"did:plc:x","time_us":"soon","kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post"'
    ',"rkey":"1","record":{"text":"x"}}}',
    '{"did":"did:plc:x","time_us":9999999999999999,"kind":"commit","commit":{"operation":"create","collection":'
    '"app.bsky.feed.post","rkey":"1","record":{"text":"x"}}}',
    "{" * 3_000,
    b"\xff\xfe binary",
)
"""What `garbage` sends: each of them becomes a dead letter."""
_TIME_CURSOR = 10**15
_REPEATED = 40


class JetstreamServer:
    """Serves a log of events.

    Args:
        log: of events.
        faults: of each connection in turn; later ones have none.
        refusals: which connections, counted from 0, are refused with 503.
        speed: seconds of event time in a second; None: as fast as it goes.
        floor: events before this number are forgotten.
        dictionary: with which it compresses for those who ask.
    """

    def __init__(
        self,
        log: EventLog,
        faults: Sequence[Sequence[Fault]] = (),
        refusals: Sequence[int] = (),
        speed: float | None = None,
        floor: int = 0,
        dictionary: zstandard.ZstdCompressionDict | None = None,
    ) -> None:
        self.log = log
        self.floor = floor
        self.reached = 0
        """One past the last event that was sent on any connection."""
        self.requests: list[dict[str, Any]] = []
        """Path, query and first message of each connection."""
        self.sent_garbage = 0
        self.hellos: list[dict[str, Any]] = []
        self._faults, self._refusals, self._speed = faults, refusals, speed
        self._begun: float | None = None
        self._dictionary = dictionary
        self._compress = zstandard.ZstdCompressor(dict_data=dictionary).compress if dictionary else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on loopback; gives `ws://host:port`."""
        app = web.Application()
        app.router.add_get("/subscribe", self._answer)
        app.router.add_get(SECOND_PATH, self._answer)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"ws://{host}:{port}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        second = request.path == SECOND_PATH
        query = {name: request.query.getall(name) for name in request.query}
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        if second and cursor is not None and self.floor >= cursor and cursor < _TIME_CURSOR:
            words = f"cursor {cursor} is below the floor {self.floor + 1}"
            return web.json_response({"error": "CursorTooOld", "message": words}, status=400)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=426)
        number = len(self.requests)
        self.requests.append(query)
        if number in self._refusals:
            return web.Response(status=503, headers={"Retry-After": "1"})
        socket = web.WebSocketResponse(compress=False, heartbeat=None, protocols=("xrpc.v1.json",))
        await socket.prepare(request)
        if query.get("requireHello") == ["true"]:
            hello: WSMessage = await socket.receive()
            self.hellos.append(json.loads(hello.data))
            query = query | self.hellos[-1]["payload"]
        leaving = asyncio.create_task(self._until_left(socket))
        sending = asyncio.create_task(self._send(request, socket, number, query, cursor, second))
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)
        if not socket.closed and request.transport is not None:
            await socket.close()
        return socket

    async def _until_left(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                return

    async def _send(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        number: int,
        query: dict[str, Any],
        cursor: int | None,
        second: bool,
    ) -> None:
        place = self._place(cursor, second)
        compressed = "compress" in query or "zstdDictionary" in query
        wanted = self._wanted(query, second)
        dids = set(query.get("dids" if second else "wantedDids", ()))
        faults = list(self._faults[number]) if number < len(self._faults) else []
        if second and cursor is not None and cursor < _TIME_CURSOR and cursor > len(self.log):
            await socket.send_str(_info("FutureCursor", "starts at the live tip"))
            place = len(self.log)
        if second and cursor is not None and cursor >= _TIME_CURSOR and place == self.floor > 0:
            await socket.send_str(_info("OutdatedCursor", f"resumes at {self.floor + 1}"))
        sent = 0
        while not socket.closed:
            if place >= len(self.log):
                await asyncio.sleep(0.02)
                continue
            if self._speed is not None:
                await self._until_due(place)
            line = self.log.line(place)
            place += 1
            self.reached = max(self.reached, place)
            if not wanted[self.log.codes[place - 1]]:
                continue
            if dids and json.loads(line)["did"] not in dids:
                continue
            if second:
                line = _message(line, place)
            if compressed and self._compress is not None:
                await socket.send_bytes(self._compress(line))
            else:
                await socket.send_str(line.decode())
            sent += 1
            if sent % 500 == 0:
                await asyncio.sleep(0)  # one connection does not keep the others waiting
            while faults and sent >= faults[0][0]:
                _, kind = faults.pop(0)
                if kind == "repeat":
                    place = max(0, place - _REPEATED)
                elif kind == "garbage":
                    await self._garbage(socket)
                else:
                    await _break(kind, request, socket)
                    return

    def _place(self, cursor: int | None, second: bool) -> int:
        """The number of the event to begin with."""
        if cursor is None:
            return self.reached
        if second and cursor < _TIME_CURSOR:
            return max(self.floor, cursor - 1)
        return max(self.floor, int(np.searchsorted(self.log.times, cursor)))

    def _wanted(self, query: dict[str, Any], second: bool) -> list[bool]:
        patterns = query.get("collections" if second else "wantedCollections", ())

        def fits(name: str) -> bool:
            return any(name == p or (p.endswith("*") and name.startswith(p[:-1])) for p in patterns)

        return [not patterns or not name or fits(name) for name in self.log.names]

    async def _until_due(self, place: int) -> None:
        if self._begun is None:
            self._begun = time.monotonic()
        due = self._begun + float(self.log.times[place] - self.log.times[0]) / 1e6 / (self._speed or 1.0)
        if (wait := due - time.monotonic()) > 0.001:
            await asyncio.sleep(wait)

    async def _garbage(self, socket: web.WebSocketResponse) -> None:
        for piece in GARBAGE:
            self.sent_garbage += 1
            await (socket.send_bytes(piece) if isinstance(piece, bytes) else socket.send_str(piece))


async def _break(kind: str, request: web.Request, socket: web.WebSocketResponse) -> None:
    """End a connection, in order or not."""
    transport = request.transport
    if kind == "close" or transport is None:
        await socket.close(code=1011, message=b"worker restarts")
    elif kind == "stall":
        await asyncio.sleep(3_600)
    elif kind == "drop":
        transport.abort()
    elif kind == "cut":
        transport.write(b"\x81\x7e\x02\x00" + b'{"did":"did:plc:')  # announces 512 bytes
        transport.close()
    elif kind == "noise":
        transport.write(b"\x83\x05noise")  # an opcode that does not exist
        transport.close()
    else:
        raise ValueError(kind)


def _message(line: bytes, seq: int) -> bytes:
    """An event in the form of the second server."""
    event = json.loads(line)
    when = datetime.fromtimestamp(event["time_us"] / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    payload = {"$type": f"network.bsky.jetstream.subscribeEvents#{event['kind']}", "did": event["did"]}
    payload |= {"seq": seq, "time": when, "witnessedAt": when, **event.get("commit", {})}
    if "identity" in event:
        payload["identity"] = event["identity"]
    return json.dumps({"$type": "message", "payload": payload}).encode()


def _info(name: str, message: str) -> str:
    payload = {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": name, "message": message}
    return json.dumps({"$type": "message", "payload": payload}, separators=(",", ":"))
