"""A server of the fediverse that misbehaves: streams that drop, stall and send garbage, and a limit of requests.

Posts appear at a given pace whether or not anybody listens, so what appears while no stream is open is in the timeline
only.
"""

import asyncio
import hashlib
import html
import json
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from benchmarks.live_sources.jetstream_server import Fault

Status = dict[str, Any]

GARBAGE = (
    "event: update\ndata: no json\n\n",
    "event: update\ndata: {}\n\n",
    'event: update\ndata: {"id":"1","created_at":"soon","account":{"acct":"a@b.example"},"uri":"https://b.example/1"}\n\n',
)
"""What `garbage` sends: each of them becomes a dead letter. Beside it goes what is none."""
_NOISE = "event: notification\ndata: {}\n\nid: 7\nretry: 10\ndata\n\nevent: status.update\ndata: {}\n\n"


def statuses_of(posts: Iterable[Mapping[str, Any]], domain: str = "social.example") -> Iterator[Status]:
    """Posts in the order of time as statuses, with ids as Mastodon makes them: of the time, and rising."""
    ids: dict[str, str] = {}
    last = 0
    for post in posts:
        at = datetime.fromisoformat(post["created_at"])
        last = max(last + 1, int(at.timestamp() * 1_000) << 16)
        name = "u" + hashlib.sha256(post["account_id"].encode()).hexdigest()[:12]
        ids[post["post_id"]] = f"https://{domain}/users/{name}/statuses/{last}"
        written = {"uri": ids[post["post_id"]], "id": str(last), **_written(post, domain)}
        if original := post.get("repost_of"):
            inner = written | {
                "uri": ids.get(original, f"https://{domain}/statuses/{original}"),
                "id": str(last - 1),
            }
            written |= {"content": "", "tags": [], "mentions": [], "reblog": inner}
        yield {
            **written,
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "visibility": "public",
            "account": {
                "id": name,
                "acct": name,
                "url": f"https://{domain}/@{name}",
                "followers_count": post.get("followers_count"),
            },
        }


def _written(post: Mapping[str, Any], domain: str) -> Status:
    links = "".join(
        f' <a href="{html.escape(url)}" rel="nofollow">link</a>' for url in post.get("urls") or ()
    )
    return {
        "content": f"<p>{html.escape(post.get('text') or '')}{links}</p>",
        "language": post.get("lang"),
        "tags": [{"name": tag} for tag in post.get("hashtags") or ()],
        "mentions": [{"acct": f"{name}@{domain}"} for name in post.get("mentions") or ()],
    }


class MastodonServer:
    """Serves posts that appear one after the other.

    Args:
        statuses: in the order in which they appear; ids rise.
        seconds: until all have appeared, from the first stream or timeline that is asked for.
        faults: of each stream in turn; later ones have none.
        token: without which nobody is answered; None: everybody is.
        requests: timelines that may be asked for in `window_s`; None: any number.
        window_s: seconds.
        heartbeat_s: seconds between two signs of life on a stream; None: there are none.
    """

    def __init__(
        self,
        statuses: Sequence[Status],
        seconds: float = 0.0,
        faults: Sequence[Sequence[Fault]] = (),
        token: str | None = None,
        requests: int | None = None,
        window_s: float = 2.0,
        heartbeat_s: float | None = None,
    ) -> None:
        self.statuses = statuses
        self.streams: list[str] = []
        """Path and query of each stream."""
        self.timelines: list[dict[str, str]] = []
        """Query of each timeline that was given."""
        self.sent_garbage = 0
        self.refused = 0
        """Count of requests beyond the limit."""
        self._ids = [int(status["id"]) for status in statuses]
        self._lines = [json.dumps(status).encode() for status in statuses]
        self._seconds, self._faults, self._token = seconds, faults, token
        self._requests, self._window_s, self._heartbeat_s = requests, window_s, heartbeat_s
        self._begun: float | None = None
        self._window = (0.0, 0)

    @property
    def appeared(self) -> int:
        """Count of posts that have appeared."""
        if self._begun is None:
            self._begun = time.monotonic()
        if not self._seconds:
            return len(self.statuses)
        share = (time.monotonic() - self._begun) / self._seconds
        return min(len(self.statuses), 1 + int(share * len(self.statuses)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on loopback; gives `http://host:port`."""
        app = web.Application()
        app.router.add_get("/api/v2/instance", self._instance)
        app.router.add_get("/api/v1/timelines/{kind:.*}", self._timeline)
        app.router.add_get("/api/v1/streaming/{kind:.*}", self._stream)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._host, self._port = runner.addresses[0][:2]
        try:
            yield f"http://{self._host}:{self._port}"
        finally:
            await runner.cleanup()

    def _denied(self, request: web.Request) -> web.Response | None:
        if self._token is None or request.headers.get("Authorization") == f"Bearer {self._token}":
            return None
        return web.json_response({"error": "This method requires an authenticated user"}, status=401)

    async def _instance(self, request: web.Request) -> web.Response:
        urls = {"streaming": f"ws://{self._host}:{self._port}"}
        return web.json_response({"configuration": {"urls": urls}})

    async def _timeline(self, request: web.Request) -> web.Response:
        if denied := self._denied(request):
            return denied
        headers = {}
        if self._requests is not None:
            since, count = self._window
            if time.monotonic() - since > self._window_s:
                since, count = time.monotonic(), 0
            self._window = since, count + 1
            reset = datetime.now(UTC) + timedelta(seconds=since + self._window_s - time.monotonic())
            left = max(0, self._requests - count - 1)
            headers = {"X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": reset.isoformat()}
            if count >= self._requests:
                self.refused += 1
                return web.json_response({"error": "Too many requests"}, status=429, headers=headers)
        query = dict(request.query)
        self.timelines.append(query)
        end, limit = self.appeared, int(query.get("limit", 20))
        if "min_id" in query:
            begin = bisect_right(self._ids, int(query["min_id"]), 0, end)
            page = self._lines[begin : min(end, begin + limit)]
        else:
            page = self._lines[max(0, end - limit) : end]
        body = b"[" + b",".join(reversed(page)) + b"]"
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if denied := self._denied(request):
            return denied
        number = len(self.streams)
        self.streams.append(request.path_qs)
        faults = list(self._faults[number]) if number < len(self._faults) else []
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b":)\n")
        place, sent, quiet_since = self.appeared, 0, time.monotonic()
        while request.transport is not None and not request.transport.is_closing():
            if place >= self.appeared:
                await asyncio.sleep(0.01)
                if self._heartbeat_s is not None and time.monotonic() - quiet_since > self._heartbeat_s:
                    quiet_since = time.monotonic()
                    await answer.write(b":thump\n")
                continue
            event = b"event: update\ndata: " + self._lines[place] + b"\n\n"
            place, sent = place + 1, sent + 1
            if faults and sent >= faults[0][0]:
                _, kind = faults.pop(0)
                if kind != "garbage":
                    await _break(kind, event, request, answer)
                    return answer
                self.sent_garbage += len(GARBAGE)
                await answer.write("".join((*GARBAGE, _NOISE)).encode())
            await answer.write(event)
        return answer


async def _break(kind: str, event: bytes, request: web.Request, answer: web.StreamResponse) -> None:
    """End a stream, in order or not; the event is lost on it."""
    if kind == "close":
        await answer.write_eof()
    elif kind == "stall":
        await asyncio.sleep(3_600)
    elif kind == "cut":
        await answer.write(event[: len(event) // 2])
        await answer.write_eof()
    elif kind == "drop" and request.transport is not None:
        request.transport.abort()
    else:
        raise ValueError(kind)
