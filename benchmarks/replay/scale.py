"""How much faster detection could run on more workers, measured on one machine.

    python -m benchmarks.replay.scale [--posts 200000] [--shards 1,2,4,8,16] [--work DIR] [--json OUT]

Every shard's CPU time is measured in one thread, one shard after another, by epoch (a tick of event time). The
*scale-out factor* is the CPU time of all stages, divided by the sum over epochs of that of the busiest shard of any
stage: stages run as a pipeline, and the shards of a stage side by side. Reading and tracing are cut by partition and
keep nothing, so a shard gets an equal part of them. Sending rows from worker to worker is not in the figures.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.load_context import write_context
from benchmarks.runs.generated import load_file
from benchmarks.runs.tables import markdown
from detectors.evidence import pairs
from detectors.graph import STAGES, stage_of
from detectors.shards import SHARD_COUNTS, Task
from detectors.synchrony import synchrony_stage
from streams.metrics.stage_times import StageTimes
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import read_reference_inputs
from streams.replay.replay import Replay
from streams.settings.options import ReadingOptions
from streams.settings.settings import Settings

T = TypeVar("T")
_SERIAL = -1
"""The shard of work that is not cut."""


class CpuTimes(StageTimes):
    """CPU seconds of each stage and shard, by epoch."""

    def __init__(self, epoch: Callable[[], int]) -> None:
        super().__init__()
        self.cpu: dict[tuple[int, str, int], float] = defaultdict(float)
        """Seconds by epoch, stage and shard."""
        self._epoch = epoch
        self._open: list[_Open] = []
        self._ahead: list[_Open] = []

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure what the `with` block does, without stages inside it."""
        name = stage_of(stage).name
        # the thread that reads ahead has stages of its own
        open_stages = self._ahead if name in ("ingest", "texts") else self._open
        own = _Open(name)
        open_stages.append(own)
        begin = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - begin
            open_stages.pop()
            self.cpu[self._epoch(), name, _SERIAL] += spent - own.elsewhere
            if open_stages:
                open_stages[-1].elsewhere += spent

    def run(self, tasks: Sequence[Task[T]]) -> list[T]:
        """Work off tasks one after another, each as a shard of the stage that asks for it."""
        results = []
        for shard, task in enumerate(tasks):
            begin = time.thread_time()
            results.append(task())
            spent = time.thread_time() - begin
            self.cpu[self._epoch(), self._open[-1].stage, shard] += spent
            self._open[-1].elsewhere += spent
        return results


@dataclass
class _Open:
    """A stage that is being measured."""

    stage: str
    elsewhere: float = 0.0
    """Seconds that belong to stages inside it, or to shards."""


@dataclass(frozen=True)
class Scaling:
    """What a run in so many shards showed."""

    shards: int
    total: float
    """CPU seconds of all stages."""
    busiest: float
    """Sum over epochs of the busiest shard's CPU seconds."""
    by_stage: dict[str, float]
    """CPU seconds of each stage's busiest shard, summed over epochs."""

    @property
    def factor(self) -> float:
        """Scale-out factor."""
        return self.total / self.busiest

    @property
    def limiting(self) -> str:
        """The stage whose busiest shard takes the most."""
        return max(self.by_stage, key=lambda stage: self.by_stage[stage])


def measured(load: Path, context: Sequence[str], shards: int) -> Scaling:
    """Replay a load in so many shards."""
    # workers hold their shards however little there is to do
    synchrony_stage.WORTH_SHARING = pairs.WORTH_SHARING = 1
    settings = Settings()
    log = DeadLetterLog(None, settings.input)
    run = Replay([str(load)], settings, log, shards=shards)
    meter = CpuTimes(lambda: run.pipeline.now or 0)
    run.ordered.timer = meter
    run.run_shards = meter.run
    options = dict(zip((word.removeprefix("--") for word in context[::2]), context[1::2], strict=True))
    run.set_reference_data(read_reference_inputs(ReadingOptions(**options), log))  # type: ignore[arg-type] # options by name
    run.open()
    for _ in run.run():
        pass
    return scaling(meter.cpu, shards)


def scaling(cpu: dict[tuple[int, str, int], float], shards: int) -> Scaling:
    """The scale-out factor from CPU seconds by epoch, stage and shard."""
    ahead = {
        name: sum(spent for (_, stage, _), spent in cpu.items() if stage == name)
        for name in ("ingest", "texts")
    }
    epochs: dict[int, dict[str, dict[int, float]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(float))
    )
    for (epoch, stage, shard), spent in cpu.items():
        if stage not in ahead:
            epochs[epoch][stage][shard] += spent
    by_stage: dict[str, float] = defaultdict(float)
    busiest = 0.0
    for stages in epochs.values():
        # tracing runs ahead, so its epochs are not known: each gets an equal part
        loads = {"ingest": ahead["ingest"] / len(epochs) / shards, "texts": ahead["texts"] / len(epochs)}
        for stage, parts in stages.items():
            serial = parts.get(_SERIAL, 0.0)
            loads[stage] = serial + max(
                (spent for shard, spent in parts.items() if shard != _SERIAL), default=0.0
            )
        for stage, spent in loads.items():
            by_stage[stage] += spent
        busiest += max(loads.values())
    return Scaling(shards, sum(cpu.values()), busiest, dict(by_stage))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replay.scale", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument(
        "--shards", default=",".join(map(str, SHARD_COUNTS)), help="numbers of shards, rising"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep the load here (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        load = load_file(work, args.posts, args.seed)
        context = write_context(load, work / f"context-{args.posts}", args.seed, args.posts)
        found = [measured(load, context, int(shards)) for shards in args.shards.split(",")]
    rows = [
        [str(one.shards), f"{one.total:.1f}", f"{one.busiest:.1f}", f"{one.factor:.2f}", one.limiting]
        for one in found
    ]
    print(markdown(["shards", "CPU s", "busiest shards, s", "scale-out factor", "limiting stage"], rows))
    stages = [stage.name for stage in STAGES if any(stage.name in one.by_stage for one in found)]
    print()
    print(
        markdown(
            ["busiest shard of, s", *(f"{one.shards} shards" for one in found)],
            [[stage, *(f"{one.by_stage.get(stage, 0.0):.2f}" for one in found)] for stage in stages],
        )
    )
    if args.json:
        figures = [
            {"shards": one.shards, "cpu_s": one.total, "factor": one.factor, "by_stage": one.by_stage}
            for one in found
        ]
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
