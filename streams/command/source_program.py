"""The commands about inputs, and their help texts."""

from typing import Annotated

import typer

from streams.command.faults import reported_faults

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
