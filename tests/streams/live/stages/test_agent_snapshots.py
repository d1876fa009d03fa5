"""What the detection agent saves, and how another worker takes over from it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from streams.live.detection.detection import Detection
from streams.live.stages import state_loading
from streams.live.state.snapshots import Snapshot
from tests.streams.live.detection.log_worlds import small
from tests.streams.live.stages.agent_in_memory import (
    Closing,
    Slow,
    Snapshots,
    alerting,
    log,
    made,
)

pytestmark = pytest.mark.asyncio


@pytest.mark.slow
@pytest.mark.parametrize("saved_after", [None, 3])
async def test_given_an_agent_that_takes_over_then_it_rebuilds_without_publishing_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, saved_after: int | None
) -> None:
    middle = len(log()) // 2
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(middle):
            await one.take(offset)
            if offset == saved_after:
                await one.agent.save()
    async with made(monkeypatch, snapshots) as other:
        for offset in range(middle, len(log())):
            await other.take(offset)
            await other.take(middle - 1)  # committed late, and published by the first

        (rebuilt,) = other.log.of("state rebuilt")
        assert rebuilt["frames"] == (middle if saved_after is None else middle - 4)
        assert not set(one.published) & set(other.published)
        assert {**one.published, **other.published} == small().replayed


@pytest.mark.slow
@pytest.mark.parametrize("where", ["detection", "results"])
async def test_given_an_agent_that_is_cut_off_and_saves_then_the_next_one_publishes_everything(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    at = alerting()
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(at):
            await one.take(offset)
        with monkeypatch.context() as patch:
            one.results.stands_still = where == "results"
            taking = asyncio.create_task(one.take(at))
            if where == "detection":
                await Slow(patch).cut_off(taking)
            else:
                while one.agent.next_frame <= at:
                    await asyncio.sleep(0.001)
                taking.cancel()
        await one.agent.save()
    # the frame was not committed
    async with made(monkeypatch, snapshots) as other:
        for offset in range(at, len(log())):
            await other.take(offset)
        assert other.published == small().replayed


@pytest.mark.slow
async def test_given_snapshots_that_cannot_be_used_then_the_log_is_read_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(5):
            await one.take(offset)
        await one.agent.save()
    (good,) = snapshots.saved
    other_settings = msgspec.structs.replace(good.manifest, settings="other")
    for snapshot, said in (
        (Snapshot(other_settings, good.chunks), "the snapshot was made under other settings and is not used"),
        (Snapshot(good.manifest, [*good.chunks[:-1], b"torn"]), "the snapshot cannot be used"),
    ):
        async with made(monkeypatch, Snapshots([snapshot])) as other:
            for offset in range(8, len(log())):
                await other.take(offset)
            assert len(other.log.of(said)) == 1
            assert other.log.of("state rebuilt")[0]["frames"] == 8
            assert other.published == small().replayed


async def test_given_a_time_between_snapshots_then_state_is_saved_as_it_is_after_a_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch, snapshot_every_s=0.0) as one:
        for offset in range(4):
            await one.take(offset)
            await one.settled()
        assert [snapshot.manifest.frame_offset for snapshot in one.snapshots.saved] == [0, 1, 2, 3]


async def test_given_a_snapshot_that_takes_long_to_write_then_detection_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots = Snapshots(goes_on=asyncio.Event())
    assert snapshots.goes_on is not None
    async with made(monkeypatch, snapshots, snapshot_every_s=0.0) as one:
        for offset in range(4):
            await one.take(offset)
        assert snapshots.saved == []
        snapshots.goes_on.set()
        await one.agent.save()
    assert [snapshot.manifest.frame_offset for snapshot in snapshots.saved] == [0, 3]
    async with made(monkeypatch, Snapshots(snapshots.saved[:1])) as other:
        for offset in range(4, len(log())):
            await other.take(offset)
        assert other.log.of("state rebuilt")[0]["frames"] == 3
        assert {**one.published, **other.published} == small().replayed


async def test_given_a_snapshot_that_cannot_be_written_then_detection_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch, Snapshots(refuses=True), snapshot_every_s=0.0) as one:
        await one.take(0)
        await one.settled()
        await one.take(1)
        assert one.log.of("the snapshot could not be written") == [{"error": "KafkaConnectionError"}]


async def saved_after(count: int, monkeypatch: pytest.MonkeyPatch) -> Snapshots:
    """Snapshots of an agent that has taken so many frames."""
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(count):
            await one.take(offset)
        await one.agent.save()
    return snapshots


def committed(offset: int) -> Callable[[], Awaitable[int]]:
    async def found() -> int:
        return offset

    return found


async def test_given_partitions_that_move_while_a_snapshot_is_loaded_then_it_is_loaded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots = await saved_after(6, monkeypatch)
    async with made(monkeypatch, snapshots) as other:
        loading, goes_on = threading.Event(), threading.Event()
        restored = state_loading.restored

        def slowly(*arguments: Any) -> Detection:
            loading.set()
            goes_on.wait(60)
            return restored(*arguments)

        monkeypatch.setattr(state_loading, "restored", slowly)
        preparing = asyncio.create_task(other.agent.prepare(committed(8)))
        await asyncio.to_thread(loading.wait, 60)
        preparing.cancel()
        goes_on.set()
        await asyncio.wait([preparing])
        await other.agent.prepare(committed(8))
        assert [line["frames"] for line in other.log.of("state rebuilt")] == [2]


@pytest.mark.parametrize("at", ["loading", "applying"])
async def test_given_an_end_in_order_while_the_state_is_rebuilt_then_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    snapshots = await saved_after(1, monkeypatch)
    reached, goes_on = threading.Event(), threading.Event()

    def slow(work: Callable[..., Any]) -> Callable[..., Any]:
        def slowly(*arguments: Any) -> Any:
            reached.set()
            goes_on.wait(60)
            return work(*arguments)

        return slowly

    async with made(monkeypatch, snapshots) as other:
        if at == "loading":
            monkeypatch.setattr(state_loading, "restored", slow(state_loading.restored))
        else:
            monkeypatch.setattr(Detection, "apply", slow(Detection.apply))
        other.agent._producer = Closing()  # type: ignore[assignment]
        preparing = asyncio.create_task(other.agent.prepare(committed(8)))
        taking = asyncio.create_task(other.take(8))
        await asyncio.to_thread(reached.wait, 60)
        stopping = asyncio.create_task(other.agent.stop(0.2 if at == "loading" else 60.0))
        while at == "loading" and not stopping.done():
            await asyncio.sleep(0.01)  # it does not wait for the snapshot
        goes_on.set()
        assert await stopping == 0
        await preparing
        await asyncio.wait({taking}, timeout=0.1)
        assert not taking.done()  # the frame is for another worker
        assert other.log.of("state rebuilt") == []
        taking.cancel()
