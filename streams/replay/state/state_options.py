"""The option of a run that can be interrupted and goes on later."""

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True, kw_only=True)
class StateOptions:
    """Where the state of a run is kept."""

    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="DIR",
            help="Keep the state of the run in this folder, at intervals and when it is interrupted. The same command "
            "goes on from there, also with more posts in the inputs or with further inputs.",
            rich_help_panel="Writing",
        ),
    ] = None
