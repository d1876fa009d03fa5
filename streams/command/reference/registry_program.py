"""The commands about registries, and their help texts."""

from typing import Annotated

import typer

from streams.command.faults import print_message, reported_faults

registry = typer.Typer(no_args_is_help=True, help="Check a registry, and bring public lists into it.")


@registry.command()
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A registry: CSV, or JSON objects, one a line.", show_default=False
        ),
    ],
) -> None:
    """Say whether a registry can be used, and what it holds: entities by kind, accounts, domains, sources.

    The exit status is 1 if it contradicts itself.
    """
    with reported_faults():
        from streams.command.reference import registry_commands as commands  # noqa: PLC0415 - --help need not wait

        for line in commands.checked(file):
            print_message(line)


@registry.command()
def merge(
    lists: Annotated[
        list[str],
        typer.Argument(
            metavar="LIST",
            help="Public lists: STIX 2.1, CSV of indicators, domains one a line, a table of entities with their "
            "handles (as Wikidata gives it), labels of platforms, registries. The content shows which.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str,
        typer.Option("--out", metavar="FILE", help="Receives the registry, one entity a line; - for stdout."),
    ] = "-",
    into: Annotated[
        str | None, typer.Option("--into", metavar="FILE", help="A registry that the lists are brought into.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Kind of entities whose kind a list does not say.")
    ] = "affiliate",
    entity: Annotated[
        str, typer.Option("--entity", metavar="NAME", help="Who all rows belong to that name nobody.")
    ] = "",
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="Where all rows come from that name no source.")
    ] = "",
) -> None:
    """Bring public lists into a registry. What has several owners stays with the first, and every conflict is named.

    Rows that name nothing a registry can have are named, too. The exit status is 1 if lists contradict each other.
    """
    with reported_faults():
        from streams.command.reference import registry_commands as commands  # noqa: PLC0415 - --help need not wait

        if not commands.merge_lists(commands.Merging(lists, out, into, kind, entity, source)):
            raise typer.Exit(1)
