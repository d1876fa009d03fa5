"""`lockstep calibrate`: read alerts and verdicts, fit, and write figures, tables and a picture."""

from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectors.covertness.words import plural
from schemas.errors import InputError
from schemas.figures.calibration import CalibrationFigures, Method, ScoreCalibration
from streams.calibration.curves import calibration_of
from streams.calibration.picture import picture_of
from streams.calibration.reviewed import in_words, reviewed_figures, reviewed_rows
from streams.calibration.verdicts import COORDINATED, INAUTHENTIC, Scores, verdicts_of
from streams.exports.alert_files import every_alert
from streams.outputs.output_files import check_outputs, output
from streams.reference_files.reviews_file import read_reviews
from streams.settings.export_options import CalibrationOptions
from streams.settings.options import FileUse, named_files
from streams.version import VERSION

_SHOWN = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Scores in the table."""


def calibrate(alerts_path: str, options: CalibrationOptions, console: Console) -> None:
    """Do it.

    Args:
        alerts_path: of a file of alerts, with all their revisions.
        options: of the command.
        console: gets the tables.

    Raises:
        UsageError: an output cannot be written, or is an input.
        InputError: a file cannot be read, or there are no verdicts on these alerts.
        OutputError: an output cannot be written any further.
    """
    check_outputs(named_files(FileUse.WRITTEN, options), [alerts_path, options.reviews])
    figures = calibration_figures(alerts_path, options.reviews)
    if options.json is not None:
        with output(options.json) as file:
            file.write(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    if options.svg is not None:
        with output(options.svg) as file:
            file.write(picture_of(figures))
    _show(console, figures)


def calibration_figures(alerts_path: str, reviews_path: str) -> CalibrationFigures:
    """The figures of a file of alerts and a file of reviews; raises as `calibrate`."""
    scores = Scores()
    for alert in every_alert(alerts_path):
        scores.add(alert)
    events = read_reviews(reviews_path)
    verdicts = verdicts_of(events, scores, datetime.now(UTC))
    if not verdicts.known:
        raise InputError(
            f"{reviews_path}: has no label for a network of {alerts_path}"
            + (f"; {verdicts.unknown:,} are for other networks." if verdicts.unknown else ".")
        )
    decided = [verdict for verdict in verdicts.known if verdict.is_decided]
    return CalibrationFigures(
        scores=[
            calibration_of("covertness", "inauthentic", decided, INAUTHENTIC),
            calibration_of("coordination", "coordinated", decided, COORDINATED),
        ],
        reviewed=reviewed_figures(verdicts, len(scores.by_network)),
        other_revision=sum(not verdict.exact for verdict in verdicts.known),
        alerts=scores.alerts,
        reviews=len(events),
        config_hashes=sorted(scores.config_hashes),
        code_version=VERSION,
    )


def _show(console: Console, figures: CalibrationFigures) -> None:
    labelled = ", ".join(f"{count} {label}" for label, count in figures.reviewed.labelled.items() if count)
    console.print(
        Text(
            f"{plural(figures.alerts, 'alert')}, {plural(figures.reviews, 'review')}. "
            f"Networks with a label: {labelled}."
        )
    )
    table = _plain_table("precision by labels", "share (95% interval)", "of")
    for row in reviewed_rows(figures.reviewed):
        table.add_row(*row)
    console.print(table)
    for one in figures.scores:
        console.print()
        _show_score(console, one)
    console.print()
    console.print(Text(_warnings(figures)))


def _show_score(console: Console, one: ScoreCalibration) -> None:
    console.print(Text(f"{one.score}: {one.question}? {in_words(one.verdicts)}", style="bold"))
    console.print(Text(f"{one.method.value}: {one.reason}"))
    if one.without_score:
        console.print(Text(f"{one.without_score:,} verdicts are on alerts without this score."))
    if one.method is Method.NONE:
        return
    table = _plain_table("score", "probability", "95% interval", "verdicts nearby")
    for point in one.curve:
        if point.score in _SHOWN:
            interval = f"{point.low:.2f}-{point.high:.2f}"
            table.add_row(f"{point.score:.2f}", f"{point.probability:.2f}", interval, f"{point.verdicts:,}")
    console.print(table)
    table = _plain_table("predicted", "confirmed", "95% interval", "verdicts")
    for each in one.reliability:
        seen = each.observed
        interval = f"{seen.low:.2f}-{seen.high:.2f}"
        table.add_row(f"{each.predicted:.2f}", f"{seen.share or 0:.2f}", interval, f"{seen.networks:,}")
    console.print(table)
    if one.brier is not None and one.brier_without_score is not None:
        better = "better than" if one.brier < one.brier_without_score else "no better than"
        console.print(
            Text(
                f"For networks it has not seen, the mean squared error is {one.brier:.3f}, {better} the "
                f"{one.brier_without_score:.3f} of the plain share."
            )
        )
    if one.curve[-1].probability < one.curve[0].probability:
        console.print(
            Text("A higher score was confirmed less often. Do not use this curve; look at the verdicts.")
        )


def _warnings(figures: CalibrationFigures) -> str:
    words = [
        "These are probabilities that reviewers confirm networks like the ones they labelled. Reviewers choose what "
        "they look at, so other networks may differ."
    ]
    if len(figures.config_hashes) > 1:
        words.append(
            f"The alerts were made with {len(figures.config_hashes)} settings, whose scores do not compare."
        )
    if figures.other_revision:
        words.append(
            f"{figures.other_revision:,} verdicts are on revisions that are not in the file; the nearest earlier one "
            "was taken."
        )
    if figures.reviewed.awaiting_second:
        words.append(
            f"{figures.reviewed.awaiting_second:,} confirmed labels await a second reviewer, and count already."
        )
    if figures.reviewed.unknown:
        words.append(f"{figures.reviewed.unknown:,} labelled networks are not in the file.")
    return " ".join(words)


def _plain_table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table
