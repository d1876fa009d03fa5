"""The whole service over TLS, with names and passwords, and with the rights of the documentation and no more."""

import json
from pathlib import Path

import pytest

from tests.integration.conftest import BrokerFactory, ServiceFactory
from tests.integration.live_service import Watcher, replayed
from tests.streams.small_world import small_world

pytestmark = pytest.mark.asyncio


async def test_given_a_broker_with_tls_and_scram_then_the_service_finds_the_same_and_tells_no_secret(
    service_of: ServiceFactory, broker_factory: BrokerFactory, tmp_path: Path
) -> None:
    broker = broker_factory(sasl_tls=True)
    password = broker.users["lockstep"]
    service = service_of(
        bootstrap=broker.bootstrap,
        kafka_settings=(
            'security_protocol = "sasl_ssl"\nsasl_mechanism = "SCRAM-SHA-512"\nusername = "lockstep"\n'
            f'ca_file = "{broker.ca_file}"'
        ),
        environment={"LOCKSTEP_KAFKA_PASSWORD": password},
    )
    world = tmp_path / "posts.jsonl"
    world.write_text("".join(json.dumps(post) + "\n" for post in small_world()))
    expected = replayed([world], tmp_path)
    said = service.lockstep("publish", world, "--end", "--no-progress")
    service.start_worker()

    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected
    assert password not in said + service.logs()
