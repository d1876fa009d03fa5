"""Passwords and tokens: read from files or the environment, and hidden everywhere except in requests to the broker."""

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
"""Limit of a file with a secret, bytes. Chosen, not measured: tokens have a few KiB."""
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)  # RFC 6750, b64token
_LEEWAY_S = 60  # how far clocks may differ, seconds
_SASL_AUTHENTICATE = 36  # number of the request that carries the password or token


class Secret(str):
    """A text that does not show itself in logs, tracebacks and messages.

    For clients it is a normal text: encoding and joining give the content, formatting does not.
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
    """Reads the bearer token from a file, which another program renews. It is not bound to an event loop."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def token(self) -> str:
        """Read the current token, in plain text because aiokafka formats it into its request.

        Raises:
            AuthenticationFailedError: there is no usable token. Clients treat this as one failed attempt and try again.
        """
        try:
            return (await asyncio.to_thread(self.read)).reveal()
        except UsageError as error:
            raise AuthenticationFailedError(str(error)) from None

    def read(self) -> Secret:
        """The same at once, as a hidden text.

        Raises:
            UsageError: there is none, or it has expired by its own date. aiokafka would not notice that a broker
                refuses it, and would keep asking.
        """
        secret = _secret_of(self.path, "oauth_token_file")
        if not _TOKEN.fullmatch(secret):
            raise UsageError(f"kafka.oauth_token_file: {self.path} holds no bearer token.")
        expiry = _expiry(secret)
        if expiry is not None and expiry + _LEEWAY_S < time.time():
            raise UsageError(f"kafka.oauth_token_file: the token in {self.path} has expired. Is it renewed?")
        return secret


def password_of(settings: KafkaSettings, environ: Mapping[str, str]) -> Secret:
    """The password for the user name in the settings.

    Raises:
        UsageError: there is none, or it cannot be used.
    """
    if password := environ.get(PASSWORD_VARIABLE):
        if not password.isprintable():
            raise UsageError(f"{PASSWORD_VARIABLE}: holds characters that cannot be part of a password.")
        return Secret(password)
    if settings.password_file is None:
        raise UsageError(
            f"kafka.password_file: {settings.sasl_mechanism} needs a password. Name a file that holds it, or set "
            f"{PASSWORD_VARIABLE}."
        )
    return _secret_of(settings.password_file, "password_file")


def keep_secrets_out_of_logs() -> None:
    """Drop the lines of aiokafka's log that hold a secret. It may be called any number of times."""
    logging.getLogger("aiokafka.conn").addFilter(_NO_SECRETS)


def _secret_of(path: str, setting: str) -> Secret:
    """The one line in a file. No message and no cause of an error shows its content."""
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
    """When a JSON web token expires, seconds since 1970 UTC; None: it does not say, or is another kind of token."""
    try:
        _, claims, _ = token.split(".")
        return msgspec.json.decode(base64.urlsafe_b64decode(claims + "=="), type=_Claims).exp
    except (ValueError, msgspec.DecodeError):
        return None


class _NoSecrets(logging.Filter):
    """Drops the lines at level DEBUG in which aiokafka writes the request with a password or a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        arguments = record.args if isinstance(record.args, tuple) else ()
        return all(getattr(argument, "API_KEY", None) != _SASL_AUTHENTICATE for argument in arguments)


_NO_SECRETS = _NoSecrets()
