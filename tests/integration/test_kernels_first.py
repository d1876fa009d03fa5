"""A worker compiles what is missing before it joins, says how far it is, and is not ready meanwhile."""

import http.client
import inspect
import json
import shutil
import time
from pathlib import Path

import pytest
from numba.core.caching import _CacheLocator

from streams.kernels.kernel_list import listed_kernels
from streams.settings.settings import WorkerSettings
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import LIMIT_S, Watcher, Worker
from tests.integration.prometheus_server import free_ports
from tests.integration.worlds import World

MISSING = "duplicates"
"""A module whose kernels compile within seconds."""
FIRST_ALERT_S = 60.0
"""From the start of `lockstep publish` to the first alert, seconds."""


def kept_without(module: str, folder: Path) -> int:
    """Copy the compiled kernels, without those of one module, to where NUMBA_CACHE_DIR is; count the missing ones."""
    kernels = listed_kernels()
    for path, kept in {
        (inspect.getfile(k.dispatcher.py_func), k.dispatcher._cache.cache_path) for k in kernels
    }:
        target = folder / _CacheLocator.get_suitable_cache_subpath(path)
        target.mkdir(parents=True, exist_ok=True)
        for file in Path(kept).glob(f"{Path(path).stem}.*.nb[ic]"):
            if Path(path).stem != module:
                shutil.copy2(file, target)
    return sum(kernel.module.endswith(f".{module}") for kernel in kernels)


def asked(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def until_it_waits_for(words: str, port: int, worker: Worker) -> None:
    end = time.monotonic() + LIMIT_S
    while words not in (said := asked(port, "/health/ready")[1]):
        assert worker.process.poll() is None and time.monotonic() < end, (said, worker.text())
        time.sleep(0.02)


@pytest.mark.asyncio
async def test_given_kernels_that_are_missing_then_a_worker_compiles_them_before_it_joins_and_none_later(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    missing = kept_without(MISSING, tmp_path / "kernels")
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    settle_s = WorkerSettings().settle_s  # the first alert waits for it
    service = service_of(diaspora_press, environment=environment, settle_s=settle_s)
    (port,) = free_ports(1)

    worker = service.start_worker("--web-port", str(port))
    until_it_waits_for("kernels are being compiled", port, worker)
    assert asked(port, "/health/live") == (200, "alive\n")
    until_it_waits_for("ready", port, worker)
    begun = time.monotonic()
    publisher = service.publish_at(diaspora_press.inputs[0], 1e9, *diaspora_press.references)
    async with Watcher(service) as watcher:
        while not await watcher.values("alerts.v1"):
            await watcher.look()
            assert time.monotonic() - begun < FIRST_ALERT_S, service.logs()
        assert publisher.wait() == 0
        await watcher.until_done()

    assert service.stop() == [0]
    events = [json.loads(line)["event"] for line in worker.text().splitlines()]
    said = [event for event in events if "kernel" in event]
    assert (
        said[0] == f"compiling kernels: 0 of {missing}"
        and said[-1] == f"compiling kernels: {missing} of {missing}"
    )
    assert events.index(said[-1]) < events.index("worker started")
    assert not [event for event in events if "late" in event]
