"""The command line: options, help texts and exit statuses. What the commands do is in `streams.commands`.

Exit status: 0 done, 1 an input or an output failed, 2 wrong usage, 130 interrupted, 141 the reader of a pipe
has gone.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from schemas.errors import LockstepError, UsageError
from streams.plain_text import plain_lines
from streams.version import VERSION

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_READING, _WRITING, _DETECTING = "Reading", "Writing", "Detecting"

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Dumps of posts: files, plain or compressed with gzip or zstd, globs in quotes, or - for "
        "standard input.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Format of all inputs, if the content does not tell it: jsonl, coortweet, toolkit, ira, "
        "twitter-io, mapped.",
        rich_help_panel=_READING,
    ),
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings in TOML; `lockstep doctor` prints them all with their values.",
        rich_help_panel=_READING,
    ),
]
Accounts = Annotated[
    str | None,
    typer.Option(
        "--accounts",
        metavar="FILE",
        help="Account profiles, one JSON object a line: handle, creation time and followers for the alerts.",
        rich_help_panel=_READING,
    ),
]
Unordered = Annotated[
    bool,
    typer.Option(
        "--unordered",
        help="Sort every input by time first. Without it, inputs whose beginning is out of order are sorted.",
        rich_help_panel=_READING,
    ),
]
Exact = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="For audits: pair every share with every other, and forget nothing. Slow on viral objects.",
        rich_help_panel=_DETECTING,
    ),
]
Alerts = Annotated[
    str | None,
    typer.Option(
        "--alerts",
        metavar="FILE",
        help="Write alerts here as they are raised, one JSON object a line; - for standard output.",
        rich_help_panel=_WRITING,
    ),
]
Pairs = Annotated[
    str | None,
    typer.Option(
        "--pairs",
        metavar="FILE",
        help="Write pairs of accounts, what they shared together and what chance would give, as CSV.",
        rich_help_panel=_WRITING,
    ),
]
DeadLetters = Annotated[
    str | None,
    typer.Option(
        "--dead-letters",
        metavar="FILE",
        help="Write rows that could not be used here, one JSON object a line, each with its reason.",
        rich_help_panel=_WRITING,
    ),
]
Report = Annotated[
    str | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write what was found as one HTML page, to be read, printed or sent.",
        rich_help_panel=_WRITING,
    ),
]
Timings = Annotated[str | None, typer.Option("--timings", metavar="FILE", hidden=True)]
NoProgress = Annotated[
    bool, typer.Option("--no-progress", help="Draw no progress bar.", rich_help_panel=_WRITING)
]
Json = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the figures as JSON; - for standard output.",
        rich_help_panel=_WRITING,
    ),
]


Labels = Annotated[
    str,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="CSV with the columns account_id, label and, if you like, group; an id may have its platform "
        "before it, as in x:123.",
        rich_help_panel=_READING,
        show_default=False,
    ),
]
Positive = Annotated[
    str,
    typer.Option(
        "--positive",
        metavar="LABEL",
        help="The label of accounts that should be found; every other label is of those that should not.",
        rich_help_panel=_READING,
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lockstep {VERSION}")
        raise typer.Exit


@app.callback()
def lockstep(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Find accounts that act together while pretending not to."""


@app.command()
def replay(
    inputs: Inputs,
    format: Format = None,
    config: Config = None,
    accounts: Accounts = None,
    unordered: Unordered = False,
    exact: Exact = False,
    alerts: Alerts = None,
    pairs: Pairs = None,
    report: Report = None,
    dead_letters: DeadLetters = None,
    timings: Timings = None,
    no_progress: NoProgress = False,
) -> None:
    """Replay dumps of posts and raise the alerts that a live run would have raised.

    Data go to the files named or to standard output; a summary for people goes to standard error.
    """
    with _faults_told():
        from streams import commands  # noqa: PLC0415 - a second of loading that --help need not wait for

        failures = commands.replay(
            commands.RunOptions(
                inputs=inputs,
                format=format,
                config=config,
                accounts=accounts,
                unordered=unordered,
                exact=exact,
                alerts=alerts,
                pairs=pairs,
                report=report,
                dead_letters=dead_letters,
                timings=timings,
                progress=not no_progress,
            )
        )
        _end(failures)


@app.command()
def backtest(
    inputs: Inputs,
    labels: Labels,
    positive: Positive = "io",
    format: Format = None,
    config: Config = None,
    accounts: Accounts = None,
    unordered: Unordered = False,
    exact: Exact = False,
    json: Json = None,
    alerts: Alerts = None,
    pairs: Pairs = None,
    report: Report = None,
    dead_letters: DeadLetters = None,
    timings: Timings = None,
    no_progress: NoProgress = False,
) -> None:
    """Replay dumps of labelled accounts and measure how much was found, how rightly and how soon.

    What each figure means is in docs/backtest.md.
    """
    with _faults_told():
        from streams import commands  # noqa: PLC0415 - a second of loading that --help need not wait for

        failures = commands.backtest(
            commands.RunOptions(
                inputs=inputs,
                format=format,
                config=config,
                accounts=accounts,
                unordered=unordered,
                exact=exact,
                alerts=alerts,
                pairs=pairs,
                report=report,
                dead_letters=dead_letters,
                timings=timings,
                progress=not no_progress,
                more_inputs={"--labels": labels},
                more_outputs={"--json": json},
            ),
            labels,
            positive,
            json,
        )
        _end(failures)


@app.command()
def doctor(
    config: Config = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON instead of for people.")
    ] = False,
) -> None:
    """Check the environment and the settings: what is wrong, and how to mend it.

    The exit status is 1 when a check failed.
    """
    with _faults_told():
        from streams import commands  # noqa: PLC0415 - a second of loading that --help need not wait for

        if not commands.doctor(config, as_json=json):
            raise typer.Exit(1)


def main() -> None:
    """Run the program; every expected error is a message and an exit status."""
    # streams that the caller has closed: nothing comes in, and nobody wants to hear anything
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    # temporary files go when the program is told to end, too
    signal.signal(signal.SIGTERM, _terminated)
    app()


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _faults_told() -> Iterator[None]:
    """Turn every fault that a user can cause or meet into a message and an exit status."""
    try:
        yield
    except LockstepError as error:
        _say(str(error))
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except KeyboardInterrupt:
        _say("interrupted; outputs hold what was found until then")
        raise typer.Exit(130) from None
    except MemoryError:
        _say("out of memory; `lockstep doctor` tells which settings bound it")
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # nothing may be flushed into the closed pipe when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None


def _end(failures: Sequence[LockstepError]) -> None:
    """Say why a run failed, if it did."""
    for failure in failures:
        _say(str(failure))
    if failures:
        raise typer.Exit(1)


def _say(message: str) -> None:
    # what comes from the data is in there, too
    print(f"lockstep: {plain_lines(message)}", file=sys.stderr)
