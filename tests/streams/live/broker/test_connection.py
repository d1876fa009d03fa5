"""Every client gets the same addresses, names, secrets and TLS, and no secret shows itself."""

import base64
import json
import logging
import ssl
import time
import traceback
from pathlib import Path
from typing import Any

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import OAuthAuthenticator, SaslPlainAuthenticator
from aiokafka.errors import AuthenticationFailedError
from aiokafka.protocol.admin import SaslAuthenticateRequest_v1
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list
from faust.utils.urls import urllist

from schemas.errors import UsageError
from streams.live.broker.connection import (
    client_arguments,
    connection,
    consumer_arguments,
    faust_settings,
    producer_arguments,
)
from streams.live.broker.credentials import Secret, TokenFile
from streams.settings.kafka_settings import KafkaSettings, Mechanism, Protocol
from tests.streams.live.broker.kafka_access import KINDS, PASSWORD, SCRAM, TLS, settings_of


@pytest.mark.parametrize("kind", KINDS)
def test_faust_comes_to_the_broker_as_every_other_client_does(kind: str, files: dict[str, Any]) -> None:
    way = connection(settings_of(kind, files), {})
    ours: dict[str, Any] = {**client_arguments(way, "x")}
    faust_side = faust_settings(way, "x")
    theirs = dict(credentials_to_aiokafka_auth(faust_side["broker_credentials"]))
    assert {name: value for name, value in theirs.items() if value is not None} == {
        name: value for name, value in ours.items() if name not in ("bootstrap_servers", "client_id")
    }
    assert faust_side["broker_client_id"] == ours["client_id"] == "lockstep-x"


def test_faust_takes_every_address(files: dict[str, Any]) -> None:
    way = connection(KafkaSettings(bootstrap_servers="a_b, k-1.example.org:1,[::1]:9093"), {})
    servers = server_list(urllist(faust_settings(way, "x")["broker"]), 1)
    assert servers == client_arguments(way, "x")["bootstrap_servers"]
    assert servers == ["a_b:9092", "k-1.example.org:1", "[::1]:9093"]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_every_client_takes_its_arguments(kind: str, files: dict[str, Any]) -> None:
    way = connection(settings_of(kind, files), {})
    AIOKafkaAdminClient(**client_arguments(way, "x"))
    producer = aiokafka.AIOKafkaProducer(**producer_arguments(way, "x"))
    consumer = aiokafka.AIOKafkaConsumer(**consumer_arguments(way, "x"))
    await producer.stop()
    await consumer.stop()


def test_without_the_sizes_of_the_settings_large_frames_would_not_pass() -> None:
    way = connection(KafkaSettings(max_request_bytes=7 << 20, max_fetch_bytes=3 << 20), {})
    assert producer_arguments(way, "x")["max_request_size"] == 7 << 20
    assert consumer_arguments(way, "x")["max_partition_fetch_bytes"] == 3 << 20
    assert faust_settings(way, "x")["producer_max_request_size"] == 7 << 20
    assert faust_settings(way, "x")["consumer_max_fetch_size"] == 3 << 20


def test_tls_verifies_the_broker_and_the_name_of_its_host() -> None:
    way = connection(KafkaSettings(security_protocol=Protocol.SSL), {})
    assert way.tls is not None
    assert way.tls.check_hostname
    assert way.tls.verify_mode is ssl.CERT_REQUIRED
    assert way.tls.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("kind", [kind for kind in KINDS if " " in kind])
def test_a_secret_is_in_no_text_of_what_holds_it(kind: str, files: dict[str, Any]) -> None:
    way = connection(settings_of(kind, files), {})
    faust_side = faust_settings(way, "x")
    texts = [
        repr(way),
        str(way),
        repr(way.settings),
        repr(client_arguments(way, "x")),
        f"{producer_arguments(way, 'x')}",
    ]
    texts += [repr(faust_side), repr(vars(faust_side["broker_credentials"]))]
    assert not [text for text in texts if PASSWORD in text or "abc.def" in text]


def test_a_secret_shows_itself_to_clients_alone() -> None:
    secret = Secret(PASSWORD)
    assert f"{secret} {secret!r} {secret:>20} {[secret]}" == "<secret> <secret> <secret> [<secret>]"
    assert "%s %r" % (secret, secret) == "<secret> <secret>"  # noqa: UP031 - as logging formats
    assert secret.encode() == PASSWORD.encode()
    assert type(secret.reveal()) is str
    assert secret.reveal() == PASSWORD
    assert sent_as_password(secret) == f"worker\0worker\0{PASSWORD}".encode()


def test_the_request_that_carries_a_password_is_not_logged(
    caplog: pytest.LogCaptureFixture, files: dict[str, Any]
) -> None:
    client_arguments(connection(settings_of("sasl_ssl PLAIN", files), {}), "x")
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("aiokafka.conn")
    # as aiokafka.conn writes them
    request = SaslAuthenticateRequest_v1(f"\0worker\0{PASSWORD}".encode())
    assert PASSWORD in str(request)
    log.debug("Request to %s:%d %d: %s", "host", 9092, 1, request)
    log.debug("Request to %s:%d %d: %s", "host", 9092, 2, "a fetch")
    log.debug("Closing connection")
    assert PASSWORD not in caplog.text
    assert "a fetch" in caplog.text
    assert "Closing connection" in caplog.text


def test_the_environment_goes_before_the_file(files: dict[str, Any]) -> None:
    settings = settings_of("sasl_ssl SCRAM-SHA-256", files)
    for environ, password in (
        ({}, PASSWORD),
        ({"LOCKSTEP_KAFKA_PASSWORD": ""}, PASSWORD),
        ({"LOCKSTEP_KAFKA_PASSWORD": "other"}, "other"),
    ):
        found = connection(settings, environ).password
        assert found is not None
        assert found.encode() == password.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file"),
        (b"", "should hold one line"),
        (b"\n", "should hold one line"),
        (b"correct-horse\nmore\n", "should hold one line"),
        (b"correct\0horse", "should hold one line"),
        (b"correct-horse" * 10_000, "should hold one line"),
        (b"correct-horse\xff", "is not UTF-8"),
    ],
)
def test_a_file_without_a_password_is_named_without_its_content(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    settings = KafkaSettings(security_protocol=Protocol.SASL_SSL, password_file=str(path), **SCRAM)
    with pytest.raises(UsageError, match=f"password_file: .*{reason}") as caught:
        connection(settings, {})
    assert "correct" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_password_is_reported() -> None:
    with pytest.raises(UsageError, match="SCRAM-SHA-512 needs a password"):
        connection(KafkaSettings(security_protocol=Protocol.SASL_SSL, **SCRAM), {})
    with pytest.raises(UsageError, match="LOCKSTEP_KAFKA_PASSWORD: holds characters") as caught:
        connection(
            KafkaSettings(security_protocol=Protocol.SASL_SSL, **SCRAM),
            {"LOCKSTEP_KAFKA_PASSWORD": "pass\nword"},
        )
    assert "pass\n" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_token_is_read_again_each_time(files: dict[str, Any]) -> None:
    way = connection(settings_of("sasl_ssl OAUTHBEARER", files), {})
    assert await sent_by(way.token) == b"n,,\x01auth=Bearer abc.def-1\x01\x01"
    Path(files["oauth_token_file"]).write_text("renewed==")
    assert await sent_by(way.token) == b"n,,\x01auth=Bearer renewed==\x01\x01"


def web_token(**claims: Any) -> str:
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, claims)
    )
    return f"{head}.{body}."


@pytest.mark.parametrize("claims", [{"exp": 4e9}, {"exp": "just now"}, {"sub": "worker"}, {"exp": "soon"}])
def test_a_token_that_may_still_hold_is_sent(claims: dict[str, Any], tmp_path: Path) -> None:
    if claims.get("exp") == "just now":
        claims = {"exp": time.time() - 5}
    (tmp_path / "token").write_text(web_token(**claims))
    assert TokenFile(str(tmp_path / "token")).read().reveal() == web_token(**claims)


def test_a_token_that_has_expired_is_reported(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(web_token(exp=1_700_000_000, sub="worker"))
    with pytest.raises(UsageError, match=r"token in .*token has expired"):
        TokenFile(str(tmp_path / "token")).read()


async def sent_by(token: TokenFile | None) -> bytes:
    """What aiokafka sends to the broker for it."""
    sent, _ = await OAuthAuthenticator(sasl_oauth_token_provider=token).step(None)
    return bytes(sent)


def sent_as_password(password: Secret | None) -> bytes:
    """What aiokafka sends to the broker for it with PLAIN."""
    authenticator = SaslPlainAuthenticator(
        loop=None, sasl_plain_username="worker", sasl_plain_password=password
    )
    sent, _ = authenticator._step(None)
    return bytes(sent)


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [None, b"", b"two words", b"a\x01auth=b", b"bearer\xff"])
async def test_a_token_that_is_none_is_a_fault_of_the_attempt(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="oauth_token_file"):
        connection(
            KafkaSettings(
                security_protocol=Protocol.SASL_SSL,
                sasl_mechanism=Mechanism.OAUTHBEARER,
                oauth_token_file=str(path),
            ),
            {},
        )
    with pytest.raises(AuthenticationFailedError, match="oauth_token_file") as caught:
        await TokenFile(str(path)).token()
    said = "".join(traceback.format_exception(caught.value))
    assert not any(part in said for part in ("two words", "auth=b", "bearer\\xff"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"ca_file": "none.pem"}, "ca_file: none.pem cannot be used: No such file"),
        ({"ca_file": str(TLS / "README.md")}, r"ca_file: .*README.md cannot be used: "),
        ({"cert_file": "none.pem"}, "cert_file: none.pem and the key in it cannot be used: No such file"),
        (
            {"cert_file": str(TLS / "certificate.pem"), "key_file": str(TLS / "key.pem")},
            "key_file: the key is encrypted",
        ),
    ],
)
def test_certificates_that_cannot_be_used_are_reported(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        connection(KafkaSettings(security_protocol=Protocol.SSL, **given), {})
