"""What a worker serves: metrics, alive, ready."""

import asyncio
import socket
from collections.abc import Iterator

import aiohttp
import pytest

from detectors.config import DetectionConfig
from schemas.errors import UsageError
from streams.live.service.web import Web, listen
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import WorkerSettings


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = listen(WorkerSettings(web_port=port))
    assert found is not None
    with found:
        yield found


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry("lockstep.", DetectionConfig())


async def ask(telemetry: Telemetry, server: socket.socket, *paths: str) -> list[tuple[int, str]]:
    web = Web(telemetry, server)
    await web.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.getsockname()[1]}") as client:
            answers = []
            for path in paths:
                async with client.get(path) as answer:
                    answers.append((answer.status, await answer.text()))
            return answers
    finally:
        await web.stop()


def test_given_a_worker_that_has_just_started_then_it_is_alive_and_not_ready(
    telemetry: Telemetry, server: socket.socket
) -> None:
    live, ready, metrics, other = asyncio.run(
        ask(telemetry, server, "/health/live", "/health/ready", "/metrics", "/elsewhere")
    )
    assert live == (200, "alive\n")
    assert ready == (503, "partitions have not been assigned yet\nwhere detection runs is not known yet\n")
    assert 'lockstep_worker_ready{prefix="lockstep."} 0.0\n' in metrics[1]
    assert "process_resident_memory_bytes" in metrics[1]
    assert other[0] == 404


def test_given_a_worker_with_its_share_and_without_detection_then_it_is_ready(
    telemetry: Telemetry, server: socket.socket
) -> None:
    telemetry.count_assignment()
    telemetry.set_reading_posts()
    telemetry.set_detection_here(False)
    ready, metrics = asyncio.run(ask(telemetry, server, "/health/ready", "/metrics"))
    assert ready == (200, "ready\n")
    assert 'lockstep_worker_ready{prefix="lockstep."} 1.0\n' in metrics[1]


def test_given_a_part_that_failed_then_it_is_neither(telemetry: Telemetry, server: socket.socket) -> None:
    telemetry.count_assignment()
    telemetry.set_reading_posts()
    telemetry.set_detection_here(False)
    telemetry.health.failed = "ingest failed"
    live, ready = asyncio.run(ask(telemetry, server, "/health/live", "/health/ready"))
    assert live == ready == (503, "ingest failed\n")


def test_given_a_port_that_is_taken_when_listening_then_it_says_what_to_do(server: socket.socket) -> None:
    port = server.getsockname()[1]
    with pytest.raises(UsageError, match=f"127.0.0.1:{port}.*--web-port"):
        listen(WorkerSettings(web_port=port))


def test_given_a_host_that_is_none_of_this_machine_when_listening_then_it_says_so() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1:9464"):
        listen(WorkerSettings(web_host="192.0.2.1", web_port=9464))


def test_given_no_port_then_nothing_is_served() -> None:
    assert listen(WorkerSettings()) is None
