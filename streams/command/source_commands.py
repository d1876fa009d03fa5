"""The work of the commands about inputs."""

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.sources.formats.catalogue import catalogue


def show_formats(*, as_json: bool) -> None:
    """Print all formats: what they are, and what they leave detection without."""
    facts = catalogue()
    if as_json:
        listed = [
            {"name": one.name, "about": one.about, "fields": one.fields, "blind": one.blind} for one in facts
        ]
        typer.echo(msgspec.json.format(msgspec.json.encode(listed)).decode())
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("format", no_wrap=True)
    table.add_column("what it is")
    table.add_column("without")
    for one in facts:
        without = ", ".join(one.blind) if one.fields else "what the mapping does not name"
        table.add_row(one.name, one.about, without or "-")
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(
        "\nThe last column: what detection cannot look at in this format, whatever the input holds. The content of an "
        "input shows its format; --format overrides that."
    )
