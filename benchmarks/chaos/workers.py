"""What an orchestrator does: a worker that has ended is started anew."""

import asyncio

from tests.integration.live_service import Service, Watcher, Worker

_LOOK_EVERY_S = 0.5


class ForgivingWatcher(Watcher):
    """Goes on when a worker ends."""

    async def _read(self) -> None:
        try:
            await super()._read()
        except AssertionError:
            await asyncio.sleep(_LOOK_EVERY_S)  # started anew meanwhile


async def replaced(service: Service, ports: dict[int, Worker], ended: list[str]) -> None:
    """Start workers anew that have ended by themselves, and note their last lines; until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        for number, worker in list(ports.items()):
            # one that is ended on purpose is no longer among the workers
            if worker in service.workers and worker.process.poll() is not None:
                ended.append(worker.text().splitlines()[-1])
                service.workers.remove(worker)
                ports[number] = service.start_worker("--web-port", str(number))
