"""Sessions with the brokers: which fault begins a new one, and which ends the work."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaTimeoutError,
    OutOfOrderSequenceNumber,
)

from streams.live.broker import sessions
from streams.live.broker.connection import Connection
from streams.live.broker.outages import BrokerWatch
from streams.live.broker.sessions import Sessions
from streams.settings.kafka_settings import KafkaSettings

pytestmark = pytest.mark.asyncio


class Lines:
    """A log in memory."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, event: str, **more: Any) -> None:
        self.said.append(event)

    info = warning


class Work:
    """Sessions that end with these faults, one after another; the one after the last ends in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *faults: BaseException) -> None:
        monkeypatch.setattr(sessions, "_AGAIN_S", 0.0)
        monkeypatch.setattr(sessions, "_LOOK_EVERY_S", 0.001)
        self.log = Lines()
        self.watch = BrokerWatch(Connection(KafkaSettings(), None, None, None), self.log)
        self._faults = list(faults)
        self.begun = 0
        self.over = False

    async def session(self) -> None:
        self.begun += 1
        if self._faults:
            raise self._faults.pop(0)
        self.over = True

    async def run(self, **more: Any) -> None:
        async with asyncio.timeout(30):
            await Sessions("ingest", self.watch, self.log).run(self.session, lambda: self.over, **more)


async def test_given_faults_that_pass_then_a_new_session_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [
        KafkaTimeoutError(), KafkaConnectionError(), OutOfOrderSequenceNumber(), OSError(), asyncio.CancelledError(),
    ]  # fmt: skip
    work = Work(monkeypatch, *faults)
    await work.run()
    assert work.begun == len(faults) + 1
    assert work.log.said == ["connected anew"] * len(faults)


@pytest.mark.parametrize("fault", [GroupAuthorizationFailedError("g"), ValueError("a defect")])
async def test_given_a_fault_that_stays_then_the_work_ends_with_it(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    work = Work(monkeypatch, fault)
    with pytest.raises(type(fault)):
        await work.run()
    assert work.begun == 1


async def test_given_sessions_that_fail_again_and_again_while_brokers_answer_then_the_work_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = Work(monkeypatch, *(KafkaTimeoutError() for _ in range(100)))
    with pytest.raises(KafkaTimeoutError):
        await work.run()
    assert work.begun == sessions._MOST_FAILURES


async def test_given_an_outage_then_no_session_begins_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch, KafkaTimeoutError())
    work.watch._away(TimeoutError())
    running = asyncio.create_task(work.run())
    await asyncio.sleep(0.05)
    assert work.begun == 0
    work.watch._back()
    await running
    assert work.begun == 2
    assert work.log.said[:2] == ["the broker cannot be reached", "the broker is back"]


async def test_given_a_session_that_stands_still_while_brokers_answer_then_another_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions, "_STALLED_S", 0.02)
    work = Work(monkeypatch)
    cut_off = []

    async def session() -> None:
        work.begun += 1
        if work.begun == 1:
            try:
                await asyncio.Event().wait()
            finally:
                cut_off.append(True)
        work.over = True

    work.session = session  # type: ignore[method-assign]
    await work.run(quiet_s=lambda: 1_000.0 if work.begun == 1 else 0.0)
    assert (work.begun, cut_off) == (2, [True])
