"""`lockstep notify --live` on a real broker: from the topic of alerts to a receiver, through kills and outages."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.alerts import Alert, Severity
from schemas.service.topics import ALERTS
from streams.live.exchange.result_producer import ResultProducer
from streams.live.notifying.following import notify_group
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import LIMIT_S, PROGRAM, Service
from tests.streams.notify.conftest import FakeReceiver, alert_of
from tests.streams.notify.conftest import server as server  # noqa: PLC0414 - the fixture

pytestmark = pytest.mark.asyncio


class Notifier:
    """One `lockstep notify --live`."""

    def __init__(self, service: Service) -> None:
        self.output = service.folder / f"notify-{len(list(service.folder.glob('notify-*')))}.log"
        environment = {name: value for name, value in os.environ.items() if name != "LOCKSTEP_KAFKA"}
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [PROGRAM, "notify", "--live", "--config", service.config],
                env=environment,
                stdout=file,
                stderr=file,
            )

    async def said(self, words: str) -> None:
        await until(lambda: words in self.output.read_text(), self.output.read_text)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


async def until(reached: Callable[[], bool], shown: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not reached():
            await asyncio.sleep(0.05)
    assert reached(), shown()


async def write(service: Service, *alerts: Alert) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=service.bootstrap)
    await producer.start()
    try:
        await ResultProducer(producer, service.prefix).write_alerts(list(alerts), expired=[])
    finally:
        await producer.stop()


async def behind(service: Service) -> int:
    """Alerts that the group has not settled."""
    topic = ALERTS.full_name(service.prefix)
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap, group_id=notify_group(service.prefix))
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(ALERTS.partitions)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        committed = [await consumer.committed(part) or 0 for part in parts]
        return sum(ends.values()) - sum(committed)
    finally:
        await consumer.stop()


async def test_given_alerts_then_the_new_ones_arrive_once_through_a_stop_a_kill_and_a_receiver_that_is_away(
    service_of: ServiceFactory, server: FakeReceiver
) -> None:
    service = service_of()
    (service.folder / "key").write_text("0123456789abcdef-key")
    with service.config.open("a") as file:
        file.write(
            f"\n[notify]\nstate_file = '{service.folder}/notify.sqlite'\n"
            f"dead_letters = '{service.folder}/dead.jsonl'\nfirst_wait_s = 0.2\nlongest_wait_s = 0.5\n"
            f"[notify.receivers.desk]\nurl = '{server.url}'\nsecret_file = '{service.folder}/key'\n"
            "allow_private = true\nper_minute = 6000\n"
        )
    await write(service, alert_of("old"))  # before the first start: no news

    notifier = Notifier(service)
    await notifier.said("following alerts")
    await write(
        service,
        alert_of("a", 1),
        alert_of("a", 2),
        alert_of("quiet", 1, Severity.INFO),
        alert_of("replayed", mode="replay"),
        alert_of("b", 1),
    )
    await until(lambda: len(server.got) >= 2, lambda: server.got)
    assert notifier.end(signal.SIGTERM) == 0, notifier.output.read_text()
    assert await behind(service) == 0

    # while it is away, alerts wait on the topic; the receiver is away as well when it comes back
    await write(service, alert_of("c", 1), alert_of("a", 3, Severity.CRITICAL))
    server.answers = [lambda: web.Response(status=503)]
    notifier = Notifier(service)
    await until(lambda: len(server.got) >= 4, lambda: server.got)
    assert notifier.end(signal.SIGKILL) == -signal.SIGKILL
    assert await behind(service) > 0  # nothing that was not delivered counts as done

    (service.folder / "notify.sqlite").unlink()  # even the state is lost
    server.answers = [web.Response]
    notifier = Notifier(service)
    await until(
        lambda: {"desk/c-1", "desk/a-3"} <= {got.headers["Lockstep-Id"] for got in server.got[4:]},
        lambda: [got.headers["Lockstep-Id"] for got in server.got],
    )
    assert notifier.end(signal.SIGINT) == 0, notifier.output.read_text()
    assert await behind(service) == 0
    ids = [got.headers["Lockstep-Id"] for got in server.got]
    assert sorted(ids[:2]) == ["desk/a-1", "desk/b-1"]
    assert set(ids) == {"desk/a-1", "desk/b-1", "desk/c-1", "desk/a-3"}
    assert not (service.folder / "dead.jsonl").exists()

    # a receiver that is gone from the settings holds nothing up
    server.answers = [lambda: web.Response(status=503)]
    notifier = Notifier(service)
    await notifier.said("following alerts")
    await write(service, alert_of("d", 1))
    await notifier.said("notification failed")
    assert notifier.end(signal.SIGTERM) == 0
    service.config.write_text(service.config.read_text().replace("receivers.desk", "receivers.other"))
    server.answers = [web.Response]
    notifier = Notifier(service)
    # the alert is not settled, so the receiver that is new gets it
    await until(lambda: server.got[-1].headers["Lockstep-Id"] == "other/d-1", lambda: server.got[-1])
    assert json.loads((service.folder / "dead.jsonl").read_text())["id"] == "desk/d-1"
    assert notifier.end(signal.SIGTERM) == 0
    assert await behind(service) == 0
    assert all(json.loads(got.body)["mode"] == "live" for got in server.got)
