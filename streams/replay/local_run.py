"""One run of the local driver with everything around it: settings, outputs and progress."""

import signal
import time
from collections.abc import Callable
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
from streams.settings.options import DetectingOptions, FileUse, ReadingOptions, WritingOptions, named_files
from streams.settings.settings import Settings, load_settings
from streams.sources import expand_inputs

STDIN = "-"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asks for; paths as given, `-` for a standard stream, None for not at all."""

    inputs: list[str]
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    detecting: DetectingOptions = field(default_factory=DetectingOptions)
    writing: WritingOptions = field(default_factory=WritingOptions)
    more: tuple[object, ...] = ()
    """Other groups of options, whose files are checked with the rest."""

    def files(self, use: FileUse) -> dict[str, str]:
        """Every file beside the inputs that is read, or written, by option."""
        return named_files(use, self.reading, self.writing, *self.more)


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
    read = [*inputs, *options.files(FileUse.READ).values()]
    if read.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read once only.")
    config = options.reading.config
    check_outputs(options.files(FileUse.WRITTEN), [*read, *([config] if config else [])])
    with ExitStack() as files:
        bar = ProgressBar(console, shown=not options.writing.no_progress)
        log = DeadLetterLog(None, settings.input)
        run = Replay(
            inputs,
            settings,
            log,
            format=options.reading.format,
            unordered=options.reading.unordered,
            on_progress=bar.show,
            on_posts=on_posts,
        )
        run.open()
        if options.writing.dead_letters is not None:
            log.write_to(files.enter_context(output(options.writing.dead_letters)))
        run.set_reference_data(read_references(options.reading, log))
        found = FoundNetworks()
        failures: list[InputError] = []
        sink = (
            files.enter_context(output(options.writing.alerts))
            if options.writing.alerts is not None
            else None
        )
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
    written = {"--alerts": options.writing.alerts, "--dead-letters": options.writing.dead_letters}
    if not failures:
        _write_rest(options, run, found, figures)
        written |= {"--pairs": options.writing.pairs, "--report": options.writing.report}
    files_written = {option: path for option, path in written.items() if path not in (None, STDOUT)}
    return Outcome(run, found, figures, [*run.faults, *failures], files_written)


def settings_of(options: RunOptions) -> Settings:
    """The settings that the options ask for.

    Raises:
        UsageError: the configuration file is wrong.
    """
    settings = load_settings(options.reading.config)
    if options.detecting.exact:
        return msgspec.structs.replace(settings, detection=settings.detection.exact())
    return settings


def _write_rest(options: RunOptions, run: Replay, found: FoundNetworks, figures: RunFigures) -> None:
    if options.writing.pairs is not None:
        with output(options.writing.pairs) as file:
            write_pairs(file, run.pipeline)
    if options.writing.report is not None:
        with output(options.writing.report) as file:
            write_report(file, [Path(name).name for name in run.inputs], figures, found)
    if options.writing.timings is not None:
        with output(options.writing.timings) as file:
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
        dead_letters_kept=options.writing.dead_letters is not None,
    )
