"""One run of the local driver with everything around it: settings, outputs and progress."""

import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
from rich.console import Console

from schemas.alerts import Alert
from schemas.errors import InputError, UsageError
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.outputs.output_files import STDOUT, check_outputs, output
from streams.reference_files.references import read_references
from streams.replay.replay import Replay
from streams.reports.found_networks import FoundNetworks
from streams.reports.pairs_csv import write_pairs
from streams.reports.report import write_report
from streams.reports.summary import RunFigures
from streams.settings.settings import Settings, load_settings
from streams.sources import expand_inputs

STDIN = "-"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asks for; paths as given, `-` for a standard stream, None for not at all."""

    inputs: list[str]
    format: str | None = None
    config: str | None = None
    alerts: str | None = None
    pairs: str | None = None
    dead_letters: str | None = None
    report: str | None = None
    accounts: str | None = None
    registry: str | None = None
    follows: str | None = None
    suppressions: str | None = None
    exact: bool = False
    unordered: bool = False
    timings: str | None = None
    progress: bool = True
    more_inputs: Mapping[str, str] = field(default_factory=dict)
    """Other files that are read, by option: no output may overwrite them."""
    more_outputs: Mapping[str, str | None] = field(default_factory=dict)
    """Other files to be written after the run, by option: checked with the rest."""

    @property
    def references(self) -> dict[str, str]:
        """Every file that is read beside the inputs, by option."""
        named = {
            "--accounts": self.accounts,
            "--registry": self.registry,
            "--follows": self.follows,
            "--suppressions": self.suppressions,
            **self.more_inputs,
        }
        return {option: path for option, path in named.items() if path}

    @property
    def outputs(self) -> dict[str, str | None]:
        """Every file to be written, by option."""
        return {
            "--alerts": self.alerts,
            "--pairs": self.pairs,
            "--dead-letters": self.dead_letters,
            "--report": self.report,
            "--timings": self.timings,
            **self.more_outputs,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave."""

    run: Replay
    found: FoundNetworks
    figures: RunFigures
    failures: list[InputError]
    """Why the run failed, or which inputs ended early; empty when all is well."""
    written: dict[str, str]
    """Files that were written, by option; of an input that ended early, they hold what came before."""


Watcher = Callable[[Alert, Replay], None]
"""Told of every alert as it is raised."""


def local_run(
    options: RunOptions,
    console: Console,
    on_alert: Watcher = lambda alert, run: None,
    on_posts: Callable[[pl.DataFrame], None] = lambda posts: None,
) -> Outcome:
    """Replay the inputs and write the outputs.

    What was read before an input failed is used, and its alerts are written.

    Args:
        options: what to do.
        console: where the progress is drawn.
        on_alert: told of every alert.
        on_posts: as for `streams.replay.replay.Replay`.

    Raises:
        UsageError: an option, a setting or an output is wrong; nothing was overwritten.
        InputError: an input cannot be read at all; nothing was overwritten.
        OutputError: an output cannot be written any further.
    """
    # polars lets reading go on after Ctrl-C: a run that waits for standard input could not be interrupted
    signal.siginterrupt(signal.SIGINT, True)
    start = time.perf_counter()
    settings = settings_of(options)
    inputs = expand_inputs(options.inputs)
    read = [*inputs, *options.references.values()]
    if read.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read once only.")
    check_outputs(options.outputs, [*read, *([options.config] if options.config else [])])
    with ExitStack() as files:
        bar = ProgressBar(console, shown=options.progress)
        log = DeadLetterLog(None, settings.input)
        run = Replay(
            inputs,
            settings,
            log,
            format=options.format,
            unordered=options.unordered,
            on_progress=bar.show,
            on_posts=on_posts,
        )
        run.open()
        if options.dead_letters is not None:
            log.write_to(files.enter_context(output(options.dead_letters)))
        run.set_reference_data(
            read_references(options.registry, options.accounts, options.follows, options.suppressions, log)
        )
        found = FoundNetworks()
        failures: list[InputError] = []
        sink = files.enter_context(output(options.alerts)) if options.alerts is not None else None
        encoder = msgspec.json.Encoder()
        with bar:
            try:
                for alert in run.run():
                    if sink is not None:
                        sink.write(encoder.encode(alert) + b"\n")
                        sink.flush()  # so that a long run can be followed
                    found.add(alert, merged_away=run.merged_away(alert))
                    on_alert(alert, run)
            except InputError as failure:
                failures.append(failure)
    figures = _figures(run, log, time.perf_counter() - start, options)
    written = {"--alerts": options.alerts, "--dead-letters": options.dead_letters}
    if not failures:
        _write_rest(options, run, found, figures)
        written |= {"--pairs": options.pairs, "--report": options.report}
    files_written = {option: path for option, path in written.items() if path not in (None, STDOUT)}
    return Outcome(run, found, figures, [*run.faults, *failures], files_written)


def settings_of(options: RunOptions) -> Settings:
    """The settings that the options ask for.

    Raises:
        UsageError: the configuration file is wrong.
    """
    settings = load_settings(options.config)
    if options.exact:
        return msgspec.structs.replace(settings, detection=settings.detection.exact())
    return settings


def _write_rest(options: RunOptions, run: Replay, found: FoundNetworks, figures: RunFigures) -> None:
    if options.pairs is not None:
        with output(options.pairs) as file:
            write_pairs(file, run.pipeline)
    if options.report is not None:
        with output(options.report) as file:
            write_report(file, [Path(name).name for name in run.inputs], figures, found)
    if options.timings is not None:
        with output(options.timings) as file:
            file.write(msgspec.json.encode(run.timings) + b"\n")


def _figures(run: Replay, log: DeadLetterLog, seconds: float, options: RunOptions) -> RunFigures:
    first = run.first_time
    return RunFigures(
        posts=run.progress.posts,
        seconds=seconds,
        first=None if first is None else datetime.fromtimestamp(first, UTC),
        last=run.progress.event_time,
        alerts=run.progress.alerts,
        dead_letters=dict(log.counts),
        examples=dict(log.examples),
        evicted_early=run.evicted_early,
        dead_letters_kept=options.dead_letters is not None,
    )
