"""Receivers with their addresses and keys, read from files or the environment when a command starts."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from schemas.errors import UsageError
from schemas.service.notifications import NotificationForm
from streams.notify.addresses import is_forbidden
from streams.settings.notify_settings import (
    NotifySettings,
    ReceiverSettings,
    secret_variable,
    url_variable,
)

_MOST_BYTES = 16 << 10
"""Limit of a file with a key or an address, bytes. Chosen, not measured."""
_LEAST_KEY_CHARS = 16
"""A shorter key could be guessed. Chosen, not measured."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver, ready to be sent to."""

    name: str
    settings: ReceiverSettings
    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    """Keys of the signature; several while they are changed."""

    @property
    def host(self) -> str:
        """Host of the address, for messages: the rest of it may be a secret."""
        return urlsplit(self.url).hostname or ""


def receivers_of(settings: NotifySettings, environ: Mapping[str, str] = os.environ) -> list[Receiver]:
    """All receivers of the settings.

    Raises:
        UsageError: there is none, or one has no address or key, or one that cannot be used.
    """
    if not settings.receivers:
        raise UsageError(
            "there is no receiver: name one in the settings, in a section [notify.receivers.NAME] "
            "(docs/operations/notifications.md), and give the file with --config."
        )
    return [_receiver(name, one, environ) for name, one in settings.receivers.items()]


def _receiver(name: str, settings: ReceiverSettings, environ: Mapping[str, str]) -> Receiver:
    url = environ.get(url_variable(name)) or settings.url
    if settings.url_file is not None and not environ.get(url_variable(name)):
        (url,) = _lines(settings.url_file, f"notify.receivers.{name}.url_file", most=1)
    if url is None:
        raise UsageError(
            f"notify.receivers.{name}: has no address. Name a file with url_file, or set {url_variable(name)}."
        )
    _check_url(url.strip(), f"notify.receivers.{name}", allow_private=settings.allow_private)
    return Receiver(name, settings, url.strip(), _keys(name, settings, environ))


def _keys(name: str, settings: ReceiverSettings, environ: Mapping[str, str]) -> tuple[bytes, ...]:
    given = environ.get(secret_variable(name))
    where = secret_variable(name) if given else f"notify.receivers.{name}.secret_file"
    if given:
        keys = given.split()
    elif settings.secret_file is not None:
        keys = _lines(settings.secret_file, where, most=2)
    elif settings.form is NotificationForm.SLACK:
        return ()  # such receivers check no signature: their address is the secret
    else:
        raise UsageError(
            f"notify.receivers.{name}: needs a key to sign with. Name a file with secret_file, or set "
            f"{secret_variable(name)}."
        )
    if len(keys) > 2 or any(len(key) < _LEAST_KEY_CHARS for key in keys):
        raise UsageError(
            f"{where}: give one key of {_LEAST_KEY_CHARS} characters or more, or two while they change."
        )
    return tuple(key.encode() for key in keys)


def _check_url(url: str, where: str, *, allow_private: bool) -> None:
    """Refuse an address that cannot be posted to. No message repeats it: it may be a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"} or not url.isprintable() or " " in url:
        raise UsageError(f"{where}: its address is none. Give one that begins with https:// and a host.")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"{where}: its address has a login in it. The signature proves who sends; leave it out."
        )
    if parts.scheme == "http" and not allow_private:
        raise UsageError(
            f"{where}: its address is plain http, so that all on the way can read alerts. Use https; for a receiver "
            "in a private network, set allow_private = true."
        )
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if why := is_forbidden(address, allow_private=allow_private):
        raise UsageError(f"{where}: its address is {why}.")


def _lines(path: str, where: str, most: int) -> list[str]:
    """The lines of a file, without blank ones. No message shows its content."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise UsageError(f"{where}: {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: {path} is not UTF-8.") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= most or len(content) > _MOST_BYTES:
        raise UsageError(
            f"{where}: {path} should hold {'one line' if most == 1 else 'one or two lines'} and nothing else."
        )
    return lines
