"""The broker of the tests, and what keeps them apart on it.

`LOCKSTEP_KAFKA=host:port` names a broker that runs already; else one is started for the whole run. A broker that does
not start fails every test that wants it.
"""

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.integration.kafka_broker import Broker, shared_broker
from tests.integration.live_service import Service
from tests.integration.shared_work import folder_of_run
from tests.integration.worlds import World, simulated
from tests.long_runs import LONG


class BrokerFactory(Protocol):
    """Starts a cluster of a test's own."""

    def __call__(
        self, brokers: int = 1, *, sasl_tls: bool = False, acls: bool = False, users: tuple[str, ...] = ()
    ) -> Broker:
        """Options as of `deploy/kafka/broker.py`; returns when it answers."""


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a broker without protection, shared by all tests (and all workers of pytest-xdist)."""
    if given := os.environ.get("LOCKSTEP_KAFKA"):
        yield given
        return
    with shared_broker(folder_of_run(tmp_path_factory) / "kafka") as bootstrap:
        yield bootstrap


@pytest.fixture
def topic_prefix(kafka: str) -> Iterator[str]:
    """What the names of a test's topics begin with. Topics that do are deleted after it."""
    prefix = f"lockstep-test-{uuid.uuid4().hex[:12]}."
    yield prefix
    # A loop of its own: that of the test is closed by now.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_delete_topics(kafka, prefix))
    finally:
        loop.close()


@pytest.fixture
def broker_factory(tmp_path: Path) -> Iterator[BrokerFactory]:
    """Brokers of a test's own: to be restarted or killed, with three nodes, or with TLS and SASL."""
    started: list[Broker] = []

    def start(
        brokers: int = 1, *, sasl_tls: bool = False, acls: bool = False, users: tuple[str, ...] = ()
    ) -> Broker:
        options = [f"--brokers={brokers}", *(f"--user={user}" for user in users)]
        options += ["--sasl-tls"] * sasl_tls + ["--acls"] * acls
        started.append(Broker(tmp_path / f"kafka-{len(started)}", *options))
        return started[-1].start()

    yield start
    for broker in started:
        broker.discard()


async def _delete_topics(bootstrap: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()


class ServiceFactory(Protocol):
    """Makes a service on topics of the test's own, and ends what it started."""

    def __call__(self, world: World | None = None, **more: Any) -> Service:
        """More: as for `Service`."""


@pytest.fixture
def service_of(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[ServiceFactory]:
    """A service; its topics are made."""
    made: list[Service] = []

    def make(world: World | None = None, **more: Any) -> Service:
        settings = {"bootstrap": kafka, "prefix": topic_prefix, **more}
        settings.setdefault("detection_settings", world.settings if world is not None else "")
        service = Service(tmp_path / f"service-{len(made)}", **settings)
        made.append(service)
        service.make_topics()
        return service

    yield make
    for service in made:
        service.discard()


@pytest.fixture(scope="session")
def diaspora_press(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three obscure accounts among a few hundred; 3 thousand posts. The long form has 13 thousand."""
    folder = folder_of_run(tmp_path_factory) / "diaspora-press"
    return simulated("diaspora-press", folder, 2_000 if LONG else 500, 3, seed=11)


@pytest.fixture(scope="session")
def troll_farm(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Groups of a few dozen; 3 thousand posts. The long form has 10 thousand."""
    folder = folder_of_run(tmp_path_factory) / "troll-farm"
    return simulated("troll-farm", folder, *((1_500, 3) if LONG else (700, 2)), seed=11)
