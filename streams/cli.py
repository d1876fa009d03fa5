"""The command line."""

import sys
from typing import Annotated

import msgspec
import typer

from schemas.errors import InputError, LockstepError
from streams.dead_letter_log import DeadLetterLog
from streams.exports.pairs_csv import write_pairs
from streams.replay import Replay
from streams.settings import load_settings
from streams.sources import expand_inputs

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def lockstep() -> None:
    """Find accounts that act together while pretending not to."""


@app.command()
def replay(
    inputs: Annotated[list[str], typer.Argument()],
    format: str | None = None,
    config: str | None = None,
    alerts: str | None = None,
    pairs: str | None = None,
    dead_letters: str | None = None,
    exact: bool = False,
    unordered: bool = False,
    timings: str | None = None,
    no_progress: bool = False,
) -> None:
    """Replay dumps of posts and raise the alerts that a live run would have raised."""
    settings = load_settings(config)
    if exact:
        settings = msgspec.structs.replace(settings, detection=settings.detection.exact())
    with DeadLetterLog(dead_letters, settings.input) as log:
        run = Replay(expand_inputs(inputs), settings, log, format=format, unordered=unordered)
        out = open(alerts, "wb") if alerts else None
        for alert in run.run():
            if out:
                out.write(msgspec.json.encode(alert) + b"\n")
        if out:
            out.close()
    if pairs:
        write_pairs(pairs, run.pipeline)
    if timings:
        open(timings, "wb").write(msgspec.json.encode(run.timings))
    print(run.progress, dict(log.counts), file=sys.stderr)
    if run.faults:
        raise run.faults[0]


def main() -> None:
    """Run the program; every expected error is a message and an exit status."""
    try:
        app()
    except LockstepError as error:
        print(f"lockstep: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, InputError) else 2)
