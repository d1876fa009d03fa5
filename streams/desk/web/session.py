"""Who a browser belongs to: a signed cookie, so that the desk remembers nothing and nobody can fill its memory."""

import base64
import hashlib
import hmac
import secrets
import time
from typing import Annotated

import msgspec
from msgspec import Meta

LASTS_S = 12 * 3_600
"""Seconds for which somebody stays signed in: a working day."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What the cookie holds. It is signed and not secret: it names the reviewer to the reviewer."""

    name: Annotated[str, Meta(max_length=80)]
    """Of the reviewer; empty: not given yet."""
    role: Annotated[str, Meta(max_length=80)] = "reviewer"
    entered: bool
    """Whether the reviewer may use the desk: has given the token, where one is needed."""
    nonce: str
    """Makes the token of its forms different from that of any other session."""
    until: int
    """Seconds since 1970 UTC."""


class SignedSessions:
    """Signs and reads cookies with a key that lasts as long as the program: a restart signs everybody out."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def begin(self, name: str, role: str = "reviewer", *, entered: bool) -> Session:
        """A new session."""
        until = int(time.time()) + LASTS_S
        return Session(name=name, role=role, entered=entered, nonce=secrets.token_urlsafe(16), until=until)

    def cookie(self, session: Session) -> str:
        """The session as the value of a cookie."""
        body = base64.urlsafe_b64encode(msgspec.json.encode(session)).decode()
        return f"{body}.{self._signature('session', body)}"

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie; None: the cookie is not ours, or too old."""
        body, _, signature = cookie.partition(".")
        if not _same(signature, self._signature("session", body)):
            return None
        try:
            session = msgspec.json.decode(base64.urlsafe_b64decode(body), type=Session)
        except (msgspec.DecodeError, ValueError):
            return None
        return session if session.until > time.time() else None

    def form_token(self, session: Session) -> str:
        """What every form of this session sends with it, and no other site can know."""
        return self._signature("form", session.nonce)

    def is_form_token(self, session: Session, given: str) -> bool:
        """Whether a form is one of this session."""
        return _same(given, self.form_token(session))

    def _signature(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, _bytes(f"{purpose}:{text}"), hashlib.sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same; the time that it takes does not say where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    # what a browser sends may hold bytes that are no text
    return text.encode("utf-8", "surrogatepass")
