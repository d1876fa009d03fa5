"""One run of the local driver with everything around it: settings, reference files, outputs and progress."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import polars as pl
from rich.console import Console

from schemas.alerts import Alert
from schemas.errors import LockstepError, UsageError
from schemas.figures.backtest import ChanceFigures, FoundCount
from streams.outputs.output_files import STDOUT, OutputError, check_outputs
from streams.outputs.permalinks import Permalinks
from streams.privacy.records import pseudonym_records
from streams.reference_files.suppressions import read_suppressions
from streams.replay.chance.check import check_by_chance
from streams.replay.chance.post_spool import PostSpool
from streams.replay.detecting import Detected, Watcher, detected
from streams.replay.replay import Replay
from streams.replay.results import early_end, write_pairs_and_timings, write_run_report
from streams.replay.rule_trial import try_rules
from streams.replay.run_options import RunOptions
from streams.replay.state.keeping import StateKeeping
from streams.replay.state.state_folder import StateFolder
from streams.replay.stopping import Interrupted, Stop
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.report_posts import ReportPosts
from streams.reports.rule_effects import NetworkCourses, RuleTrial
from streams.reports.shown_networks import showing_of
from streams.reports.summary import RunFigures
from streams.settings.options import FileUse
from streams.settings.settings import Settings, load_settings
from streams.sources import expand_inputs

STDIN = "-"


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
    inputs = _checked_inputs(options)
    trial = _Trial(options, settings) if options.reading.try_suppressions is not None else None
    with ExitStack() as held:
        keeping, report_posts = _kept(options, settings, inputs, held)
        spool = held.enter_context(PostSpool())

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

        kept_posts = None if options.writing.report is None else report_posts
        done = detected(options, settings, inputs, console, note, take, stop, keeping, kept_posts)
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
                    figures = replace(figures, unfinished=early_end(done.run, stop.signal, options.state))
                if options.writing.report is not None:
                    written |= _report(options.writing.report, done, figures, report_posts, options, stop)
    files_written = {option: path for option, path in written.items() if path not in (None, STDOUT)}
    failures = [*done.run.faults, *done.failures, *stop.failures]
    if stop.signal is not None:
        failures.append(Interrupted(early_end(done.run, stop.signal, options.state), stop.signal))
    return Outcome(done.run, done.networks, figures, failures, files_written)


def _checked_inputs(options: RunOptions) -> list[str]:
    """The inputs, once it is certain that every file can be read and written.

    Raises:
        UsageError: it is not.
    """
    if not options.inputs and options.reading.follows is None:
        raise UsageError("there is nothing to replay: give a dump of posts, or follow events with --follows.")
    inputs = expand_inputs(options.inputs)
    read = [*inputs, *options.files(FileUse.READ).values()]
    if read.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once.")
    config = options.reading.config
    check_outputs(options.files(FileUse.WRITTEN), [*read, *([config] if config else [])])
    return inputs


def _kept(
    options: RunOptions, settings: Settings, inputs: list[str], held: ExitStack
) -> tuple[StateKeeping | None, ReportPosts]:
    """What keeps the state, if that is asked for, and where the posts of the report are."""
    if options.state is None:
        return None, held.enter_context(ReportPosts())
    for option, given in (
        ("--check-by-chance", options.detecting.check_by_chance),
        ("--try-suppressions", options.reading.try_suppressions),
    ):
        if given:
            raise UsageError(f"{option} needs all posts in one run. Leave it out with --state.")
    folder = held.enter_context(StateFolder(options.state).locked())
    report = options.writing.report is not None
    keeping = StateKeeping(folder, settings, options.reading, options.detecting, inputs, report=report)
    return keeping, held.enter_context(ReportPosts(folder.posts, keeping.report_files))


class _Trial:
    """Rules that are tried: read before the run, so that a wrong file ends it at once.

    Raises:
        InputError: the file cannot be read, or holds no rules.
    """

    def __init__(self, options: RunOptions, settings: Settings) -> None:
        self.before = NetworkCourses()
        self._rules = read_suppressions(options.reading.try_suppressions or "")
        if (names := pseudonym_records(settings.privacy)) is not None:
            self._rules = [names.rule(rule) for rule in self._rules]
        self._progress = not options.writing.no_progress

    def ended(self, done: Detected, spool: PostSpool, console: Console, stop: Stop) -> RuleTrial | None:
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
    options: RunOptions, done: Detected, spool: PostSpool, console: Console, stop: Stop
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
    path: str, done: Detected, figures: RunFigures, posts: ReportPosts, options: RunOptions, stop: Stop
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
