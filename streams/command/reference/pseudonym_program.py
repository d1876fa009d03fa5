"""The commands about pseudonyms, and their help texts."""

from typing import Annotated

import typer

from streams.command.faults import print_message, reported_faults
from streams.settings.options import Config

pseudonyms = typer.Typer(
    no_args_is_help=True, help="Make the key of pseudonyms, and find names again with it."
)


@pseudonyms.command()
def key(
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="A new file for the key.", show_default=False)
    ],
) -> None:
    """Make a key, in a file that only its owner can read. Name the file as `privacy.key_file`."""
    with reported_faults():
        from streams.command.reference.pseudonym_commands import write_key  # noqa: PLC0415 - --help need not wait for it

        print_message(write_key(out))


@pseudonyms.command()
def relink(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A file with pseudonyms, such as alerts; - for standard input.",
            show_default=False,
        ),
    ],
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="INPUT",
            help="A dump whose accounts are candidates; may be given several times.",
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option("--names", metavar="FILE", help="Candidates, one a line, as platform:account_id."),
    ] = None,
    config: Config = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Receives the CSV.")] = "-",
) -> None:
    """Say whose pseudonyms a file has: CSV with pseudonym and name. It takes the key, and candidates to compare.

    A pseudonym cannot be turned around, so names that are among no candidates are not found.
    """
    with reported_faults():
        from streams.command.reference import pseudonym_commands as commands  # noqa: PLC0415 - --help need not wait for it

        print_message(commands.relink(commands.Question(file, sources or [], names, config, out)))
