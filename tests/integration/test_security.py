"""The way to a broker that asks who comes, and the rights of each role as docs/operations/security.md gives them."""

import asyncio
import base64
import itertools
import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.admin import CreateAclsRequest, DescribeAclsRequest

from schemas.service.topic import Role
from schemas.service.topics import DEFAULT_PREFIX, POSTS, TOPICS
from streams.live.broker.broker_check import BrokerError, check_broker
from streams.live.broker.connection import (
    Connection,
    client_arguments,
    connection,
    consumer_arguments,
    faust_settings,
    producer_arguments,
)
from streams.live.broker.topic_admin import check_topics, create_topics
from streams.settings.kafka_settings import KafkaSettings, Mechanism, Protocol

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "security.md"
ROLES = {
    "lockstep-collector": Role.COLLECTOR,
    "lockstep-worker": Role.WORKER,
    "case-tool": Role.CONSUMER,
}
SETUP = "lockstep-setup"

# numbers of Kafka's protocol
RESOURCES = {"--topic": 2, "--group": 3}
PATTERNS = {"literal": 3, "prefixed": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
ALLOW = 3
ANY = 1


def way(broker: Any, user: str, **changes: Any) -> Connection:
    """The way of a user to a broker of `broker_factory`."""
    given: dict[str, Any] = {
        "bootstrap_servers": broker.bootstrap,
        "security_protocol": Protocol.SASL_SSL,
        "sasl_mechanism": Mechanism.PLAIN,  # the cheapest: no hash is computed thousands of times
        "username": user,
        "ca_file": str(broker.ca_file),
    }
    settings = KafkaSettings(**{k: v for k, v in {**given, **changes}.items() if v is not None})
    return connection(settings, {"LOCKSTEP_KAFKA_PASSWORD": broker.users.get(user, "wrong")})


def web_token(user: str, life_s: float) -> str:
    """A token without a signature, such as the broker of these tests takes."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": user, "iat": now - 3_600, "exp": now + life_s})
    head, claims = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    return f"{head}.{claims}."


async def said(connection: Connection) -> str:
    with pytest.raises(BrokerError) as caught:
        await check_broker(connection)
    return str(caught.value)


@pytest.mark.asyncio
async def test_every_mechanism_accepts_the_right_user_and_no_other(
    broker_factory: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broker = await asyncio.to_thread(broker_factory, sasl_tls=True)
    token = tmp_path / "token"
    token.write_text(web_token("admin", 3_600))
    ways: dict[Mechanism, Connection] = {
        mechanism: way(broker, "admin", sasl_mechanism=mechanism)
        for mechanism in Mechanism
        if mechanism is not Mechanism.OAUTHBEARER
    }
    by_token = {"sasl_mechanism": Mechanism.OAUTHBEARER, "username": None, "oauth_token_file": str(token)}
    ways[Mechanism.OAUTHBEARER] = way(broker, "admin", **by_token)
    await create_topics(ways[Mechanism.PLAIN], DEFAULT_PREFIX)
    for mechanism, admin in ways.items():
        await check_broker(admin)
        await comes_through_faust(admin, mechanism.value)

    for mechanism in Mechanism:
        if mechanism is not Mechanism.OAUTHBEARER:
            refused = await said(way(broker, "nobody", sasl_mechanism=mechanism))
            assert "does not let user nobody in. Check kafka.username and the password." in refused
    # expired, but not for so long that it is not sent
    token.write_text(web_token("admin", -5))
    assert "does not let this client in. The token may have expired" in await said(
        ways[Mechanism.OAUTHBEARER]
    )

    plain = {"security_protocol": Protocol.PLAINTEXT, "sasl_mechanism": None, "username": None}
    assert "closed the connection" in await said(way(broker, "admin", ca_file=None, **plain))
    assert "certificate that cannot be trusted" in await said(way(broker, "admin", ca_file=None))

    assert "SaslHandShake" in caplog.text  # what goes over the wire was logged
    secrets = [*broker.users.values(), web_token("admin", 3_600).split(".")[1][:40]]
    secrets += [base64.b64encode(secret.encode()).decode() for secret in broker.users.values()]
    assert not [record for record in caplog.messages if any(secret in record for secret in secrets)]


async def comes_through_faust(admin: Connection, text: str) -> None:
    """Send a message with Faust's producer and read it with a consumer of ours."""
    app = faust.App("lockstep.test", **faust_settings(admin, "test"))
    producer = app.producer
    topic = POSTS.full_name(DEFAULT_PREFIX)
    await producer.start()
    try:
        sent = await producer.send_and_wait(topic, b"key", text.encode(), 0, None, None)
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(**consumer_arguments(admin, "test"))
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek(partition, sent.offset)
        async with asyncio.timeout(30):
            assert (await consumer.getone()).value == text.encode()
    finally:
        await consumer.stop()


def rights_of_the_page(folder: Path) -> list[dict[str, Any]]:
    """What the commands on the page give: they are run, with a stand-in for Kafka's program."""
    program = folder / "kafka-acls.sh"
    program.write_text('#!/bin/sh\necho "$*"\n')
    program.chmod(0o755)
    (block,) = re.findall(r"```\n(acls\(\).*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        ["sh", "-euc", block],
        env={"PATH": f"{folder}:{os.defpath}"},
        check=True,
        capture_output=True,
        text=True,
    )
    rights = []
    for line in done.stdout.splitlines():
        words = line.split()
        options = list(itertools.pairwise(words))
        assert "--add" in words
        ((resource, name),) = [option for option in options if option[0] in RESOURCES]
        rights.append(
            {
                "principal": dict(options)["--allow-principal"],
                "resource": RESOURCES[resource],
                "name": name,
                "pattern": PATTERNS[dict(options).get("--resource-pattern-type", "literal")],
                "operations": [OPERATIONS[value] for option, value in options if option == "--operation"],
            }
        )
    return rights


async def give(admin: Connection, rights: list[dict[str, Any]]) -> None:
    client = AIOKafkaAdminClient(**client_arguments(admin, "acls"))
    await client.start()
    try:
        for right in rights:
            for operation in right["operations"]:
                answer = await client._send_request(
                    CreateAclsRequest(
                        right["resource"],
                        right["name"],
                        right["pattern"],
                        right["principal"],
                        "*",
                        operation,
                        ALLOW,
                    )
                )
                assert [response[0] for response in answer.creation_responses] == [0]
        # The controller has them now. The broker that answers clients learns them a moment later.
        wanted = sum(len(right["operations"]) for right in rights)
        async with asyncio.timeout(30):
            while await count_rights(client) < wanted:
                await asyncio.sleep(0.05)
    finally:
        await client.close()


async def count_rights(client: AIOKafkaAdminClient) -> int:
    """Count of the rights that the broker applies, of anyone to anything."""
    answer = await client._send_request(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
    assert answer.error_code == 0
    return sum(len(resource[-1]) for resource in answer.resources)


async def may_write(someone: Connection, topic: str) -> bool:
    producer = AIOKafkaProducer(**producer_arguments(someone, "test"))
    try:
        # who may write nowhere is refused here already
        await producer.start()
        await producer.send_and_wait(topic, b"value", key=b"key", partition=0)
    except (ClusterAuthorizationFailedError, TopicAuthorizationFailedError):
        return False
    finally:
        await producer.stop()
    return True


async def may_read(someone: Connection, topic: str) -> bool:
    """Whether a message of the topic, which has one, is given."""
    consumer = AIOKafkaConsumer(**consumer_arguments(someone, "test"), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(30):
            # a consumer waits for ever for a topic that it may not see
            while topic not in consumer._client.cluster.unauthorized_topics:
                for messages in (await consumer.getmany(timeout_ms=100)).values():
                    return {bytes(message.value) for message in messages} == {b"value"}
        return False
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()


async def may_join(someone: Connection, group: str) -> bool:
    consumer = AIOKafkaConsumer(**consumer_arguments(someone, "test"), group_id=group)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(POSTS.full_name(DEFAULT_PREFIX), 0)])
        await consumer.committed(TopicPartition(POSTS.full_name(DEFAULT_PREFIX), 0))
    except GroupAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()
    return True


@pytest.mark.asyncio
async def test_each_role_may_do_what_the_page_gives_it_and_no_more(
    broker_factory: Callable[..., Any], tmp_path: Path
) -> None:
    broker = await asyncio.to_thread(broker_factory, sasl_tls=True, acls=True, users=(SETUP, *ROLES))
    admin, setup = way(broker, "admin"), way(broker, SETUP)

    # without rights: a sentence says so, and nothing is created
    with pytest.raises(BrokerError, match=f"does not allow this to user {SETUP}"):
        await create_topics(setup, DEFAULT_PREFIX)
    assert not any(topic.exists for topic in await check_topics(admin, DEFAULT_PREFIX))

    await give(admin, rights_of_the_page(tmp_path))
    assert all(topic.created for topic in await create_topics(setup, DEFAULT_PREFIX))
    assert all(topic.as_wanted for topic in await check_topics(setup, DEFAULT_PREFIX))
    with pytest.raises(BrokerError, match="does not allow this"):
        await create_topics(setup, "other.")
    assert not await may_write(setup, POSTS.full_name(DEFAULT_PREFIX))

    for topic in TOPICS:
        assert await may_write(admin, topic.full_name(DEFAULT_PREFIX))
    for user, role in ROLES.items():
        someone = way(broker, user)
        with pytest.raises(BrokerError, match="does not allow this"):
            await create_topics(someone, "other.")
        names = [topic.full_name(DEFAULT_PREFIX) for topic in TOPICS]
        writes = await asyncio.gather(*(may_write(someone, name) for name in names))
        reads = await asyncio.gather(*(may_read(someone, name) for name in names))
        may = {topic.name: both for topic, *both in zip(TOPICS, writes, reads, strict=True)}
        assert may == {topic.name: [role in topic.writers, role in topic.readers] for topic in TOPICS}, user
    assert await may_join(way(broker, "lockstep-worker"), f"{DEFAULT_PREFIX}ingest")
    assert not await may_join(way(broker, "lockstep-worker"), "lockstep-replay.r1.ingest")
    assert not await may_join(way(broker, "lockstep-collector"), f"{DEFAULT_PREFIX}ingest")
