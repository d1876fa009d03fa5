"""A receiver of webhooks on this machine, which fails in the ways of real ones."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web

from schemas.alerts import Alert, Severity
from streams.notify.receivers import Receiver
from streams.settings.notify_settings import ReceiverSettings
from tests.schemas.samples import FULL

KEY = b"0123456789abcdef-key"


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class FakeReceiver:
    """Answers as it is set to, one answer after another; the last one stays."""

    got: list[Got] = field(default_factory=list)
    answers: list[Callable[[], web.StreamResponse] | float] = field(default_factory=list)
    """What makes the next answer, or for how many seconds to say nothing."""
    port: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        with self.arrived:
            self.got.append(Got(request.path, dict(request.headers), body, asyncio.get_running_loop().time()))
            self.arrived.notify_all()
        if not self.answers:
            return web.Response(text="ok")
        turn = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(turn, float):
            await asyncio.sleep(turn)
            return web.Response(text="late")
        return turn()

    def wait_for(self, count: int, limit_s: float = 20.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, limit_s), self.got


@pytest.fixture
def server() -> Iterator[FakeReceiver]:
    """A receiver that listens, in a thread of its own."""
    fake = FakeReceiver()
    loop = asyncio.new_event_loop()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", fake.answer)
        runner.append(web.AppRunner(app, access_log=None, shutdown_timeout=0.1))
        await runner[0].setup()
        site = web.TCPSite(runner[0], "127.0.0.1", 0)
        await site.start()
        fake.port = runner[0].addresses[0][1]

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield fake
    asyncio.run_coroutine_threadsafe(runner[0].cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def receiver_at(url: str, name: str = "desk", **settings: Any) -> Receiver:
    """A receiver with a key, on this machine unless it says otherwise."""
    return Receiver(
        name, ReceiverSettings(**{"allow_private": True, "per_minute": 6_000, **settings}), url, (KEY,)
    )


def alert_of(network: str, revision: int = 1, severity: Severity = Severity.MEDIUM, **more: Any) -> Alert:
    """A live alert that nobody has muted."""
    sample = FULL["alert"]
    assert isinstance(sample, Alert)
    values = {"mode": "live", "suppression": None, "successor_id": None, "covertness": 0.7, **more}
    return msgspec.structs.replace(
        sample,
        alert_id=f"{network}-{revision}",
        network_id=network,
        revision=revision,
        severity=severity,
        **values,
    )


NOW = datetime(2024, 3, 5, 9, 30, tzinfo=UTC)
