"""The session for connections to sources."""

import aiohttp

CONNECT_S = 15.0
"""Seconds within which a server has to accept a connection. Chosen, not measured."""


def client_session() -> aiohttp.ClientSession:
    """A session for connections that stay open; it takes the proxy that the environment names."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    return aiohttp.ClientSession(
        timeout=timeout, trust_env=True, headers={"User-Agent": "lockstep-monitor (lockstep ingest)"}
    )
