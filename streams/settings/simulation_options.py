"""Options of `lockstep simulate`."""

from dataclasses import dataclass
from typing import Annotated

import typer

_SIMULATING, _WRITING = "Simulating", "Writing"


@dataclass(frozen=True, kw_only=True)
class SimulationOptions:
    """What world is simulated, and where it is written."""

    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for the files: a new one, an empty one, or that of an earlier simulation.",
            rich_help_panel=_WRITING,
            show_default=False,
        ),
    ]
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", help="The same seed gives the same bytes.", rich_help_panel=_SIMULATING
        ),
    ] = 1
    accounts: Annotated[
        int,
        typer.Option(
            "--accounts",
            metavar="N",
            help="Ordinary accounts; accounts of states, press and planted networks are added.",
            rich_help_panel=_SIMULATING,
        ),
    ] = 20_000
    days: Annotated[
        int,
        typer.Option(
            "--days", metavar="N", help="Days that the simulation covers.", rich_help_panel=_SIMULATING
        ),
    ] = 7
    stealth: Annotated[
        int,
        typer.Option(
            "--stealth",
            metavar="0-3",
            help="How well the planted groups hide: 0 not at all; 3 they act late, seldom and in their own words.",
            rich_help_panel=_SIMULATING,
        ),
    ] = 1
    posts: Annotated[
        int | None,
        typer.Option(
            "--posts",
            metavar="N",
            help="Approximate number of posts; by default 300,000 for 20,000 accounts and 7 days.",
            rich_help_panel=_SIMULATING,
            show_default=False,
        ),
    ] = None
