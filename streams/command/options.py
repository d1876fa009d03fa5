"""The options of the command line, with their help texts; commands that share an option share it here."""

from typing import Annotated

import typer

_READING, _WRITING, _DETECTING, _SIMULATING = "Reading", "Writing", "Detecting", "Simulating"

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
        help="Account profiles, one JSON object a line: handle, followers, creation time, labels.",
        rich_help_panel=_READING,
    ),
]
Registry = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="FILE",
        help="Who is known (state media, diplomats, companies), as JSON objects, one a line, or CSV. Without it, "
        "alerts do not say whether a network is covert.",
        rich_help_panel=_READING,
    ),
]
Follows = Annotated[
    str | None,
    typer.Option(
        "--follows",
        metavar="FILE",
        help="Follow events, one JSON object a line: who follows the accounts of a network.",
        rich_help_panel=_READING,
    ),
]
Suppressions = Annotated[
    str | None,
    typer.Option(
        "--suppressions",
        metavar="FILE",
        help="Rules of reviewers, one JSON object a line: networks to mute, accounts to allow.",
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
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="FILE",
        help="Write the figures for Prometheus (node-exporter's textfile format); the run is called after the file.",
        rich_help_panel=_WRITING,
    ),
]
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
SimulationFolder = Annotated[
    str,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write the files here: a new folder, an empty one, or that of an earlier simulation.",
        rich_help_panel=_WRITING,
        show_default=False,
    ),
]
Seed = Annotated[
    int,
    typer.Option("--seed", metavar="N", help="Equal seeds give equal bytes.", rich_help_panel=_SIMULATING),
]
SimulatedAccounts = Annotated[
    int,
    typer.Option(
        "--accounts",
        metavar="N",
        help="Ordinary accounts; states, press and what is planted come in addition.",
        rich_help_panel=_SIMULATING,
    ),
]
Days = Annotated[
    int, typer.Option("--days", metavar="N", help="Length of the world.", rich_help_panel=_SIMULATING)
]
Stealth = Annotated[
    int,
    typer.Option(
        "--stealth",
        metavar="0-3",
        help="How well the planted groups hide: 0 in plain sight; 3 late, seldom and in words of their own.",
        rich_help_panel=_SIMULATING,
    ),
]
Posts = Annotated[
    int | None,
    typer.Option(
        "--posts",
        metavar="N",
        help="About how many posts in all; 300,000 for 20,000 accounts and 7 days.",
        rich_help_panel=_SIMULATING,
        show_default=False,
    ),
]
