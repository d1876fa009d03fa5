"""What a run writes at its end, or when it is stopped: pairs, timings and the report."""

import signal

import msgspec

from detectors.covertness.words import plural
from streams.outputs.output_files import OutputError, output
from streams.outputs.permalinks import Permalinks
from streams.replay.replay import Replay
from streams.replay.state.state_folder import is_kept
from streams.replay.stopping import Stop
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.pairs_csv import write_pairs
from streams.reports.report_posts import ReportPosts
from streams.reports.summary import RunFigures
from streams.settings.options import WritingOptions


def so_far(run: Replay) -> str:
    """What a run covers, in words."""
    reached = run.progress.event_time
    return f"after {plural(run.progress.posts, 'post')}" + (
        "" if reached is None else f", up to {reached:%Y-%m-%d %H:%M} UTC"
    )


def early_end(run: Replay, number: int | None, state: str | None) -> str:
    """How far a run came that ended before its inputs did, in words.

    Args:
        run: the run.
        number: of the signal that ended it; None: an output could not be written.
        state: folder of its state, if it is kept.
    """
    why = "it was interrupted" if number is not None else "an output could not be written"
    name = "" if number is None else f" ({signal.Signals(number).name})"
    if run.complete:
        return f"all posts were read, then {why}{name}; the outputs hold what was found."
    progress = run.progress
    reached = "" if progress.event_time is None else f", up to {progress.event_time:%Y-%m-%d %H:%M} UTC"
    share = (
        f"; {progress.bytes_read / progress.bytes_total:.0%} of the input was read"
        if progress.bytes_total
        else ""
    )
    return (
        f"the run ended early, because {why}{name}. It covers {plural(progress.posts, 'post')}{reached}{share}. The "
        "outputs hold what was found until then; networks that show only later are missing."
        + (f" The same command goes on from the state in {state}." if state and is_kept(state) else "")
    )


def write_pairs_and_timings(files: WritingOptions, run: Replay, stop: Stop) -> dict[str, str]:
    """Write pairs and timings; an output that fails does not keep the others from being written.

    Returns:
        Path of `--pairs` by its option, if it was written.
    """
    written = {}
    try:
        if files.pairs is not None:
            with output(files.pairs, lines=True) as file:
                write_pairs(file, run.pipeline)
            written["--pairs"] = files.pairs
    except OutputError as failure:
        stop.fail(failure)
    try:
        if files.timings is not None:
            with output(files.timings) as file:
                file.write(msgspec.json.encode(run.timings) + b"\n")
    except OutputError as failure:
        stop.fail(failure)
    return written


def write_run_report(
    path: str,
    inputs: list[str],
    figures: RunFigures,
    networks: LatestAlerts,
    posts: ReportPosts,
    links: Permalinks,
) -> None:
    """Write the report of a run, whole or not at all.

    Args:
        path: of the report.
        inputs: names of the files that were read.
        figures: of the run.
        networks: of the run.
        posts: of the run.
        links: to posts and profiles.

    Raises:
        OutputError: the report or temporary files cannot be written.
    """
    from streams.reports.page.case import posts_shown  # noqa: PLC0415 - loads Jinja, as the next one does
    from streams.reports.report import MOST_NETWORKS, shown_in_report, write_report  # noqa: PLC0415

    described = shown_in_report(networks, figures)[:MOST_NETWORKS]
    members = {member.account_id for alert in described for member in alert.members}
    details = posts.details(members, posts_shown(described))
    with output(path) as file:
        write_report(file, inputs, figures, networks, details=details, links=links)
