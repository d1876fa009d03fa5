"""The section `[kafka]`: which brokers, as whom, and how the way there is protected.

No secret is a setting. They come from files that the settings name, or from the environment, and are read by
`streams.live.broker.connection` when a connection is wanted: what prints settings cannot print them.
"""

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas.errors import UsageError
from schemas.service.topics import DEFAULT_PREFIX, TOPICS, checked_prefix

SERVERS_VARIABLE = "LOCKSTEP_KAFKA"
"""Goes before `kafka.bootstrap_servers`."""
PASSWORD_VARIABLE = "LOCKSTEP_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable
"""Goes before the file named by `kafka.password_file`."""

_DEFAULT_PORT = 9092
_LEAST_REQUEST = max(topic.max_message_bytes for topic in TOPICS) + (64 << 10)
"""Bytes: the largest message of any topic, with room for what a request has around it."""
_SECRETS = re.compile(r"(?i).*(password|secret|token|jaas).*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_SERVER = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_CLIENT = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


class Protocol(StrEnum):
    """How the way to the broker is protected, and whether it asks who comes."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self in (Protocol.SSL, Protocol.SASL_SSL)

    @property
    def named(self) -> bool:
        """Whether SASL is."""
        return self in (Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL)


class Mechanism(StrEnum):
    """How SASL proves who comes."""

    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    PLAIN = "PLAIN"
    OAUTHBEARER = "OAUTHBEARER"


class KafkaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[kafka]`: the brokers, and how to come to them."""

    bootstrap_servers: str = "127.0.0.1:9092"
    """Brokers to ask first, `host:port`, with commas between them; the rest are learnt from them."""
    topic_prefix: str = DEFAULT_PREFIX
    """Goes before the name of every topic and consumer group; ends with a dot."""
    replication_factor: Annotated[int, Meta(ge=1, le=(1 << 15) - 1)] = 1
    """Copies of each partition that `lockstep topics create` asks for: 3 where there are three brokers or more."""
    security_protocol: Protocol = Protocol.PLAINTEXT
    """`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`."""
    sasl_mechanism: Mechanism | None = None
    """`SCRAM-SHA-256`, `SCRAM-SHA-512`, `PLAIN` or `OAUTHBEARER`; with a `sasl_` protocol only."""
    username: str | None = None
    """Name to come under; not with `OAUTHBEARER`, where the token says it."""
    password_file: str | None = None
    """File that holds the password and nothing else."""
    oauth_token_file: str | None = None
    """File that holds the bearer token; read again for every new connection, so that it may be renewed in place."""
    ca_file: str | None = None
    """Certificates of the authorities that may vouch for brokers, PEM; absent: those of the system."""
    cert_file: str | None = None
    """Own certificate, PEM, where brokers ask for one."""
    key_file: str | None = None
    """Its private key, PEM, not encrypted; absent: it is in `cert_file`."""
    client_id: str = "lockstep"
    """Begin of the names under which the broker logs and limits these clients."""
    max_request_bytes: Annotated[int, Meta(ge=_LEAST_REQUEST, le=64 << 20)] = 5 << 20
    """Largest request that is sent; above the largest message of any topic."""
    max_fetch_bytes: Annotated[int, Meta(ge=64 << 10, le=64 << 20)] = 8 << 20
    """Most that is fetched from a partition at a time."""

    def __post_init__(self) -> None:
        _servers(self.bootstrap_servers)
        try:
            checked_prefix(self.topic_prefix)
        except UsageError as error:
            raise UsageError(f"kafka.topic_prefix: {error}") from error
        if not _CLIENT.fullmatch(self.client_id):
            raise UsageError("kafka.client_id: give 1 to 100 letters, digits, dots, - and _.")
        for field in msgspec.structs.fields(self):
            if getattr(self, field.name) == "":
                raise UsageError(f"kafka.{field.name}: is empty; leave it out.")
        self._check_tls()
        self._check_sasl()

    @property
    def servers(self) -> tuple[str, ...]:
        """The brokers of `bootstrap_servers`, each as `host:port`."""
        return _servers(self.bootstrap_servers)

    def _check_tls(self) -> None:
        given = [name for name in ("ca_file", "cert_file", "key_file") if getattr(self, name) is not None]
        if given and not self.security_protocol.encrypted:
            raise UsageError(
                f"kafka.{given[0]}: is given, but security_protocol {self.security_protocol.value} does not "
                "encrypt. Set it to ssl or sasl_ssl."
            )
        if self.key_file is not None and self.cert_file is None:
            raise UsageError("kafka.key_file: is given without cert_file. Name the certificate, too.")

    def _check_sasl(self) -> None:
        mechanism = self.sasl_mechanism
        given = [
            name
            for name in ("sasl_mechanism", "username", "password_file", "oauth_token_file")
            if getattr(self, name) is not None
        ]
        if not self.security_protocol.named:
            if given:
                raise UsageError(
                    f"kafka.{given[0]}: is given, but security_protocol {self.security_protocol.value} sends no "
                    "name. Set it to sasl_ssl."
                )
            return
        if mechanism is None:
            raise UsageError(f"kafka.sasl_mechanism: give one of {', '.join(Mechanism)}.")
        if mechanism is Mechanism.OAUTHBEARER:
            if self.oauth_token_file is None:
                raise UsageError("kafka.oauth_token_file: OAUTHBEARER needs a file with the token.")
            if wrong := [name for name in ("username", "password_file") if name in given]:
                raise UsageError(f"kafka.{wrong[0]}: OAUTHBEARER sends a token and no name; leave it out.")
        else:
            if self.username is None:
                raise UsageError(f"kafka.username: {mechanism.value} needs one.")
            if self.oauth_token_file is not None:
                raise UsageError("kafka.oauth_token_file: goes with sasl_mechanism OAUTHBEARER only.")
        # SCRAM proves a password without sending it; the others send the secret itself
        sends = mechanism in (Mechanism.PLAIN, Mechanism.OAUTHBEARER)
        if sends and not self.security_protocol.encrypted and not all(map(_is_loopback, self.servers)):
            raise UsageError(
                f"kafka.security_protocol: with {mechanism.value}, sasl_plaintext would send the secret readable for "
                "all on the way. Set it to sasl_ssl."
            )


def kafka_section(section: Any, environ: Mapping[str, str]) -> Any:
    """The section as the environment has it: `LOCKSTEP_KAFKA` goes before `bootstrap_servers`.

    Raises:
        UsageError: a secret stands in it, which the message does not repeat; or the variable names no broker.
    """
    if not isinstance(section, dict):
        return section
    known = {field.name for field in msgspec.structs.fields(KafkaSettings)}
    for name in section:
        if name not in known and _SECRETS.match(name):
            raise UsageError(
                f"kafka.{name}: settings are shown and shared, and no place for a secret. Put a password into a file "
                f"of its own, named by password_file, or into the environment as {PASSWORD_VARIABLE}; a token into a "
                "file named by oauth_token_file."
            )
    if servers := environ.get(SERVERS_VARIABLE):
        return {**section, "bootstrap_servers": ",".join(_servers(servers, SERVERS_VARIABLE))}
    return section


def _servers(text: str, setting: str = "kafka.bootstrap_servers") -> tuple[str, ...]:
    return tuple(_server(part.strip(), setting) for part in text.split(","))


def _server(text: str, setting: str) -> str:
    """One broker as `host:port`, with the usual port if it has none."""
    if "@" in text:
        raise UsageError(f"{setting}: give host:port alone. Who comes is told by username and password_file.")
    if "://" in text:
        raise UsageError(f"{setting}: give host:port, without a scheme before it.")
    found = _SERVER.fullmatch(text)
    if found is not None and 1 <= (port := int(found["port"] or _DEFAULT_PORT)) < 1 << 16:
        if found["v6"] is not None and _is_address(found["v6"]):
            return f"[{found['v6']}]:{port}"
        if found["host"] and _HOST.fullmatch(found["host"]):
            return f"{found['host']}:{port}"
    raise UsageError(f"{setting}: {text!r} is no broker: give host:port, with commas between.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_loopback(server: str) -> bool:
    host = server.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
