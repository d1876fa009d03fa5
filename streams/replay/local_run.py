"""One run of the local driver with everything around it: settings, reference files, outputs and progress."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import polars as pl
from rich.console import Console

from schemas.alerts import Alert
from schemas.errors import InputError, LockstepError, UsageError
from schemas.figures.backtest import ChanceFigures, FoundCount
from streams.kernels.compiling import compile_kernels
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.alert_sinks import AlertSinks
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.outputs.output_files import STDOUT, OutputError, check_outputs
from streams.outputs.permalinks import Permalinks
from streams.outputs.signal_messages import write_signals
from streams.reference_files.reference_inputs import ReferenceInputs, read_reference_inputs
from streams.reference_files.suppressions import read_suppressions
from streams.replay.chance.check import check_by_chance
from streams.replay.chance.post_spool import PostSpool
from streams.replay.replay import Replay
from streams.replay.results import early_end, write_pairs_and_timings, write_run_report
from streams.replay.rule_trial import try_rules
from streams.replay.stopping import Interrupted, Stop
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.report_posts import ReportPosts
from streams.reports.rule_effects import NetworkCourses, RuleTrial
from streams.reports.shown_networks import showing_of
from streams.reports.summary import RunFigures
from streams.settings.options import DetectingOptions, FileUse, ReadingOptions, WritingOptions, named_files
from streams.settings.settings import Settings, load_settings
from streams.settings.showing_options import ShowingOptions
from streams.sources import expand_inputs

STDIN = "-"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run. Paths are as given; `-` is a standard stream, None is absent."""

    inputs: list[str]
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    detecting: DetectingOptions = field(default_factory=DetectingOptions)
    writing: WritingOptions = field(default_factory=WritingOptions)
    showing: ShowingOptions = field(default_factory=ShowingOptions)
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
    failures: list[LockstepError]
    """Why the run failed or ended early, and which inputs did; empty if all is well."""
    written: dict[str, str]
    """Paths of the files that were written, by option. If the run ended early, they hold what came before."""


Watcher = Callable[[Alert, Replay], None]
"""Called with every alert as it is raised."""


def local_run(
    options: RunOptions,
    console: Console,
    on_alert: Watcher = lambda alert, run: None,
    on_posts: Callable[[pl.DataFrame], None] = lambda posts: None,
    stop: Stop | None = None,
) -> Outcome:
    """Replay the inputs and write the outputs.

    If an input fails, the rows before the failure still count, and their alerts are written. If the run is stopped or
    an output fails, all other outputs hold what was found until then.

    Args:
        options: of the run.
        console: shows the progress.
        on_alert: called with every alert.
        on_posts: as for `streams.replay.replay.Replay`.
        stop: says whether to end early.

    Raises:
        UsageError: an option, a setting or an output is wrong; nothing was overwritten.
        InputError: an input cannot be read at all; nothing was overwritten.
        OutputError: an output cannot be opened.
    """
    stop = stop or Stop()
    settings = settings_of(options)
    showing = showing_of(options.showing)
    if not options.inputs and options.reading.follows is None:
        raise UsageError("there is nothing to replay: give a dump of posts, or follow events with --follows.")
    inputs = expand_inputs(options.inputs)
    read = [*inputs, *options.files(FileUse.READ).values()]
    if read.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once.")
    config = options.reading.config
    check_outputs(options.files(FileUse.WRITTEN), [*read, *([config] if config else [])])
    trial = _Trial(options) if options.reading.try_suppressions is not None else None
    with PostSpool() as spool, ReportPosts() as report_posts:

        def take(posts: pl.DataFrame) -> None:
            if stop.failures:
                return  # the run is about to end
            try:
                if options.detecting.check_by_chance or trial is not None:
                    spool.add(posts)
                if options.writing.report is not None:
                    report_posts.add(posts)
            except OutputError as failure:
                stop.fail(failure)
            on_posts(posts)

        def note(alert: Alert, run: Replay) -> None:
            if trial is not None:
                trial.before.add(alert)
            on_alert(alert, run)

        done = _detected(options, settings, inputs, console, note, take, stop)
        figures = replace(done.figures, showing=showing)
        written = {
            "--alerts": options.writing.alerts,
            "--networks": options.writing.networks,
            "--signals": options.writing.signals,
            "--dead-letters": options.writing.dead_letters,
        }
        if not done.failures:
            with stop.deferring():
                written |= write_pairs_and_timings(options.writing, done.run, stop)
                if options.detecting.check_by_chance and spool.rows and not stop.wanted:
                    figures = replace(figures, by_chance=_by_chance(options, done, spool, console, stop))
                if trial is not None and not stop.wanted:
                    figures = replace(figures, rule_trial=trial.ended(done, spool, console, stop))
                if stop.signal is not None:
                    figures = replace(figures, unfinished=early_end(done.run, stop.signal))
                if options.writing.report is not None:
                    written |= _report(options.writing.report, done, figures, report_posts, options, stop)
    files_written = {option: path for option, path in written.items() if path not in (None, STDOUT)}
    failures = [*done.run.faults, *done.failures, *stop.failures]
    if stop.signal is not None:
        failures.append(Interrupted(early_end(done.run, stop.signal), stop.signal))
    return Outcome(done.run, done.networks, figures, failures, files_written)


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
    stop: Stop,
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
            stop=stop,
        )
        run.open()
        compile_kernels(console.print)
        if options.writing.dead_letters is not None:
            log.write_to(files.enter_context(stop.lines(options.writing.dead_letters)))
        if options.writing.signals is not None:
            run.on_signals = partial(write_signals, files.enter_context(stop.lines(options.writing.signals)))
        references = read_reference_inputs(options.reading, log)
        run.set_reference_data(references)
        networks = LatestAlerts()
        links = Permalinks(settings.permalinks)
        failures: list[InputError] = []
        sinks = AlertSinks(
            *(
                None if path is None else files.enter_context(stop.lines(path))
                for path in (options.writing.alerts, options.writing.networks)
            )
        )
        with bar, stop.deferring():
            try:
                for found in run.run():
                    alert = links.linked(found)
                    networks.add(alert)
                    on_alert(alert, run)
                    try:
                        sinks.write(alert)
                    except OutputError as failure:
                        stop.fail(failure)  # the run ends with the posts in hand
            except InputError as failure:
                failures.append(failure)
            except OutputError as failure:
                stop.fail(failure)
    figures = _figures(run, log, time.perf_counter() - start, options, failed=bool(failures))
    if stop.failures:
        figures = replace(figures, unfinished=early_end(run, None))
    return _Detected(run, references, networks, figures, failures)


class _Trial:
    """Rules that are tried: read before the run, so that a wrong file ends it at once.

    Raises:
        InputError: the file cannot be read, or holds no rules.
    """

    def __init__(self, options: RunOptions) -> None:
        self.before = NetworkCourses()
        self._rules = read_suppressions(options.reading.try_suppressions or "")
        self._progress = not options.writing.no_progress

    def ended(self, done: _Detected, spool: PostSpool, console: Console, stop: Stop) -> RuleTrial | None:
        """What the rules would change; None if that was interrupted."""
        done.run.release()  # the second run needs as much memory as the first
        try:
            with stop.at_once():
                return try_rules(
                    spool,
                    self._rules,
                    self.before,
                    done.run.settings,
                    done.references,
                    console,
                    progress=self._progress,
                )
        except (KeyboardInterrupt, SystemExit):
            if stop.signal is None:
                raise
            return None


def _by_chance(
    options: RunOptions, done: _Detected, spool: PostSpool, console: Console, stop: Stop
) -> ChanceFigures | None:
    """What detection finds in copies without coordination; None if that was interrupted."""
    found = FoundCount(networks=len(done.networks), accounts=done.networks.accounts)
    detection = done.run.settings.detection
    # the copies move posts, not follows: rings would be found in each again
    followers = msgspec.structs.replace(detection.followers, windows_s=())
    settings = msgspec.structs.replace(
        done.run.settings, detection=msgspec.structs.replace(detection, followers=followers)
    )
    done.run.release()  # a copy needs as much memory as the run itself
    try:
        with stop.at_once():
            return check_by_chance(
                spool,
                options.detecting.check_by_chance,
                found,
                settings,
                done.references,
                console,
                progress=not options.writing.no_progress,
            )
    except (KeyboardInterrupt, SystemExit):
        if stop.signal is None:
            raise
        return None


def _report(
    path: str, done: _Detected, figures: RunFigures, posts: ReportPosts, options: RunOptions, stop: Stop
) -> dict[str, str]:
    """Write the report; the option and path if it is there."""
    inputs = [Path(name).name for name in done.run.inputs or [options.reading.follows or ""]]
    links = Permalinks(done.run.settings.permalinks)
    try:
        write_run_report(path, inputs, figures, done.networks, posts, links)
    except OutputError as failure:
        stop.fail(failure)
        return {}
    return {"--report": path}


def settings_of(options: RunOptions) -> Settings:
    """The settings of the run: those of `--config`, made exact by `--exact`.

    Raises:
        UsageError: the configuration file is wrong.
    """
    settings = load_settings(options.reading.config)
    if options.detecting.exact:
        return msgspec.structs.replace(settings, detection=settings.detection.exact())
    return settings


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
