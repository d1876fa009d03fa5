"""What is asked of a server of the fediverse: which stream, the timeline of the same posts, and with which token."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from schemas.errors import InputError, UsageError

TOKEN_VARIABLE = "LOCKSTEP_MASTODON_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable; if set, it replaces `--token-file`."""

_TAG = re.compile(r"hashtag:(?P<local>local:)?#?(?P<tag>[^\s/#?&]{1,200})")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MastodonRequest:
    """One stream of one server."""

    server: str
    """Address without a path."""
    stream: str
    """As the user names it."""
    token: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """The host of the server, and its port if there is one."""
        return urlsplit(self.server).netloc

    @property
    def name(self) -> str:
        """The name of a collector of it."""
        return f"mastodon-{self.host}-{self.stream}"

    @property
    def place(self) -> str:
        """What positions are places in."""
        return f"mastodon {self.host} {self.stream}"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of each request."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    @property
    def stream_path(self) -> str:
        """Path of the stream of events, with its parameters."""
        if tag := self._tag:
            local = "/local" if tag["local"] else ""
            return f"/api/v1/streaming/hashtag{local}?{urlencode({'tag': tag['tag']})}"
        return "/api/v1/streaming/" + self.stream.replace(":", "/")

    def timeline_path(self, **more: str | int) -> str:
        """Path of the timeline with the same posts, with its parameters and more."""
        tag = self._tag
        path = f"/api/v1/timelines/tag/{quote(tag['tag'], safe='')}" if tag else "/api/v1/timelines/public"
        side = "local" if tag and tag["local"] else self.stream.partition(":")[2] if not tag else ""
        return f"{path}?{urlencode({**({side: 'true'} if side else {}), **more})}"

    @property
    def _tag(self) -> "re.Match[str] | None":
        return _TAG.fullmatch(self.stream)


def mastodon_request(
    server: str, stream: str, token_file: str | None, environ: Mapping[str, str] = os.environ
) -> MastodonRequest:
    """Check what the user asks for.

    Raises:
        UsageError: a value cannot be used.
        InputError: the file of the token cannot be read.
    """
    parts = urlsplit(server if "://" in server else f"https://{server}")
    try:
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"--server: {server!r} is no server. Give its address, such as https://mastodon.example."
        )
    if stream not in ("public", "public:local", "public:remote") and not _TAG.fullmatch(stream):
        raise UsageError(
            f"--stream: {stream!r} is no stream. Give public, public:local, public:remote, hashtag:NAME or "
            "hashtag:local:NAME."
        )
    token = environ.get(TOKEN_VARIABLE, "").strip() or (None if token_file is None else _read(token_file))
    if token is not None and not _TOKEN.fullmatch(token):
        raise UsageError(
            f"--token-file or {TOKEN_VARIABLE}: holds no token: it is empty or has blanks inside."
        )
    if (
        token is not None
        and parts.scheme == "http"
        and parts.hostname not in ("127.0.0.1", "::1", "localhost")
    ):
        raise UsageError(f"--server: {server!r} would send the token unencrypted. Use https.")
    return MastodonRequest(f"{parts.scheme}://{parts.netloc}", stream, token)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file: {path} cannot be read: {error}.") from error
