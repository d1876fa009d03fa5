"""The options of the command line, with their help texts; commands that share an option share it here."""

from typing import Annotated

import typer

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
