"""`lockstep completion`: a script by which a shell completes commands and options.

The script asks the program itself, by an environment variable. So it stays right when options are added.
"""

import io
import os
from contextlib import redirect_stdout
from enum import Enum
from typing import Annotated

import typer

PROGRAM = "lockstep"
_VARIABLE = "_LOCKSTEP_COMPLETE"

completing = typer.Typer()
"""The main program shows this command beside its own."""


class Shell(Enum):
    """A shell that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@completing.command()
def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)],
) -> None:
    """Print a script that lets a shell complete commands and options.

    bash: lockstep completion bash > ~/.local/share/bash-completion/completions/lockstep.
    zsh: lockstep completion zsh > a file _lockstep in a folder of $fpath.
    fish: lockstep completion fish > ~/.config/fish/completions/lockstep.fish.
    """
    from typer import completion as typers  # noqa: PLC0415 - --help need not wait for it

    typers.completion_init()  # type: ignore[attr-defined] # typer re-exports it without saying so
    script = io.StringIO()
    with redirect_stdout(script):
        typers.shell_complete(context.find_root().command, {}, PROGRAM, _VARIABLE, f"source_{shell.value}")
    # fish would offer no files, and most arguments are files
    typer.echo(script.getvalue().replace(" --no-files ", " ").strip())


def answer_shell() -> None:
    """If a shell asks for completions, let typer know the shells; the program then answers and ends."""
    if _VARIABLE in os.environ:
        from typer import completion as typers  # noqa: PLC0415 - only then

        typers.completion_init()  # type: ignore[attr-defined] # typer re-exports it without saying so
