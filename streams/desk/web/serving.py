"""Serves an application at an address until it is asked to end."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable

from aiohttp import web

from schemas.errors import UsageError
from streams.listening import listening

# aiohttp would print a traceback for whatever a visitor sends that is no HTTP
_quiet = logging.getLogger("lockstep.desk")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False

_ENDING_S = 2.0
"""Seconds that open requests have when the desk ends. Chosen, not measured."""


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address.

    Raises:
        UsageError: the address is taken, or does not belong to this machine.
    """
    try:
        return listening(host, port, backlog=64)
    except OSError as error:
        raise UsageError(
            f"The desk cannot be served at {host}:{port}: {error.strerror}. Another desk may be running; --port takes "
            "another port, and 0 any free one."
        ) from error


async def serve(app: web.Application, server: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        app: what is served.
        server: bound and listening.
        ready: called once requests are answered.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=_ENDING_S, logger=_quiet
    )
    await runner.setup()
    try:
        await web.SockSite(runner, server).start()
        ready()
        await ended.wait()
    finally:
        await runner.cleanup()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
