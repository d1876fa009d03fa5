"""One run of the local driver with everything around it: settings, reference files, outputs and progress."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
from rich.console import Console

from schemas.alerts import Alert
from schemas.errors import InputError, UsageError
from schemas.figures.backtest import ChanceFigures, FoundCount
from streams.kernels.compiling import compile_kernels
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.alert_sinks import AlertSinks
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.outputs.output_files import STDOUT, check_outputs, output
from streams.outputs.permalinks import Permalinks
from streams.reference_files.reference_inputs import ReferenceInputs, read_reference_inputs
from streams.replay.chance.check import check_by_chance
from streams.replay.chance.post_spool import PostSpool
from streams.replay.replay import Replay
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.pairs_csv import write_pairs
from streams.reports.report_posts import ReportPosts
from streams.reports.summary import RunFigures
from streams.settings.options import DetectingOptions, FileUse, ReadingOptions, WritingOptions, named_files
from streams.settings.settings import Settings, load_settings
from streams.sources import expand_inputs

STDIN = "-"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run. Paths are as given; `-` is a standard stream, None is absent."""

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
    """The result of a run."""

    run: Replay
    networks: LatestAlerts
    figures: RunFigures
    failures: list[InputError]
    """Why the run failed, or which inputs ended early; empty if all is well."""
    written: dict[str, str]
    """Paths of the files that were written, by option. If an input ended early, they hold what came before."""


Watcher = Callable[[Alert, Replay], None]
"""Called with every alert as it is raised."""


def local_run(
    options: RunOptions,
    console: Console,
    on_alert: Watcher = lambda alert, run: None,
    on_posts: Callable[[pl.DataFrame], None] = lambda posts: None,
) -> Outcome:
    """Replay the inputs and write the outputs.

    If an input fails, the rows before the failure still count, and their alerts are written.

    Args:
        options: of the run.
        console: shows the progress.
        on_alert: called with every alert.
        on_posts: as for `streams.replay.replay.Replay`.

    Raises:
        UsageError: an option, a setting or an output is wrong; nothing was overwritten.
        InputError: an input cannot be read at all; nothing was overwritten.
        OutputError: an output cannot be written any further.
    """
    # after Ctrl-C, polars would go on reading: a run that waits for standard input could not be interrupted
    if threading.current_thread() is threading.main_thread():
        signal.siginterrupt(signal.SIGINT, True)
    settings = settings_of(options)
    if not options.inputs and options.reading.follows is None:
        raise UsageError("there is nothing to replay: give a dump of posts, or follow events with --follows.")
    inputs = expand_inputs(options.inputs)
    read = [*inputs, *options.files(FileUse.READ).values()]
    if read.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once.")
    config = options.reading.config
    check_outputs(options.files(FileUse.WRITTEN), [*read, *([config] if config else [])])
    with PostSpool() as spool, ReportPosts() as report_posts:

        def take(posts: pl.DataFrame) -> None:
            if options.detecting.check_by_chance:
                spool.add(posts)
            if options.writing.report is not None:
                report_posts.add(posts)
            on_posts(posts)

        done = _detected(options, settings, inputs, console, on_alert, take)
        written = {
            "--alerts": options.writing.alerts,
            "--networks": options.writing.networks,
            "--dead-letters": options.writing.dead_letters,
        }
        figures = done.figures
        if not done.failures:
            _write_pairs_and_timings(options, done.run)
            if spool.rows:
                figures = replace(figures, by_chance=_by_chance(options, done, spool, console))
            if options.writing.report is not None:
                _write_report(options.writing.report, done, figures, report_posts, options.reading.follows)
            written |= {"--pairs": options.writing.pairs, "--report": options.writing.report}
    files_written = {option: path for option, path in written.items() if path not in (None, STDOUT)}
    return Outcome(done.run, done.networks, figures, [*done.run.faults, *done.failures], files_written)


@dataclass(frozen=True, slots=True)
class _Detected:
    """What detection leaves behind when all posts are read."""

    run: Replay
    references: ReferenceInputs
    networks: LatestAlerts
    figures: RunFigures
    failures: list[InputError]


def _detected(
    options: RunOptions,
    settings: Settings,
    inputs: list[str],
    console: Console,
    on_alert: Watcher,
    on_posts: Callable[[pl.DataFrame], None],
) -> _Detected:
    """Read and detect, and write alerts, networks and dead letters."""
    start = time.perf_counter()
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
        compile_kernels(console.print)
        if options.writing.dead_letters is not None:
            log.write_to(files.enter_context(output(options.writing.dead_letters)))
        references = read_reference_inputs(options.reading, log)
        run.set_reference_data(references)
        networks = LatestAlerts()
        links = Permalinks(settings.permalinks)
        failures: list[InputError] = []
        sinks = AlertSinks(
            *(
                None if path is None else files.enter_context(output(path))
                for path in (options.writing.alerts, options.writing.networks)
            )
        )
        with bar:
            try:
                for found in run.run():
                    alert = links.linked(found)
                    sinks.write(alert)
                    networks.add(alert)
                    on_alert(alert, run)
            except InputError as failure:
                failures.append(failure)
    figures = _figures(run, log, time.perf_counter() - start, options, failed=bool(failures))
    return _Detected(run, references, networks, figures, failures)


def _by_chance(options: RunOptions, done: _Detected, spool: PostSpool, console: Console) -> ChanceFigures:
    """What detection finds in copies without coordination."""
    found = FoundCount(networks=len(done.networks), accounts=done.networks.accounts)
    detection = done.run.settings.detection
    # the copies move posts, not follows: rings would be found in each again
    followers = msgspec.structs.replace(detection.followers, windows_s=())
    settings = msgspec.structs.replace(
        done.run.settings, detection=msgspec.structs.replace(detection, followers=followers)
    )
    done.run.release()  # a copy needs as much memory as the run itself
    return check_by_chance(
        spool,
        options.detecting.check_by_chance,
        found,
        settings,
        done.references,
        console,
        progress=not options.writing.no_progress,
    )


def settings_of(options: RunOptions) -> Settings:
    """The settings of the run: those of `--config`, made exact by `--exact`.

    Raises:
        UsageError: the configuration file is wrong.
    """
    settings = load_settings(options.reading.config)
    if options.detecting.exact:
        return msgspec.structs.replace(settings, detection=settings.detection.exact())
    return settings


def _write_pairs_and_timings(options: RunOptions, run: Replay) -> None:
    if options.writing.pairs is not None:
        with output(options.writing.pairs) as file:
            write_pairs(file, run.pipeline)
    if options.writing.timings is not None:
        with output(options.writing.timings) as file:
            file.write(msgspec.json.encode(run.timings) + b"\n")


def _write_report(
    path: str, done: _Detected, figures: RunFigures, posts: ReportPosts, follows: str | None
) -> None:
    from streams.reports.page.case import posts_shown  # noqa: PLC0415 - loads Jinja, as the next one does
    from streams.reports.report import MOST_NETWORKS, queued, write_report  # noqa: PLC0415

    described = queued(done.networks)[:MOST_NETWORKS]
    members = {member.account_id for alert in described for member in alert.members}
    details = posts.details(members, posts_shown(described))
    inputs = [Path(name).name for name in done.run.inputs or [follows or ""]]
    links = Permalinks(done.run.settings.permalinks)
    with output(path) as file:
        write_report(file, inputs, figures, done.networks, details=details, links=links)


def _figures(
    run: Replay, log: DeadLetterLog, seconds: float, options: RunOptions, *, failed: bool
) -> RunFigures:
    first = run.first_time
    return RunFigures(
        posts=run.progress.posts,
        follows=run.follows,
        seconds=seconds,
        first=None if first is None else datetime.fromtimestamp(first, UTC),
        last=run.progress.event_time,
        alerts=run.progress.alerts,
        dead_letters=dict(log.counts),
        notices=run.ordered.notices,
        examples=dict(log.examples),
        evicted_early=run.evicted_early,
        dead_letters_kept=options.writing.dead_letters is not None,
        overview=None if failed or not run.progress.posts else run.overview(),
        others=dict(run.ordered.others),
    )
