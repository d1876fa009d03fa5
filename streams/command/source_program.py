"""The commands about inputs, and their help texts."""

from typing import Annotated

import typer

from streams.command.faults import reported_faults
from streams.settings.options import Config

sources = typer.Typer()
"""The main program shows these commands beside its own."""


@sources.command(name="sources")
def list_sources(
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """List the formats of inputs, and what each leaves detection without.

    The content of an input shows its format. docs/sources.md lists the fields that are read.
    """
    with reported_faults():
        from streams.command.source_commands import show_formats  # noqa: PLC0415 - --help need not wait for it

        show_formats(as_json=json)


@sources.command()
def inspect(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="An input: a file, plain or compressed, or - for standard input.",
            show_default=False,
        ),
    ],
    config: Config = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Read it as this format.")
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(
            "--write",
            metavar="FILE",
            help="Write the mapping of its columns to this file, to start from. It goes into --config.",
        ),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, max=1000, help="Posts that are shown.")] = 5,
) -> None:
    """Say what an input is and what it holds: its format, its first posts, and the share of links, texts and reposts.

    For a table or JSON in no known format, find the columns by their names and cells, and print the mapping to start
    from. The exit status is 1 if no posts can be read.
    """
    with reported_faults():
        from streams.command import source_commands as commands  # noqa: PLC0415 - --help need not wait for it

        if not commands.inspect_input(commands.Inspection(file, config, format, write, rows)):
            raise typer.Exit(1)
