"""One request to one receiver, and what its answer means.

No redirect is followed: it could lead the message, and its signature, to somebody else. Cookies and proxies of the
environment are not used. Of an answer, only a short beginning is read.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from schemas.service.notifications import ID_HEADER, SIGNATURE_HEADER, TRY_HEADER
from streams.notify.addresses import CheckedResolver
from streams.notify.back_off import asked_wait_s
from streams.notify.receivers import Receiver
from streams.notify.signing import signature
from streams.outputs.plain_text import plain
from streams.version import VERSION

_ANSWER_BYTES = 2_048
_ANSWER_CHARS = 200
_PASSING = frozenset({408, 423, 425, 429})
"""Statuses below 500 after which the same request may succeed later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a try."""

    delivered: bool
    passes: bool = False
    """For one that failed: whether a further try may succeed."""
    reason: str = ""
    """Why it failed, in words."""
    wait_s: float = 0.0
    """Seconds that the receiver asks to wait."""


class Deliverer:
    """Makes requests to one receiver.

    Args:
        receiver: who gets them.
        timeout_s: seconds for a whole request.
    """

    def __init__(self, receiver: Receiver, timeout_s: float) -> None:
        self._receiver = receiver
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, message_id: str, body: bytes, tried: int) -> Answer:
        """Make one request.

        Args:
            message_id: the same in each try.
            body: of the request.
            tried: how many tries there were before.
        """
        now = datetime.now(UTC)
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._opened().post(
                    self._receiver.url,
                    data=body,
                    headers=self._headers(message_id, body, tried, now),
                    allow_redirects=False,
                ) as answer:
                    said = await answer.content.read(_ANSWER_BYTES)
                    return _meaning(answer.status, answer.headers, said, now)
        except TimeoutError:
            return Answer(False, True, f"no answer within {self._timeout_s:g} s")
        except aiohttp.ClientSSLError as error:
            return Answer(False, True, f"its certificate is refused ({type(error).__name__})")
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            cause = error.__cause__
            if isinstance(cause, PermissionError) and cause.errno is None:
                return Answer(False, True, f"its name leads where no message may go: {cause}")
            return Answer(False, True, f"cannot be reached ({type(error).__name__})")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = CheckedResolver(allow_private=self._receiver.settings.allow_private)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit=1, use_dns_cache=False),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,  # a small answer may unpack to gigabytes
            )
        return self._session

    def _headers(self, message_id: str, body: bytes, tried: int, now: datetime) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"lockstep/{VERSION}",
            ID_HEADER: message_id,
            TRY_HEADER: str(tried + 1),
        }
        if self._receiver.keys:
            headers[SIGNATURE_HEADER] = signature(self._receiver.keys, int(now.timestamp()), body)
        return headers


def _meaning(status: int, headers: Mapping[str, str], said: bytes, now: datetime) -> Answer:
    if 200 <= status < 300:
        return Answer(True)
    if 300 <= status < 400:
        return Answer(
            False, False, f"answered {status}, a redirect; none is followed. Give the address it leads to"
        )
    passes = status >= 500 or status in _PASSING
    words = plain(said.decode("utf-8", "replace"), _ANSWER_CHARS)
    reason = f"answered {status}" + (f": {words}" if words else "")
    return Answer(False, passes, reason, asked_wait_s(headers.get("Retry-After"), now) if passes else 0.0)
