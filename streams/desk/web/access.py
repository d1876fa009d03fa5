"""Who may use the desk, and from which addresses.

Three ways in. On a loopback address, whoever uses the machine. With a token, whoever knows it. Behind a reverse proxy,
whoever the proxy names in a header. A desk that others can reach without one of the last two does not start.
"""

import hmac
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError
from streams.outputs.plain_text import plain
from streams.settings.desk_settings import TOKEN_VARIABLE, DeskSettings

LEAST_TOKEN = 20
"""Characters of a token: too many to guess over the network, as base64 it is 120 bits."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one desk."""

    hosts: frozenset[str]
    """Values of the header `Host` under which it answers. Any other is a name that somebody else made lead here."""
    origins: frozenset[str]
    """Values of the header `Origin` from which it takes what is sent."""
    secure: bool
    """Whether browsers reach it by https alone."""
    token: str | None
    user_header: str | None
    proxies: frozenset[str]
    name: str
    """Name of a reviewer who has given none; empty: one has to be given."""
    address: str
    """Where to point a browser."""

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return self.token is not None and hmac.compare_digest(
            given.encode("utf-8", "surrogatepass"), self.token.encode()
        )

    def named_by_proxy(self, peer: str | None, headers: Mapping[str, str]) -> str | None:
        """Who comes, as a proxy says; None: no proxy that is believed says so."""
        if self.user_header is None or peer not in self.proxies:
            return None
        return plain(headers.get(self.user_header, ""), 80) or None


def access_of(
    settings: DeskSettings, name: str, port: int, environ: Mapping[str, str] = os.environ
) -> Access:
    """The rules that the settings give.

    Args:
        settings: of the desk.
        name: of the reviewer who starts it.
        port: at which it is served.
        environ: may have the token.

    Raises:
        UsageError: others could reach the desk, and nothing would ask who they are; or the token cannot be used.
    """
    token = _token(settings, environ)
    local = _is_loopback(settings.host)
    if not local and token is None and settings.user_header is None:
        raise UsageError(
            f"desk.host: others can reach {settings.host}, and nothing asks who they are. Set desk.token_file or "
            f"{TOKEN_VARIABLE}, or desk.user_header behind a reverse proxy that signs people in. docs/desk.md says how."
        )
    origins = set(settings.origins)
    if not origins and not _is_any(settings.host):
        names = {settings.host, "127.0.0.1", "localhost", "::1"} if local else {settings.host}
        origins = {f"http://{_in_url(host)}:{port}" for host in names}
    if not origins:
        raise UsageError(
            "desk.origins: name the addresses under which browsers reach the desk, as in "
            '["https://desk.example.org"]: it answers to no other name.'
        )
    usual = f"http://{_in_url(settings.host)}:{port}"
    return Access(
        hosts=frozenset(_host_of(origin) for origin in origins),
        origins=frozenset(_without_usual_port(origin) for origin in origins),
        secure=all(origin.startswith("https://") for origin in origins),
        token=token,
        user_header=settings.user_header,
        proxies=frozenset(settings.proxies),
        # whoever comes from elsewhere says who they are
        name=name if local and token is None else "",
        address=f"{usual if usual in origins else min(origins)}/",
    )


def _token(settings: DeskSettings, environ: Mapping[str, str]) -> str | None:
    source, token = TOKEN_VARIABLE, environ.get(TOKEN_VARIABLE)
    if token is None and settings.token_file is not None:
        source = f"desk.token_file: {settings.token_file}"
        try:
            token = Path(settings.token_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UsageError(f"{source}: cannot be read: {reason}.") from error
    if token is None:
        return None
    token = token.strip()
    if len(token) < LEAST_TOKEN:
        raise UsageError(
            f"{source}: the token is too short. Give at least {LEAST_TOKEN} characters, for example from "
            "`openssl rand -base64 24`."
        )
    return token


def _host_of(origin: str) -> str:
    """The header `Host` that a browser sends to an origin: without the usual port of the scheme."""
    return _without_usual_port(origin).partition("://")[2]


def _without_usual_port(origin: str) -> str:
    usual = ":443" if origin.startswith("https://") else ":80"
    return origin.removesuffix(usual)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_any(host: str) -> bool:
    """Whether a host stands for all addresses of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
