"""What a worker or a collector serves over HTTP: its metrics, and whether it is alive and ready.

By default it listens only on loopback.

    GET /metrics        for Prometheus
    GET /health/live    200, or 503 when a part of the worker has failed
    GET /health/ready   200, or 503 with what the worker waits for

The answers come from the event loop of the program: if that hangs, there is no answer at all.
"""

import socket
from typing import Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from schemas.errors import UsageError
from streams.listening import listening
from streams.settings.settings import WorkerSettings


def listen(settings: WorkerSettings) -> socket.socket | None:
    """The socket to serve at; None if `web_port` is 0.

    Raises:
        UsageError: the address is taken, or does not belong to this machine.
    """
    if not settings.web_port:
        return None
    place = f"{settings.web_host}:{settings.web_port}"
    try:
        return listening(settings.web_host, settings.web_port, backlog=16)
    except OSError as error:
        raise UsageError(
            f"worker.web_port: metrics cannot be served at {place}: {error.strerror}. Give each worker of a machine "
            "a port of its own (--web-port), or 0 for none."
        ) from error


class ServedHealth(Protocol):
    """Whether a program is alive, and whether it is ready."""

    failed: str
    """What failed; empty if nothing did."""

    @property
    def alive(self) -> bool:
        """Whether it can go on."""
        ...

    @property
    def waits_for(self) -> list[str]:
        """What it waits for, in words; empty if it is ready."""
        ...


class Served(Protocol):
    """Metrics and health of one program."""

    registry: CollectorRegistry

    @property
    def health(self) -> ServedHealth:
        """Its health."""
        ...

    def update_ready(self) -> None:
        """Set the metrics that depend on the moment."""
        ...


class Web:
    """Serves one worker or collector.

    Args:
        telemetry: of it.
        server: bound and listening.
    """

    def __init__(self, telemetry: Served, server: socket.socket) -> None:
        self._telemetry = telemetry
        self._server = server

    async def start(self) -> None:
        """Start to answer."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.SockSite(self._runner, self._server).start()

    async def stop(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        self._telemetry.update_ready()
        body = generate_latest(self._telemetry.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _live(self, request: web.Request) -> web.Response:
        health = self._telemetry.health
        return _answer([] if health.alive else [health.failed], "alive")

    async def _ready(self, request: web.Request) -> web.Response:
        return _answer(self._telemetry.health.waits_for, "ready")


def _answer(waits: list[str], good: str) -> web.Response:
    return web.Response(status=503 if waits else 200, text="".join(f"{line}\n" for line in waits or [good]))
