"""`examples/read_alerts.py`, the consumer that users start from."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from schemas.alerts import Alert
from streams.live.exchange.result_producer import ResultProducer
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service
from tests.schemas.samples import FULL

pytestmark = pytest.mark.asyncio

SCRIPT = Path(__file__).parents[2] / "examples" / "read_alerts.py"


def read(service: Service) -> tuple[int, list[str], str]:
    """Exit status, lines, and what was said."""
    environment = {name: value for name, value in os.environ.items() if name != "LOCKSTEP_KAFKA"}
    command = [sys.executable, SCRIPT, "--config", service.config]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


async def test_given_revisions_and_repetitions_then_the_newest_of_each_network_is_shown_by_priority(
    service_of: ServiceFactory,
) -> None:
    service = service_of()
    status, lines, said = await asyncio.to_thread(read, service)
    assert (status, lines) == (0, [])
    assert "No alerts yet: no worker has said how far it is." in said
    sample = msgspec.structs.replace(FULL["alert"], successor_id=None)
    assert isinstance(sample, Alert)
    a1, a2, b1, c1 = ("a", 1, 20), ("a", 2, 30), ("b", 1, 90), ("c", 1, 99)
    alerts = [
        msgspec.structs.replace(
            sample, alert_id=f"alert-{network}-{revision}", network_id=f"net-{network}", revision=revision,
            priority=priority, headline=f"\x1b[2Jrevision {revision} of {network}",
        )
        for network, revision, priority in (a1, a2, b1, c1, a1, a2, a1)
    ]  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=service.bootstrap)
    await producer.start()
    try:
        await ResultProducer(producer, service.prefix).write_alerts(alerts, expired=["net-c"])
    finally:
        await producer.stop()
    status, lines, said = await asyncio.to_thread(read, service)
    assert (status, said) == (0, "")
    assert [line.split()[2] for line in lines] == ["net-b", "net-a"]
    assert lines[1].endswith("revision 2 of a")
    assert not any("\x1b" in line for line in lines)


async def test_given_no_topics_then_a_sentence_says_so(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    service = Service(tmp_path / "service", kafka, topic_prefix)
    status, lines, said = await asyncio.to_thread(read, service)
    assert (status, lines) == (1, [])
    assert "lockstep topics create" in said and "Traceback" not in said
