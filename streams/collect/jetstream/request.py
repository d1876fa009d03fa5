"""What is asked of a Jetstream server: where, which records of which accounts, compressed or not, and from which place.

There are two servers. The first, `/subscribe`, counts its places by time; any of its instances can go on where another
stopped. The second, `/xrpc/network.bsky.jetstream.subscribeEvents`, numbers its events, and knows places by time too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
import zstandard

from schemas.errors import InputError, UsageError
from streams.collect.source import Position

DEFAULT_URL = "wss://jetstream2.us-east.bsky.network/subscribe"
DEFAULT_COLLECTIONS = ("app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.graph.follow")
MESSAGE_LIMIT = 1 << 20
"""Bytes of the longest event that is asked for. A post has a few thousand at most."""
OVERLAP_S = 5
"""Seconds before the cursor from which a place by time goes on: servers see events in slightly different order. Chosen
after the advice of the server's authors, not measured."""

_SECOND = "network.bsky.jetstream.subscribeEvents"
_MOST_COLLECTIONS, _MOST_DIDS = 100, 10_000  # limits of the servers
_DIDS_IN_ADDRESS = 100
"""More accounts than these are sent in a message, since servers limit the length of an address. Chosen, not
measured."""
_COLLECTION = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+(\.\*)?", re.ASCII)
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,2000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class JetstreamRequest:
    """What is asked of a server on every connection."""

    url: str
    collections: Sequence[str] = DEFAULT_COLLECTIONS
    dids: Sequence[str] = ()
    """Empty: all accounts."""
    dictionary: zstandard.ZstdCompressionDict | None = None
    """With which the server compresses; None: it does not."""

    @property
    def second(self) -> bool:
        """Whether it is the second server."""
        return self.url.rstrip("/").endswith(_SECOND)

    @property
    def host(self) -> str:
        """The host of the server, and its port if there is one."""
        return urlsplit(self.url).netloc

    @property
    def place(self) -> str:
        """What positions are places in."""
        return f"jetstream {self.host}" if self.second else "jetstream"

    def address(self, position: Position | None, *, by_time: bool = False) -> str:
        """The address to connect to.

        Args:
            position: from where to go on; None: from now on.
            by_time: go by the time of the position though it has a number.
        """
        names = ("collections", "dids") if self.second else ("wantedCollections", "wantedDids")
        query: list[tuple[str, Any]] = [("maxMessageSizeBytes", MESSAGE_LIMIT)]
        if self._in_message:
            query.append(("requireHello", "true"))
        else:
            query += [(names[0], collection) for collection in self.collections]
            query += [(names[1], did) for did in self.dids]
        if self.dictionary is not None:
            chosen = ("zstdDictionary", self.dictionary.dict_id()) if self.second else ("compress", "true")
            query.append(chosen)
        if position is not None:
            by_number = self.second and position.seq and not by_time
            query.append(
                ("cursor", position.seq if by_number else max(1, position.time_us - OVERLAP_S * 1_000_000))
            )
        return f"{self.url}?{urlencode(query)}"

    @property
    def hello(self) -> str | None:
        """The message that has to be sent first; None: none."""
        if not self._in_message:
            return None
        wanted = {"wantedCollections": list(self.collections), "wantedDids": list(self.dids)}
        payload = {**wanted, "maxMessageSizeBytes": MESSAGE_LIMIT}
        return msgspec.json.encode({"type": "options_update", "payload": payload}).decode()

    @property
    def _in_message(self) -> bool:
        return not self.second and len(self.dids) > _DIDS_IN_ADDRESS


def jetstream_request(
    url: str, collections: Sequence[str], dids_file: str | None, dictionary_file: str | None
) -> JetstreamRequest:
    """Check what the user asks for.

    Raises:
        UsageError: a value cannot be used.
        InputError: a file cannot be read.
    """
    collections = tuple(dict.fromkeys(collections)) or DEFAULT_COLLECTIONS
    for collection in collections:
        if not _COLLECTION.fullmatch(collection):
            raise UsageError(
                f"--collections: {collection!r} is no collection. Give names such as app.bsky.feed.post or "
                "app.bsky.graph.*"
            )
    if len(collections) > _MOST_COLLECTIONS:
        raise UsageError(
            f"--collections: servers accept {_MOST_COLLECTIONS} at most, not {len(collections)}."
        )
    dids = () if dids_file is None else _dids(dids_file)
    dictionary = None if dictionary_file is None else _dictionary(dictionary_file)
    return JetstreamRequest(checked_url(url), collections, dids, dictionary)


def checked_url(url: str) -> str:
    """The address of a server; its path is `/subscribe` unless another is given.

    Raises:
        UsageError: it is no address of a WebSocket, or holds a name, a password or parameters.
    """
    parts = urlsplit(url)
    try:
        sound = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"--url: {url!r} is no address of a server. Give one such as {DEFAULT_URL}, without parameters."
        )
    path = parts.path if parts.path not in ("", "/") else "/subscribe"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _dids(path: str) -> tuple[str, ...]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--wanted-dids: {path} cannot be read: {error}.") from error
    stripped = [line.partition("#")[0].strip() for line in lines]
    dids = tuple(dict.fromkeys(line.removeprefix("bluesky:") for line in stripped if line))
    for number, line in enumerate(stripped, 1):
        if line and not _DID.fullmatch(line.removeprefix("bluesky:")):
            raise InputError(
                f"--wanted-dids: {path}, line {number}: {line[:100]!r} is no DID. Give one such as "
                "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa on each line."
            )
    if not dids:
        raise InputError(f"--wanted-dids: {path} names no account. Leave the option out for all accounts.")
    if len(dids) > _MOST_DIDS:
        raise InputError(
            f"--wanted-dids: {path} names {len(dids):,} accounts, and servers accept {_MOST_DIDS:,} at most. Leave the "
            "option out, or run several collectors."
        )
    return dids


def _dictionary(path: str) -> zstandard.ZstdCompressionDict:
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"--zstd-dictionary: {path} cannot be read: {error.strerror}.") from error
    try:
        dictionary = zstandard.ZstdCompressionDict(raw, dict_type=zstandard.DICT_TYPE_FULLDICT)
        number = dictionary.dict_id()
        zstandard.ZstdDecompressor(dict_data=dictionary)
    except zstandard.ZstdError as error:
        raise InputError(f"--zstd-dictionary: {path} is no dictionary of zstd: {error}.") from error
    if not number:
        raise InputError(f"--zstd-dictionary: {path} is no dictionary of zstd: it has no number.")
    return dictionary
