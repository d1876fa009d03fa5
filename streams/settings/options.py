"""The options of the command line, each declared once: name, type, default, help, and whether it names a file.

A command takes these groups whole (`streams.command.option_groups`), and what it calls takes them whole, too. So a new
option is a field here and the line that uses it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, get_args, get_type_hints

import typer


class FileUse(Enum):
    """What a run does with the file that an option names."""

    READ = "read"
    WRITTEN = "written"


READ, WRITTEN = FileUse.READ, FileUse.WRITTEN
_READING, _WRITING, _DETECTING = "Reading", "Writing", "Detecting"

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Dumps of posts: files (plain, gzip, zstd, bzip2, xz, zip, Parquet), globs in quotes, or - for "
        "standard input.",
        show_default=False,
    ),
]
InputsIfAny = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Dumps of posts: files, plain or compressed with gzip or zstd, globs in quotes, or - for "
        "standard input. Not needed with --follows.",
        show_default=False,
    ),
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings in TOML; `lockstep doctor` prints all of them with their values.",
        rich_help_panel=_READING,
    ),
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id",
        metavar="ID",
        help="Use the topics of this replay, apart from the live ones. Its alerts page no one.",
    ),
]
DeadLetters = Annotated[
    str | None,
    WRITTEN,
    typer.Option(
        "--dead-letters",
        metavar="FILE",
        help="Write rows that cannot be used to this file, one JSON object a line, each with its reason.",
        rich_help_panel=_WRITING,
    ),
]
NoProgress = Annotated[
    bool, typer.Option("--no-progress", help="Draw no progress bar.", rich_help_panel=_WRITING)
]


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How posts are read, and the files that are read with them."""

    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Format of all inputs, if their content does not show it; `lockstep sources` lists the formats.",
            rich_help_panel=_READING,
        ),
    ] = None
    config: Config = None
    registry: Annotated[
        str | None,
        READ,
        typer.Option(
            "--registry",
            metavar="FILE",
            help="Known entities (state media, diplomats, companies) as CSV, or as JSON objects, one a line. Without "
            "it, alerts do not say whether a network is covert.",
            rich_help_panel=_READING,
        ),
    ] = None
    follows: Annotated[
        str | None,
        READ,
        typer.Option(
            "--follows",
            metavar="FILE",
            help="Follow events, JSON objects one a line or in an array: who follows the accounts of a network, and "
            "which accounts follow the same others together.",
            rich_help_panel=_READING,
        ),
    ] = None
    accounts: Annotated[
        str | None,
        READ,
        typer.Option(
            "--accounts",
            metavar="FILE",
            help="Account profiles, JSON objects one a line or in an array: handle, followers, creation time, labels.",
            rich_help_panel=_READING,
        ),
    ] = None
    erased: Annotated[
        str | None,
        READ,
        typer.Option(
            "--erased",
            metavar="FILE",
            help="Accounts that are to be left out, one a line as platform:account_id: their posts, profiles and "
            "follows.",
            rich_help_panel=_READING,
        ),
    ] = None
    suppressions: Annotated[
        str | None,
        READ,
        typer.Option(
            "--suppressions",
            metavar="FILE",
            help="Reviewers' rules, JSON objects one a line or in an array: networks to mute, accounts to allow.",
            rich_help_panel=_READING,
        ),
    ] = None
    try_suppressions: Annotated[
        str | None,
        READ,
        typer.Option(
            "--try-suppressions",
            metavar="FILE",
            help="Rules that are not in force yet. Detection runs once more with them, and the summary says what each "
            "would mute and allow. The outputs are those without them.",
            rich_help_panel=_READING,
        ),
    ] = None
    reviews: Annotated[
        str | None,
        READ,
        typer.Option(
            "--reviews",
            metavar="FILE",
            help="The audit log of reviews, JSON objects one a line or in an array. What reviewers mute and allow "
            "counts like a rule.",
            rich_help_panel=_READING,
        ),
    ] = None
    unordered: Annotated[
        bool,
        typer.Option(
            "--unordered",
            help="Sort every input by time first. Otherwise only inputs whose beginning is out of order are sorted.",
            rich_help_panel=_READING,
        ),
    ] = False


def _shards(given: str | int) -> int:
    """A number of shards that all parts can be shared out to, as it is typed or as it is by default."""
    from detectors.shards import SHARD_COUNTS  # noqa: PLC0415 - --help loads nothing that computes

    text = str(given)
    if not text.isdecimal() or int(text) not in SHARD_COUNTS:
        raise typer.BadParameter(f"{text} is none of {', '.join(map(str, SHARD_COUNTS))}.")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class DetectingOptions:
    """How detection is run."""

    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="For audits: pair every share with every other and keep all evidence. Slow on viral objects.",
            rich_help_panel=_DETECTING,
        ),
    ] = False
    check_by_chance: Annotated[
        int,
        typer.Option(
            "--check-by-chance",
            metavar="N",
            min=0,
            max=1_000,
            help="Repeat the detection on N copies of the posts in which nobody acts together, and report what chance "
            "and shared interest made. Each copy takes about as long as the run itself.",
            rich_help_panel=_DETECTING,
        ),
    ] = 0
    shards: Annotated[
        int,
        typer.Option(
            "--shards",
            metavar="N",
            parser=_shards,
            help="Threads that detection may use: 1, 2, 4, 8 or 16. Alerts are the same; only large inputs gain time.",
            rich_help_panel=_DETECTING,
        ),
    ] = 1


@dataclass(frozen=True, kw_only=True)
class WritingOptions:
    """What a replay or backtest writes."""

    alerts: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--alerts",
            metavar="FILE",
            help="Write alerts to this file as they are raised, one JSON object a line; - for standard output.",
            rich_help_panel=_WRITING,
        ),
    ] = None
    networks: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--networks",
            metavar="FILE",
            help="Write the network of each alert, one JSON object a line, with all samples of evidence; an alert has "
            "the first of them.",
            rich_help_panel=_WRITING,
        ),
    ] = None
    signals: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--signals",
            metavar="FILE",
            help="Write figures about accounts and pairs that changed, one JSON object a line, as the live service has "
            "them on its topics engagement.v1, followers.v1 and synchrony.v1.",
            rich_help_panel=_WRITING,
        ),
    ] = None
    pairs: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--pairs",
            metavar="FILE",
            help="Write pairs of accounts as CSV: their co-shares, and how many chance would give.",
            rich_help_panel=_WRITING,
        ),
    ] = None
    report: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write the networks as one HTML page to read, print or send.",
            rich_help_panel=_WRITING,
        ),
    ] = None
    dead_letters: DeadLetters = None
    metrics: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--metrics",
            metavar="FILE",
            help="Write the figures for Prometheus (node-exporter's textfile format). The file's name is the run's.",
            rich_help_panel=_WRITING,
        ),
    ] = None
    timings: Annotated[str | None, WRITTEN, typer.Option("--timings", metavar="FILE", hidden=True)] = None
    no_progress: NoProgress = False


@dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """What a backtest is measured against."""

    labels: Annotated[
        str,
        READ,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="CSV with the columns account_id and label; further columns are ignored. An id may have its platform "
            "before it, as in x:123.",
            rich_help_panel=_READING,
            show_default=False,
        ),
    ]
    positive: Annotated[
        str,
        typer.Option(
            "--positive",
            metavar="LABEL",
            help="Label of the accounts that should be found; accounts with any other label should not.",
            rich_help_panel=_READING,
        ),
    ] = "io"


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """Where a backtest writes its figures."""

    json: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the figures as JSON; - for standard output.",
            rich_help_panel=_WRITING,
        ),
    ] = None


def named_files(use: FileUse, *groups: object) -> dict[str, str]:
    """The files that groups of options name for reading, or for writing.

    Args:
        use: which of the two.
        groups: dataclasses of this module. An option is called after its field: `dead_letters` is `--dead-letters`.

    Returns:
        Path by option, in the order of the fields; options that were not given are left out.
    """
    return {
        f"--{name.replace('_', '-')}": getattr(group, name)
        for group in groups
        for name, declared in get_type_hints(type(group), include_extras=True).items()
        if use in get_args(declared) and getattr(group, name) is not None
    }
