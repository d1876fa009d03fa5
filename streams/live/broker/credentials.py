"""Passwords and tokens: from files or the environment, and hidden from all texts but what goes to the broker."""

import asyncio
import base64
import logging
import re
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import AuthenticationFailedError

from schemas.errors import UsageError
from streams.settings.kafka_settings import PASSWORD_VARIABLE, KafkaSettings

_MOST_SECRET_BYTES = 64 << 10
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)  # RFC 6750, b64token
_LEEWAY_S = 60  # by which clocks may differ
_SASL_AUTHENTICATE = 36  # number of the request that carries what proves a name


class Secret(str):
    """A text that does not show itself in logs, tracebacks and messages.

    Clients take it for the text that it is: encoding and joining give the content, formatting does not.
    """

    __slots__ = ()

    def reveal(self) -> str:
        """The content as plain text, for clients that format it."""
        return "".join([self])

    def __repr__(self) -> str:
        return "<secret>"

    def __str__(self) -> str:
        return "<secret>"

    def __format__(self, specification: str) -> str:
        return "<secret>"


class TokenFile(AbstractTokenProvider):  # type: ignore[misc] # aiokafka has no types
    """Gives the bearer token of a file, which another program renews; bound to no event loop."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def token(self) -> str:
        """Read the token as it now is, in plain text: aiokafka formats it into its request.

        Raises:
            AuthenticationFailedError: there is none. Clients take it for a fault of that attempt, and try again.
        """
        try:
            return (await asyncio.to_thread(self.read)).reveal()
        except UsageError as error:
            raise AuthenticationFailedError(str(error)) from None

    def read(self) -> Secret:
        """The same, at once and hidden.

        Raises:
            UsageError: there is none, or it says itself that it has expired. aiokafka would not notice that a broker
                refuses it, and go on asking.
        """
        secret = _secret_of(self.path, "oauth_token_file")
        if not _TOKEN.fullmatch(secret):
            raise UsageError(f"kafka.oauth_token_file: {self.path} holds no bearer token.")
        expiry = _expiry(secret)
        if expiry is not None and expiry + _LEEWAY_S < time.time():
            raise UsageError(f"kafka.oauth_token_file: the token in {self.path} has expired. Is it renewed?")
        return secret


def password_of(settings: KafkaSettings, environ: Mapping[str, str]) -> Secret:
    """The password that goes with the user name of the settings.

    Raises:
        UsageError: there is none.
    """
    if found := environ.get(PASSWORD_VARIABLE):
        if not found.isprintable():
            raise UsageError(f"{PASSWORD_VARIABLE}: holds characters that cannot be part of a password.")
        return Secret(found)
    if settings.password_file is None:
        raise UsageError(
            f"kafka.password_file: {settings.sasl_mechanism} needs a password. Name a file that holds it, or set "
            f"{PASSWORD_VARIABLE}."
        )
    return _secret_of(settings.password_file, "password_file")


def keep_secrets_out_of_logs() -> None:
    """Drop the lines of aiokafka's log that hold a secret; may be called any number of times."""
    logging.getLogger("aiokafka.conn").addFilter(_NO_SECRETS)


def _secret_of(path: str, setting: str) -> Secret:
    """The one line that is in a file. Its content is in no message and in no cause of one."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_SECRET_BYTES + 1)
    except OSError as error:
        raise UsageError(f"kafka.{setting}: {path} cannot be read: {error.strerror}.") from None
    try:
        text = content.decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"kafka.{setting}: {path} is not UTF-8.") from None
    if not text or len(content) > _MOST_SECRET_BYTES or not text.isprintable():
        raise UsageError(f"kafka.{setting}: {path} should hold one line and nothing else.")
    return Secret(text)


class _Claims(msgspec.Struct):
    exp: float | None = None


def _expiry(token: str) -> float | None:
    """When a token that is a JSON web token expires, seconds since 1970; None: it does not say."""
    try:
        _, claims, _ = token.split(".")
        return msgspec.json.decode(base64.urlsafe_b64decode(claims + "=="), type=_Claims).exp
    except (ValueError, msgspec.DecodeError):
        return None


class _NoSecrets(logging.Filter):
    """Drops the lines in which aiokafka writes out the request that carries a password or a token, at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        arguments = record.args if isinstance(record.args, tuple) else ()
        return all(getattr(argument, "API_KEY", None) != _SASL_AUTHENTICATE for argument in arguments)


_NO_SECRETS = _NoSecrets()
