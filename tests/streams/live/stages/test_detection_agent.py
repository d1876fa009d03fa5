"""The detection agent: what it publishes of each frame, also when it is interrupted or a frame is bad."""

import asyncio
from contextlib import suppress

import pytest

from streams.live.detection.detection import Detection
from streams.live.stages import detection_agent
from tests.streams.live.detection.log_worlds import small
from tests.streams.live.stages.agent_in_memory import (
    Slow,
    alerting,
    log,
    made,
)

pytestmark = pytest.mark.asyncio


async def test_given_frames_in_turn_then_their_results_are_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch) as one:
        for offset in range(len(log())):
            await one.take(offset)

        assert one.published == small().replayed
        assert (one.agent.posts, one.agent.alerts) == (len(small().posts), len(small().replayed))
        assert one.results.letters == []
        assert one.log.of("state rebuilt")[0]["frames"] == 0


async def test_given_a_frame_that_was_published_then_it_is_not_published_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch) as one:
        for offset in range(len(log())):
            await one.take(offset)
        count = len(one.results.published)
        for offset in (0, 5, len(log()) - 1):
            await one.take(offset)

        assert len(one.results.published) == count
        assert len(one.log.of("state rebuilt")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("where", ["detection", "results"])
async def test_given_an_agent_that_is_cut_off_in_a_frame_then_its_alerts_are_published_when_it_comes_again(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    at = alerting()
    async with made(monkeypatch) as one:
        for offset in range(at):
            await one.take(offset)
        with monkeypatch.context() as patch:
            taking = asyncio.create_task(one.take(at))
            if where == "detection":
                await Slow(patch).cut_off(taking)
            else:
                one.results.stands_still = True
                while one.agent.next_frame <= at:
                    await asyncio.sleep(0.001)
                taking.cancel()
                with suppress(asyncio.CancelledError):
                    await taking
                one.results.stands_still = False
        assert not one.published

        for offset in range(at, len(log())):
            await one.take(offset)
        assert one.published == small().replayed


async def test_given_a_frame_that_detection_fails_on_then_no_half_of_it_is_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch) as one:
        await one.take(0)
        with monkeypatch.context() as patch:
            patch.setattr(Detection, "_advance", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await one.take(1)
        await one.agent.save()
        assert one.snapshots.saved == []

        for offset in range(1, len(log())):
            await one.take(offset)
        assert one.published == small().replayed


async def test_given_a_record_that_is_no_frame_then_it_is_left_out_and_progress_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch, skip_frames=[1]) as one:
        await one.take(0)
        await one.take(1)
        await one.take(2, (b"{}", b""))
        await one.take(3, (log()[3][0], b"no frame"))

        assert [(fault["offset"], fault["fault"][:8]) for fault in one.log.of("fault in the log")] == [
            (1, "left out"),
            (2, "left out"),
            (3, "left out"),
        ]
        assert one.agent._progress is not None
        assert one.agent._progress.frame_offset == 3


@pytest.mark.slow
async def test_given_alerts_that_are_not_on_their_topic_yet_then_the_frame_does_not_count_as_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = alerting()
    async with made(monkeypatch) as one:
        for offset in range(at):
            await one.take(offset)
        one.results.stands_still = True
        taking = asyncio.create_task(one.take(at))
        while one.agent.next_frame <= at:
            await asyncio.sleep(0)
        assert one.agent._progress is not None and one.agent._progress.frame_offset == at - 1
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking


async def test_given_a_broker_that_is_away_then_progress_is_written_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detection_agent, "_PROGRESS_EVERY_S", 0.001)
    async with made(monkeypatch) as one:
        await one.take(0)
        one.results.refuses = 3
        reporting = asyncio.create_task(one.agent.publish_progress())
        async with asyncio.timeout(60):
            while not one.results.progressed:
                await asyncio.sleep(0.001)
        reporting.cancel()

        assert [progress.frame_offset for progress in one.results.progressed] == [0]


async def test_given_a_result_that_is_not_published_then_the_worker_is_ready_only_for_some_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detection_agent, "_PROGRESS_EVERY_S", 0.001)
    at = alerting()
    async with made(monkeypatch) as one:
        health = one.agent._telemetry.health
        now = [1_000.0]
        health.clock = lambda: now[0]
        one.agent._telemetry.set_detection_here(True)
        for offset in range(at):
            await one.take(offset)
        reporting = asyncio.create_task(one.agent.publish_progress())

        async def silent_after(seconds: float) -> bool:
            for _ in range(50):
                await asyncio.sleep(0.001)
            now[0] += seconds
            return "detection reports no progress" in health.waits_for

        assert not await silent_after(60)
        one.results.stands_still = True
        taking = asyncio.create_task(one.take(at))
        while one.agent.next_frame <= at:
            await asyncio.sleep(0.001)
        assert not await silent_after(4)
        assert await silent_after(2)
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking
        one.results.stands_still = False
        await one.take(at)
        assert not await silent_after(60)
        reporting.cancel()
