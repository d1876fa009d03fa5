"""The broker that other tests rely on: it keeps what it took, through restarts and deaths, and knows who comes."""

import asyncio
import base64
import json
import os
import signal
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiokafka
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from aiokafka.protocol.admin import CreateAclsRequest

from tests.integration.conftest import BrokerFactory
from tests.integration.kafka_broker import Broker, BrokerFailed, is_alive, shared_broker, wait_until


async def make_topic(name: str, partitions: int, copies: int = 1, **client: Any) -> None:
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, partitions, copies)])
        assert [error for _, error, _ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def produce(topic: str, values: range, **client: Any) -> None:
    async with AIOKafkaProducer(acks="all", **client) as producer:
        for sent in [await producer.send(topic, b"%d" % value, key=b"%d" % (value % 7)) for value in values]:
            await sent


async def consume(topic: str, count: int, group: str | None = None, **client: Any) -> list[int]:
    """As many values as asked, in order of size; commits, if there is a group."""
    values: list[int] = []
    async with (
        asyncio.timeout(60),
        AIOKafkaConsumer(
            topic, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, **client
        ) as consumer,
    ):
        while len(values) < count:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                values += [int(record.value) for record in records]
        if group:
            await consumer.commit()
    return sorted(values)


@pytest.mark.asyncio
async def test_what_is_produced_is_consumed_once_by_a_group(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "numbers"
    await make_topic(topic, 3, bootstrap_servers=kafka)
    await produce(topic, range(1000), bootstrap_servers=kafka)
    assert await consume(topic, 1000, "g", bootstrap_servers=kafka) == list(range(1000))
    await produce(topic, range(1000, 1010), bootstrap_servers=kafka)
    assert await consume(topic, 10, "g", bootstrap_servers=kafka) == list(range(1000, 1010))


@pytest.mark.asyncio
async def test_a_topic_that_does_not_exist_is_not_created_by_asking(kafka: str, topic_prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic_prefix + "absent"])
        assert described["error_code"] == UnknownTopicOrPartitionError.errno
        assert topic_prefix + "absent" not in await admin.list_topics()
    finally:
        await admin.close()


@pytest.mark.parametrize(
    "crash", [pytest.param(False, marks=pytest.mark.long), True], ids=["stopped", "killed"]
)
@pytest.mark.asyncio
async def test_a_restarted_broker_has_its_address_records_and_offsets(
    broker_factory: BrokerFactory, crash: bool
) -> None:
    broker = broker_factory()
    address = broker.bootstrap
    await make_topic("kept", 3, bootstrap_servers=address)
    await produce("kept", range(300), bootstrap_servers=address)
    await consume("kept", 300, "g", bootstrap_servers=address)
    if crash:
        broker.kill(1)
        assert broker.await_end() == 1
    else:
        broker.stop()
        assert broker.await_end() == 0
    broker.start()
    assert broker.bootstrap == address
    await produce("kept", range(300, 310), bootstrap_servers=address)
    assert await consume("kept", 10, "g", bootstrap_servers=address) == list(range(300, 310))
    assert await consume("kept", 310, bootstrap_servers=address) == list(range(310))


@pytest.mark.long
@pytest.mark.asyncio
async def test_of_three_nodes_one_may_die_and_come_back(broker_factory: BrokerFactory) -> None:
    broker = broker_factory(brokers=3)
    client = {"bootstrap_servers": broker.bootstrap}
    await make_topic("kept", 3, copies=3, **client)
    await produce("kept", range(100), **client)
    async with AIOKafkaConsumer("kept", **client) as consumer:
        cluster = consumer._client.cluster
        leader = cluster.leader_for_partition(TopicPartition("kept", 0))
    broker.kill(leader)
    await produce("kept", range(100, 200), **client)
    assert await consume("kept", 200, "g", **client) == list(range(200))
    broker.revive()
    others = [node["id"] for node in broker.answer["nodes"] if node["id"] != leader]
    await in_sync("kept", 3, **client)
    broker.kill(others[0])
    await produce("kept", range(200, 300), **client)
    assert await consume("kept", 100, "g", **client) == list(range(200, 300))


async def in_sync(topic: str, copies: int, **client: Any) -> None:
    """Wait until all copies of all partitions are up to date."""
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        async with asyncio.timeout(60):
            while True:
                (described,) = await admin.describe_topics([topic])
                if all(len(partition["isr"]) == copies for partition in described["partitions"]):
                    return
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """With TLS, SASL and ACLs; users `admin`, `collector` and `worker`."""
    options = ("--sasl-tls", "--acls", "--user=collector", "--user=worker")
    broker = Broker(tmp_path_factory.mktemp("guarded"), *options)
    try:
        yield broker.start()
    finally:
        broker.discard()


def client_of(broker: Broker, user: str, **changes: Any) -> dict[str, Any]:
    """Arguments of a client that comes as this user."""
    return {
        "bootstrap_servers": broker.bootstrap,
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(cafile=broker.ca_file),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": broker.users[user],
        **changes,
    }


class UnsignedToken(aiokafka.abc.AbstractTokenProvider):
    """The token of a user, as a broker for development takes it."""

    def __init__(self, user: str) -> None:
        now = int(time.time())
        parts: list[dict[str, Any]] = [{"alg": "none"}, {"sub": user, "iat": now, "exp": now + 600}]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        self._token = ".".join([*encoded, ""])

    async def token(self) -> str:
        return self._token


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN", "OAUTHBEARER"])
@pytest.mark.asyncio
async def test_who_proves_their_name_over_tls_is_let_in(guarded: Broker, mechanism: str) -> None:
    client = client_of(guarded, "admin", sasl_mechanism=mechanism)
    if mechanism == "OAUTHBEARER":
        client["sasl_oauth_token_provider"] = UnsignedToken("admin")
    await make_topic(f"by-{mechanism}", 1, **client)
    await produce(f"by-{mechanism}", range(10), **client)
    assert await consume(f"by-{mechanism}", 10, "g", **client) == list(range(10))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sasl_plain_password": "not-the-password"},
        {"sasl_plain_password": "not-the-password", "sasl_mechanism": "PLAIN"},
        {"sasl_plain_username": "nobody"},
        {"security_protocol": "PLAINTEXT"},
        {"security_protocol": "SSL"},
        {"security_protocol": "SASL_PLAINTEXT"},
        {"ssl_context": ssl.create_default_context()},
    ],
    ids=["password", "password-plain", "user", "plaintext", "no-name", "no-tls", "unknown-authority"],
)
@pytest.mark.asyncio
async def test_who_does_not_is_turned_away(guarded: Broker, wrong: dict[str, Any]) -> None:
    producer = AIOKafkaProducer(**client_of(guarded, "admin", **wrong), request_timeout_ms=5000)
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()


@pytest.mark.asyncio
async def test_a_certificate_names_the_address(guarded: Broker) -> None:
    port = int(guarded.bootstrap.rpartition(":")[2])
    context = ssl.create_default_context(cafile=guarded.ca_file)
    for name in ("127.0.0.1", "localhost"):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        writer.close()
    with pytest.raises(ssl.SSLCertVerificationError, match="elsewhere"):
        await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="elsewhere.example")


@pytest.mark.asyncio
async def test_a_user_may_do_what_was_allowed_and_no_more(guarded: Broker) -> None:
    admin, collector = client_of(guarded, "admin"), client_of(guarded, "collector")
    await make_topic("open.posts", 1, **admin)
    await make_topic("closed", 1, **admin)
    with pytest.raises(TopicAuthorizationFailedError):
        await produce("open.posts", range(1), **collector)
    await allow_writing("collector", "open.", **admin)
    await produce("open.posts", range(10), **collector)
    with pytest.raises(TopicAuthorizationFailedError):
        await produce("closed", range(1), **collector)
    with pytest.raises(TopicAuthorizationFailedError):
        await consume("open.posts", 10, **collector)
    assert await consume("open.posts", 10, **admin) == list(range(10))


async def allow_writing(user: str, prefix: str, **client: Any) -> None:
    """Let a user write to topics whose names begin so. Numbers: topic, prefixed, allow; write and describe."""
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        for operation in (4, 8):
            rule = CreateAclsRequest(2, prefix, 4, f"User:{user}", "*", operation, 3)
            answer = await admin._send_to_controller(rule)
            assert [error for error, _ in answer.creation_responses] == [0], answer
    finally:
        await admin.close()


def test_a_broker_ends_when_no_process_uses_it_any_more(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka").start()
    node = broker.node_process_id(1)
    broker.let_go()
    assert broker.await_end() == 0
    assert not is_alive(node)
    broker.discard()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nodes go on when their script is killed")
def test_a_node_does_not_outlive_its_script(broker_factory: BrokerFactory) -> None:
    broker = broker_factory()
    os.kill(broker.process_id, signal.SIGKILL)
    wait_until(lambda: not is_alive(broker.node_process_id(1)), "the node to end")
    broker.start()


def test_a_shared_broker_is_one_until_the_last_leaves(tmp_path: Path) -> None:
    with shared_broker(tmp_path) as first:
        pass
    with shared_broker(tmp_path) as second, shared_broker(tmp_path) as third:
        assert third == second
    assert len(list(tmp_path.glob("broker-*"))) == 2, first


def test_what_stops_a_broker_is_reported(broker_factory: BrokerFactory) -> None:
    broker = broker_factory()
    port = broker.bootstrap.rpartition(":")[2]
    refused(broker.folder.parent / "another", f"port {port} of 127.0.0.1 is in use", f"--port={port}")
    refused(broker.folder, "is in use by another broker")
    broker.stop()
    refused(broker.folder, "was made with --brokers 1, not 3", "--brokers=3")
    (broker.folder / "node-1" / "data" / "meta.properties").write_text("version=1\nnode.id=7\n")
    refused(broker.folder, r"(?s)ended while the cluster started.*server\.log")


def refused(folder: Path, reason: str, *options: str) -> None:
    """A start on this folder fails, and says why."""
    broker = Broker(folder, *options)
    with pytest.raises(BrokerFailed, match=reason):
        broker.start()
    broker.let_go()
