"""A broker that cannot be reached, or is none, is named with what to check."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import TopicAuthorizationFailedError

from streams.live.broker.broker_check import BrokerError, broker_error, check_broker
from streams.live.broker.connection import (
    connection,
)
from streams.settings.kafka_settings import KafkaSettings, Protocol
from tests.streams.live.broker.kafka_access import TLS, settings_of

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def said_of(
    answer: Answer, patience_s: float = 5.0, tls: ssl.SSLContext | None = None, **given: Any
) -> str:
    """What is said of a server on this machine that answers so."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}", **given)
        with pytest.raises(BrokerError) as caught:
            await check_broker(connection(settings, {}), patience_s)
        assert f"127.0.0.1:{port} " in str(caught.value)
        return str(caught.value)


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


async def speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


async def answers_with_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write((16).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"\xff" * 12)
    await writer.drain()
    await reader.read()
    writer.close()


async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", [Protocol.PLAINTEXT, Protocol.SSL])
@pytest.mark.parametrize("answer", [hangs_up, speaks_http, answers_with_nonsense, is_silent])
async def test_a_server_that_is_no_such_broker_is_reported_with_what_to_check(
    answer: Answer, protocol: Protocol, recwarn: pytest.WarningsRecorder
) -> None:
    patience_s = 0.2 if answer in (is_silent, answers_with_nonsense) else 5.0
    said = await said_of(answer, patience_s, security_protocol=protocol)
    assert "kafka.security_protocol, now " + protocol.value in said or "is not a Kafka broker" in said
    assert not recwarn.list


@pytest.mark.asyncio
async def test_a_certificate_for_another_host_is_refused() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem", "elsewhere")
    trusted = await said_of(
        hangs_up, tls=tls, security_protocol=Protocol.SSL, ca_file=str(TLS / "certificate.pem")
    )
    assert "certificate that cannot be trusted: IP address mismatch" in trusted
    unknown = await said_of(hangs_up, tls=tls, security_protocol=Protocol.SSL)
    assert "certificate that cannot be trusted: self" in unknown
    assert "kafka.ca_file" in unknown


@pytest.mark.asyncio
async def test_every_broker_that_fails_is_named_with_its_reason(unused_tcp_port: int) -> None:
    servers = f"127.0.0.1:{unused_tcp_port},localhost:{unused_tcp_port},no-such-host.invalid:9092"
    with pytest.raises(BrokerError) as caught:
        await check_broker(connection(KafkaSettings(bootstrap_servers=servers), {}))
    said = str(caught.value)
    assert f"127.0.0.1:{unused_tcp_port} cannot be reached: nothing answers there" in said
    assert f"localhost:{unused_tcp_port} cannot be reached" in said
    assert "no-such-host.invalid:9092 is unknown: no address for this name" in said


def test_a_request_that_is_not_allowed_is_reported_with_the_user(files: dict[str, Any]) -> None:
    way = connection(settings_of("sasl_ssl PLAIN", files), {})
    error = broker_error(TopicAuthorizationFailedError(), way, "making topics")
    assert str(error).startswith("Kafka: making topics: 127.0.0.1:9092 does not allow this to user worker.")
