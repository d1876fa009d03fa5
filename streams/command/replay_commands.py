"""The commands without Kafka; `streams.command.program` turns their faults into messages and exit statuses."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.alerts import Alert
from schemas.errors import LockstepError
from schemas.figures.backtest import BacktestFigures
from schemas.figures.reviewed import ReviewedFigures
from streams.calibration.reviewed import reviewed_figures, reviewed_rows
from streams.calibration.verdicts import Scores, verdicts_of
from streams.heartbeat import heartbeat
from streams.outputs.output_files import output
from streams.outputs.plain_text import plain
from streams.outputs.terminal import text_console
from streams.privacy.records import pseudonym_records
from streams.reference_files.labels import read_labels
from streams.reference_files.reviews_file import read_reviews
from streams.replay.backtest import BacktestScores
from streams.replay.local_run import STDIN, Outcome, local_run, settings_of
from streams.replay.replay import Replay
from streams.replay.run_options import RunOptions
from streams.replay.stopping import Stop
from streams.reports.durations import duration
from streams.reports.summary import show_summary
from streams.settings.options import FigureOptions, LabelOptions
from streams.version import VERSION

__all__ = ["RunOptions", "backtest", "doctor", "replay"]


def replay(options: RunOptions) -> Sequence[LockstepError]:
    """`lockstep replay`: the reasons why it failed; none if all is well."""
    console = text_console(stderr=True)
    with Stop().on_signals() as stop:
        outcome = local_run(options, console, stop=stop)
    if options.writing.metrics is not None:
        from streams.replay.run_metrics import write_run_metrics  # noqa: PLC0415 - loads the Prometheus client

        write_run_metrics(options.writing.metrics, outcome)
    _show(console, outcome)
    return outcome.failures


def backtest(
    options: RunOptions, labels: LabelOptions, figure_options: FigureOptions
) -> Sequence[LockstepError]:
    """`lockstep backtest`: a replay compared with labels."""
    console = text_console(stderr=True)
    names = pseudonym_records(settings_of(options).privacy)
    scores = BacktestScores(read_labels(labels.labels, labels.positive, names))
    json = figure_options.json
    reviewed = Scores()

    def note(alert: Alert, run: Replay) -> None:
        assert run.progress.tick is not None  # noqa: S101 - for the type checker; an alert has been raised
        scores.add_alert(
            alert,
            run.progress.tick,
            unnamed=run.unnamed_members(alert),
        )
        if options.reading.reviews is not None:
            reviewed.add(alert)

    with Stop().on_signals() as stop:
        outcome = local_run(options, console, note, scores.add_posts, stop)
    scores.check_known(labels.labels)
    figures = BacktestFigures(
        accounts=scores.account_figures(),
        networks=scores.network_figures(),
        suspected=scores.suspected_figures(),
        time_to_detection_s=scores.time_to_detection(),
        first_detection_s=scores.first_detection_s(outcome.run.first_time),
        alerts=outcome.figures.alerts,
        posts=outcome.figures.posts,
        dead_letters=sum(outcome.figures.dead_letters.values()),
        seconds=round(outcome.figures.seconds, 3),
        by_chance=outcome.figures.by_chance,
        reviewed=_reviewed(options.reading.reviews, reviewed),
        config_hash=outcome.run.settings.detection.digest,
        code_version=VERSION,
    )
    if json is not None:
        with output(json) as file:
            file.write(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    if options.writing.metrics is not None:
        from streams.replay.run_metrics import write_run_metrics  # noqa: PLC0415 - loads the Prometheus client

        write_run_metrics(options.writing.metrics, outcome, figures)
    _show(console, outcome)
    console.print()
    console.print(_figures_table(figures))
    if json not in (None, "-"):
        console.print(Text(plain(f"figures: {json}")))
    return outcome.failures


def _reviewed(path: str | None, scores: Scores) -> ReviewedFigures | None:
    """Precision by reviewed labels; None without a file of reviews, or where it was standard input and is read."""
    if path is None or path == STDIN:
        return None
    verdicts = verdicts_of(read_reviews(path), scores, datetime.now(UTC))
    return reviewed_figures(verdicts, len(scores.by_network))


def doctor(config: str | None, *, registry: str | None, live: bool, as_json: bool) -> bool:
    """`lockstep doctor`: whether no check failed."""
    from streams.doctor.doctor import examine, show_findings  # noqa: PLC0415 - other commands need none of it

    findings = examine(config, registry=registry, live=live)
    if as_json:
        with output("-") as file:
            file.write(msgspec.json.format(msgspec.json.encode(findings), indent=1) + b"\n")
    else:
        show_findings(text_console(stderr=False), findings)
    return findings.healthy


def _show(console: Console, outcome: Outcome) -> None:
    heartbeat.end()  # no line amid the summary
    show_summary(console, outcome.figures, outcome.networks)
    if outcome.written:
        console.print()
        for option, path in outcome.written.items():
            console.print(Text(plain(f"{option[2:].replace('-', ' ')}: {path}")))


def _figures_table(figures: BacktestFigures) -> Table:
    accounts, networks, waits = figures.accounts, figures.networks, figures.time_to_detection_s
    suspected = figures.suspected
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("meaning", ratio=1)
    for name, value, meaning in (
        (
            "precision",
            _share(accounts.precision),
            f"share of the {accounts.found:,} labelled accounts found that have the positive label",
        ),
        (
            "recall",
            _share(accounts.recall),
            f"share of the {accounts.positive:,} accounts with the positive label that were found",
        ),
        ("F1", _share(accounts.f1), "harmonic mean of precision and recall"),
        (
            "average precision",
            _share(accounts.average_precision),
            "over all thresholds; suspected accounts come first, then coordination x membership",
        ),
        (
            "suspected covert",
            f"{suspected.accounts:,}",
            f"labelled accounts in {suspected.networks:,} networks: precision {_share(suspected.precision)}, recall "
            f"{_share(suspected.recall)}",
        ),
        (
            "purity",
            _share(networks.purity),
            "share of labelled members that have the most frequent label of their network",
        ),
        (
            "time to detection",
            _time(waits.p50),
            f"for half of the accounts found; for nine in ten {_time(waits.p90)}",
        ),
        ("first detection", _time(figures.first_detection_s), "after the first post of the data"),
    ):
        table.add_row(name, value, meaning)
    if figures.reviewed is not None:
        for row in reviewed_rows(figures.reviewed):
            table.add_row(*row)
    if accounts.without_posts:
        table.add_row(
            "without posts", f"{accounts.without_posts:,}", "labelled accounts without a post in the data"
        )
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else duration(timedelta(seconds=seconds))
