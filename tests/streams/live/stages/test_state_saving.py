"""When the state of detection is saved for the next owner."""

import msgspec
import pytest

from detectors.state.capture import State
from streams.live.stages.state_saving import StateSaving
from streams.live.state.snapshots import Manifest, manifest
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings
from tests.streams.live.stages.agent_in_memory import Log, Snapshots

pytestmark = pytest.mark.asyncio

LOADED: Manifest = manifest(9, [b"state"], Settings().detection.digest, "0", "2026-01-01T00:00:00+00:00")
LAST_FRAME = 20


@pytest.fixture
def snapshots() -> Snapshots:
    return Snapshots()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def saving(snapshots: Snapshots, log: Log) -> StateSaving:
    async def capture() -> tuple[State, int]:
        return {"posts": 1}, LAST_FRAME

    settings = Settings()
    telemetry = Telemetry("lockstep.", settings.detection)
    return StateSaving(snapshots, settings, capture, log, telemetry)  # type: ignore[arg-type]


async def test_given_no_snapshot_so_far_then_the_next_owner_finds_one(
    saving: StateSaving, snapshots: Snapshots
) -> None:
    saving.count(0.001)
    await saving.save_last(LAST_FRAME + 1)
    assert [saved.manifest.frame_offset for saved in snapshots.saved] == [LAST_FRAME]


async def test_given_nothing_applied_since_the_latest_snapshot_then_none_is_written_and_nothing_said(
    saving: StateSaving, snapshots: Snapshots, log: Log
) -> None:
    saving.count(5.0)
    await saving.save()
    await saving.save_last(LAST_FRAME + 1)
    assert len(snapshots.saved) == 1
    assert log.of("no snapshot for the next owner: it applies the frames since the last one sooner") == []


@pytest.mark.parametrize(("applied_s", "is_saved"), [(2.9, False), (3.1, True)])
async def test_given_frames_since_the_latest_snapshot_then_whichever_takes_less_time_is_left_to_do(
    saving: StateSaving, snapshots: Snapshots, log: Log, applied_s: float, is_saved: bool
) -> None:
    saving.count(60.0)
    saving.count_loaded(LOADED, 3.0)
    for _ in range(10):
        saving.count(applied_s / 10)
    await saving.save_last(LAST_FRAME + 1)
    assert bool(snapshots.saved) == is_saved
    said = log.of("no snapshot for the next owner: it applies the frames since the last one sooner")
    assert said == ([] if is_saved else [{"frames": 11, "seconds": applied_s}])


async def test_given_settings_then_a_snapshot_says_with_which_ones_it_was_made(
    saving: StateSaving, snapshots: Snapshots
) -> None:
    await saving.save()
    (saved,) = snapshots.saved
    assert msgspec.structs.asdict(saved.manifest)["settings"] == Settings().detection.digest


@pytest.mark.parametrize(("took_s", "enough_s"), [(0.1, 5.0), (1.0, 20.0)])
async def test_given_much_to_apply_since_the_latest_snapshot_then_the_next_one_comes_before_its_time(
    saving: StateSaving, snapshots: Snapshots, took_s: float, enough_s: float
) -> None:
    saving.count_loaded(LOADED, took_s)
    saving.count(enough_s - 0.1)
    await saving.save_if_due()
    await saving.settled()
    assert snapshots.saved == []
    saving.count(0.2)
    await saving.save_if_due()
    await saving.settled()
    assert len(snapshots.saved) == 1


async def test_given_a_snapshot_that_could_not_be_written_then_it_is_not_tried_again_at_each_frame(
    saving: StateSaving, snapshots: Snapshots, log: Log
) -> None:
    snapshots.refuses = True
    saving.count(6.0)
    for _ in range(5):
        await saving.save_if_due()
        await saving.settled()
    assert len(log.of("the snapshot could not be written")) == 1
