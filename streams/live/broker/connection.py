"""Access to the broker: addresses, names, secrets and TLS for every Kafka client.

A command makes one `Connection` from the settings `[kafka]` when it starts. It reads secrets then; a token is read
again for each new connection to a broker. All clients take their keyword arguments from it, and Faust its settings, so
all of them connect in the same way.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from schemas.errors import UsageError
from streams.live.broker.credentials import Secret, TokenFile, keep_secrets_out_of_logs, password_of
from streams.live.broker.metadata import pause_between_failures
from streams.settings.kafka_settings import KafkaSettings, Mechanism

pause_between_failures()  # every client takes its arguments from here


@dataclass(frozen=True, slots=True)
class Connection:
    """The brokers, the user, and how clients prove who they are."""

    settings: KafkaSettings
    password: Secret | None
    token: TokenFile | None
    tls: ssl.SSLContext | None
    """Verifies certificates and host names; None: not encrypted."""


class ClientArguments(TypedDict):
    """Arguments of `AIOKafkaConsumer`, `AIOKafkaProducer` and `AIOKafkaAdminClient`."""

    bootstrap_servers: list[str]
    client_id: str
    security_protocol: str
    ssl_context: NotRequired[ssl.SSLContext]
    sasl_mechanism: NotRequired[str]
    sasl_plain_username: NotRequired[str]
    sasl_plain_password: NotRequired[Secret]
    sasl_oauth_token_provider: NotRequired[TokenFile]


class ConsumerArguments(ClientArguments):
    """Arguments of every consumer."""

    max_partition_fetch_bytes: int
    fetch_max_wait_ms: int
    enable_auto_commit: bool


class ProducerArguments(ClientArguments):
    """Arguments of every producer."""

    max_request_size: int
    enable_idempotence: bool


def connection(settings: KafkaSettings, environ: Mapping[str, str] = os.environ) -> Connection:
    """Read the secrets and certificates that the settings name.

    Raises:
        UsageError: one of them is missing or cannot be used.
    """
    password = token = None
    if settings.sasl_mechanism is Mechanism.OAUTHBEARER:
        token = TokenFile(settings.oauth_token_file or "")
        token.read()
    elif settings.sasl_mechanism is not None:
        password = password_of(settings, environ)
    return Connection(
        settings, password, token, _tls(settings) if settings.security_protocol.encrypted else None
    )


def client_arguments(connection: Connection, client: str) -> ClientArguments:
    """Keyword arguments of any client. `client` says what it is for, and becomes part of its name at the broker."""
    keep_secrets_out_of_logs()
    settings = connection.settings
    arguments = ClientArguments(
        bootstrap_servers=list(settings.servers),
        client_id=f"{settings.client_id}-{client}",
        security_protocol=settings.security_protocol.value.upper(),
    )
    if connection.tls is not None:
        arguments["ssl_context"] = connection.tls
    if settings.sasl_mechanism is not None:
        arguments["sasl_mechanism"] = settings.sasl_mechanism.value
    if settings.username is not None:
        arguments["sasl_plain_username"] = settings.username
    if connection.password is not None:
        arguments["sasl_plain_password"] = connection.password
    if connection.token is not None:
        arguments["sasl_oauth_token_provider"] = connection.token
    return arguments


def consumer_arguments(connection: Connection, client: str, fetch_wait_ms: int = 500) -> ConsumerArguments:
    """Keyword arguments of a consumer. It commits only when asked to.

    Args:
        connection: to the brokers.
        client: what it is for.
        fetch_wait_ms: how long a broker may wait for messages. A broker answers the requests of a connection one after
            another, so a consumer that also asks for ends or commits of partitions waits as long for those answers.
    """
    return ConsumerArguments(
        **client_arguments(connection, client),
        max_partition_fetch_bytes=connection.settings.max_fetch_bytes,
        fetch_max_wait_ms=fetch_wait_ms,
        enable_auto_commit=False,
    )


def producer_arguments(connection: Connection, client: str) -> ProducerArguments:
    """Keyword arguments of a producer. It waits for all replicas in sync, and its retries write no record twice."""
    return ProducerArguments(
        **client_arguments(connection, client),
        max_request_size=connection.settings.max_request_bytes,
        enable_idempotence=True,
    )


def faust_settings(connection: Connection, client: str) -> dict[str, Any]:
    """Settings of a Faust app that concern the broker.

    Faust creates no topics. `lockstep topics create` does, with credentials that a worker need not have.
    """
    import faust  # noqa: PLC0415 - loading it takes a second, which other commands need not wait for

    keep_secrets_out_of_logs()
    settings = connection.settings
    credentials: faust.auth.Credentials | None = None
    if connection.token is not None:
        credentials = faust.OAuthCredentials(oauth_cb=connection.token, ssl_context=connection.tls)
    elif settings.sasl_mechanism is not None:
        credentials = faust.SASLCredentials(
            username=settings.username,
            password=connection.password,
            ssl_context=connection.tls,
            mechanism=settings.sasl_mechanism.value,
        )
    elif connection.tls is not None:
        credentials = faust.SSLCredentials(connection.tls)
    return {
        "broker": [f"aiokafka://{server}" for server in settings.servers],
        "broker_credentials": credentials,
        "broker_client_id": f"{settings.client_id}-{client}",
        "producer_max_request_size": settings.max_request_bytes,
        "consumer_max_fetch_size": settings.max_fetch_bytes,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
    }


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    # the default context requires a certificate that names the host, and TLS 1.2 or later
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=settings.ca_file)
    except OSError as error:
        raise UsageError(f"kafka.ca_file: {settings.ca_file} cannot be used: {_reason(error)}.") from error
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file, _no_passphrase)
        except OSError as error:
            files = f"{settings.cert_file} and {settings.key_file or 'the key in it'}"
            raise UsageError(f"kafka.cert_file: {files} cannot be used: {_reason(error)}.") from error
    return context


def _no_passphrase() -> str:
    # without this, the ssl module would ask at the terminal, and a service would hang
    raise UsageError(
        "kafka.key_file: the key is encrypted. Give one that is not, and that only the service can read."
    )


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)
