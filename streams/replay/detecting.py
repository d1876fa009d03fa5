"""Reads and detects, and writes what is written while a run goes on: alerts, networks, dead letters and signals."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import polars as pl
from rich.console import Console

from schemas.alerts import Alert
from schemas.errors import InputError
from streams.heartbeat import heartbeat
from streams.kernels.compiling import compile_kernels
from streams.ordering.order_state import OrderState
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.alert_sinks import AlertSinks
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.outputs.line_file import LineFile
from streams.outputs.output_files import OutputError
from streams.outputs.permalinks import Permalinks
from streams.outputs.signal_messages import write_signals
from streams.privacy.records import pseudonym_records
from streams.reference_files.erased_accounts import read_erased
from streams.reference_files.reference_inputs import ReferenceInputs, read_reference_inputs
from streams.replay.replay import Replay
from streams.replay.results import early_end, so_far
from streams.replay.run_options import RunOptions
from streams.replay.state.keeping import StateKeeping
from streams.replay.stopping import Stop
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.report_posts import ReportPosts
from streams.reports.summary import RunFigures
from streams.reports.who_and_what import FirstSuspects
from streams.settings.settings import Settings

Watcher = Callable[[Alert, Replay], None]
"""Called with every alert as it is raised."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What detection leaves behind when all posts are read."""

    run: Replay
    references: ReferenceInputs
    networks: LatestAlerts
    figures: RunFigures
    failures: list[InputError]


def detected(
    options: RunOptions,
    settings: Settings,
    inputs: list[str],
    console: Console,
    on_alert: Watcher,
    on_posts: Callable[[pl.DataFrame], None],
    stop: Stop,
    keeping: StateKeeping | None,
    kept_posts: ReportPosts | None,
) -> Detected:
    """Read and detect, and write alerts, networks and dead letters."""
    start = time.perf_counter()
    networks = LatestAlerts()
    suspects = FirstSuspects(console, shown=not options.writing.no_progress)

    def note(alert: Alert, run: Replay) -> None:
        suspects.see(alert)
        on_alert(alert, run)

    def lines(option: str, path: str) -> AbstractContextManager[LineFile]:
        return stop.lines(path) if keeping is None else keeping.lines(option, path, stop, console)

    def keep(order: OrderState) -> None:
        assert keeping is not None  # noqa: S101 - for the type checker: it is not due otherwise
        try:
            keeping.keep(order, run, networks, kept_posts)
        except OutputError as failure:
            stop.fail(failure)

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
            erased=read_erased(options.reading.erased, pseudonym_records(settings.privacy)),
            run_id=(keeping.run_id if keeping is not None else None) or uuid4().hex,
            stop=stop,
            shards=options.detecting.shards,
            due=None if keeping is None else lambda: stop.signal is not None or keeping.due(),
            on_state=keep,
        )
        references = _begun(
            run, options, keeping, networks, console, lambda *file: files.enter_context(lines(*file))
        )
        links = Permalinks(settings.permalinks)
        sinks = AlertSinks(
            *(
                None if path is None else files.enter_context(lines(option, path))
                for option, path in (
                    ("--alerts", options.writing.alerts),
                    ("--networks", options.writing.networks),
                )
            )
        )
        with bar, stop.deferring():
            failures = _followed(run, sinks, links, networks, note)
    heartbeat.doing("writing results")
    seconds = time.perf_counter() - start + (0.0 if keeping is None else keeping.seconds_before)
    figures = _figures(run, log, seconds, options, failed=bool(failures))
    if stop.failures:
        figures = replace(figures, unfinished=early_end(run, None, options.state))
    return Detected(run, references, networks, figures, failures)


def _begun(
    run: Replay,
    options: RunOptions,
    keeping: StateKeeping | None,
    networks: LatestAlerts,
    console: Console,
    opened: Callable[[str, str], LineFile],
) -> ReferenceInputs:
    """Open inputs and outputs, and read what is read before posts; a run that goes on is where it was kept."""
    goes_on = keeping is not None and keeping.goes_on
    if not goes_on:
        run.open()  # the inputs first: what is wrong with them shows at once
    compile_kernels(console.print, in_every_replay=True)
    signals, letters = options.writing.signals, options.writing.dead_letters
    if letters is not None and not goes_on:
        run.dead_letters.write_to(opened("--dead-letters", letters))
    if signals is not None:
        run.on_signals = partial(write_signals, opened("--signals", signals))
    # a state has the follow events, and what could not be used of these files
    reading = replace(options.reading, follows=None) if goes_on else options.reading
    names = pseudonym_records(run.settings.privacy)
    references = read_reference_inputs(reading, run.dead_letters, names, run.erased)
    run.set_reference_data(references)
    if keeping is not None and goes_on:
        keeping.go_on(run, networks)
        console.print(f"going on {so_far(run)}.")
        run.open()
        if letters is not None:
            run.dead_letters.write_to(opened("--dead-letters", letters))
    return references


def _followed(
    run: Replay, sinks: AlertSinks, links: Permalinks, networks: LatestAlerts, on_alert: Watcher
) -> list[InputError]:
    """Run, and write every alert. Returns the faults of inputs that ended the run; those of outputs go to `stop`."""
    try:
        for found in run.run():
            alert = links.linked(found)
            networks.add(alert)
            on_alert(alert, run)
            try:
                sinks.write(alert)
            except OutputError as failure:
                run.stop.fail(failure)  # the run ends with the posts in hand
    except InputError as failure:
        return [failure]
    except OutputError as failure:
        run.stop.fail(failure)
    return []


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
