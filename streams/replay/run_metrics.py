"""The figures of a run for Prometheus, as a file in its text format.

node-exporter's textfile collector reads the file from its folder. With one file a run, the dashboard compares runs.
"""

import time
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile

from schemas.alerts import Severity
from schemas.dead_letters import Reason
from schemas.figures.backtest import BacktestFigures
from streams.metrics.metrics import RunMetrics
from streams.outputs.output_files import OutputError
from streams.replay.local_run import Outcome
from streams.version import VERSION


def write_run_metrics(path: str, outcome: Outcome, quality: BacktestFigures | None = None) -> None:
    """Write the file, whole or not at all. The file's name is the run's: `runs/ira-2016.prom` gives `ira-2016`.

    Args:
        path: of the file; node-exporter requires the ending `.prom`.
        outcome: result of the run.
        quality: figures of a backtest; None for a replay.

    Raises:
        OutputError: the file cannot be written.
    """
    metrics = RunMetrics(Path(path).stem, CollectorRegistry())
    figures = outcome.figures
    metrics.build.of(VERSION, outcome.run.settings.detection.digest).set(1)
    metrics.finished.of().set(time.time())
    metrics.seconds.of().set(figures.seconds)
    metrics.posts.of().set(figures.posts)
    metrics.alerts.of().set(figures.alerts)
    for severity in Severity:
        metrics.networks.of(severity).set(sum(a.severity is severity for a in outcome.networks.ranked()))
    for reason in Reason:
        metrics.dead_letters.of(reason).set(figures.dead_letters.get(reason, 0))
    if quality is not None:
        for measure, value in _measures(quality).items():
            if value is not None:
                metrics.quality.of(measure).set(value)
        waits = quality.time_to_detection_s
        for share, seconds in (("0.5", waits.p50), ("0.9", waits.p90)):
            if seconds is not None:
                metrics.wait.of(share).set(seconds)
    try:
        write_to_textfile(path, metrics.registry)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}.") from error


def _measures(quality: BacktestFigures) -> dict[str, float | None]:
    return {
        "precision": quality.accounts.precision,
        "recall": quality.accounts.recall,
        "f1": quality.accounts.f1,
        "average_precision": quality.accounts.average_precision,
        "purity": quality.networks.purity,
        "suspected_precision": quality.suspected.precision,
        "suspected_recall": quality.suspected.recall,
    }
