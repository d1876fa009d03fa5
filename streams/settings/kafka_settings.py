"""The section `[kafka]`: the brokers, the user name, and how the connection is protected.

No secret is a setting, so printing the settings never prints a secret. Secrets come from files that the settings name,
or from the environment; `streams.live.broker.connection` reads them when it makes a connection.
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
"""Environment variable; if set, it replaces `kafka.bootstrap_servers`."""
PASSWORD_VARIABLE = "LOCKSTEP_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable
"""Environment variable; if set, it replaces the file named by `kafka.password_file`."""

_DEFAULT_PORT = 9092
_LEAST_REQUEST = max(topic.max_message_bytes for topic in TOPICS) + (64 << 10)
"""Bytes: the largest message of any topic, with room for what a request has around it."""
_SECRETS = re.compile(r"(?i).*(password|secret|token|jaas).*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_SERVER = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_CLIENT = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


class Protocol(StrEnum):
    """How the connection is protected: TLS encrypts it, SASL authenticates the client."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self in (Protocol.SSL, Protocol.SASL_SSL)

    @property
    def named(self) -> bool:
        """Whether the client logs in with SASL."""
        return self in (Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL)


class Mechanism(StrEnum):
    """How the client proves its identity with SASL."""

    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    PLAIN = "PLAIN"
    OAUTHBEARER = "OAUTHBEARER"


class KafkaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[kafka]`: the brokers, and how to connect to them."""

    bootstrap_servers: str = "127.0.0.1:9092"
    """Brokers to contact first, as `host:port`, separated by commas. They name the others."""
    topic_prefix: str = DEFAULT_PREFIX
    """Prefix of the name of every topic and consumer group; ends with a dot."""
    replication_factor: Annotated[int, Meta(ge=1, le=(1 << 15) - 1)] = 1
    """Copies of each partition that `lockstep topics create` requests. Use 3 if there are three brokers or more."""
    security_protocol: Protocol = Protocol.PLAINTEXT
    """`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`."""
    sasl_mechanism: Mechanism | None = None
    """`SCRAM-SHA-256`, `SCRAM-SHA-512`, `PLAIN` or `OAUTHBEARER`; only with a `sasl_` protocol."""
    username: str | None = None
    """User name; not with `OAUTHBEARER`, where the token holds it."""
    password_file: str | None = None
    """File that holds the password and nothing else."""
    oauth_token_file: str | None = None
    """File that holds the bearer token. It is read again for every new connection, so the token can be renewed in
    place."""
    ca_file: str | None = None
    """Certificates of the authorities that may sign a broker's certificate, PEM; absent: those of the system."""
    cert_file: str | None = None
    """The client's certificate, PEM, if brokers require one."""
    key_file: str | None = None
    """Private key of `cert_file`, PEM, not encrypted; absent: it is in `cert_file`."""
    client_id: str = "lockstep"
    """First part of the names under which the broker logs and limits these clients."""
    max_request_bytes: Annotated[int, Meta(ge=_LEAST_REQUEST, le=64 << 20)] = 5 << 20
    """Bytes of the largest request; more than the largest message of any topic."""
    max_fetch_bytes: Annotated[int, Meta(ge=64 << 10, le=64 << 20)] = 8 << 20
    """Most bytes fetched from a partition at a time."""

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
                raise UsageError(f"kafka.{field.name}: is empty. Leave it out.")
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
            raise UsageError("kafka.key_file: is given without cert_file. Name the certificate as well.")

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
                raise UsageError(f"kafka.{wrong[0]}: OAUTHBEARER sends a token and no name. Leave it out.")
        else:
            if self.username is None:
                raise UsageError(f"kafka.username: {mechanism.value} needs one.")
            if self.oauth_token_file is not None:
                raise UsageError(
                    "kafka.oauth_token_file: goes with sasl_mechanism OAUTHBEARER only. Leave it out."
                )
        # SCRAM proves a password without sending it; the others send the secret itself
        sends = mechanism in (Mechanism.PLAIN, Mechanism.OAUTHBEARER)
        if sends and not self.security_protocol.encrypted and not all(map(_is_loopback, self.servers)):
            raise UsageError(
                f"kafka.security_protocol: with {mechanism.value}, sasl_plaintext would send the secret where all on "
                "the network can read it. Set it to sasl_ssl."
            )


def kafka_section(section: Any, environ: Mapping[str, str]) -> Any:
    """The section, with `bootstrap_servers` from the environment variable `LOCKSTEP_KAFKA` if it is set.

    Raises:
        UsageError: the section holds a secret, which the message does not repeat; or the variable names no broker.
    """
    if not isinstance(section, dict):
        return section
    known = {field.name for field in msgspec.structs.fields(KafkaSettings)}
    for name in section:
        if name not in known and _SECRETS.match(name):
            raise UsageError(
                f"kafka.{name}: do not put a secret into the settings, which are printed and shared. Put a password "
                f"into a file and name it with password_file, or into the environment as {PASSWORD_VARIABLE}. Put a "
                "token into a file and name it with oauth_token_file."
            )
    if servers := environ.get(SERVERS_VARIABLE):
        return {**section, "bootstrap_servers": ",".join(_servers(servers, SERVERS_VARIABLE))}
    return section


def _servers(text: str, setting: str = "kafka.bootstrap_servers") -> tuple[str, ...]:
    return tuple(_server(part.strip(), setting) for part in text.split(","))


def _server(text: str, setting: str) -> str:
    """One broker as `host:port`, with Kafka's usual port if none is given."""
    if "@" in text:
        raise UsageError(f"{setting}: give host:port alone. The login goes into username and password_file.")
    if "://" in text:
        raise UsageError(f"{setting}: give host:port, without a scheme.")
    found = _SERVER.fullmatch(text)
    if found is not None and 1 <= (port := int(found["port"] or _DEFAULT_PORT)) < 1 << 16:
        if found["v6"] is not None and _is_address(found["v6"]):
            return f"[{found['v6']}]:{port}"
        if found["host"] and _HOST.fullmatch(found["host"]):
            return f"{found['host']}:{port}"
    raise UsageError(f"{setting}: {text!r} is no broker. Give host:port, several separated by commas.")


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
