"""The options of `lockstep calibrate`, as those of `streams.settings.options`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from streams.settings.options import READ, WRITTEN


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """What is read beside the alerts, and what is written."""

    reviews: Annotated[
        str,
        READ,
        typer.Option(
            "--reviews",
            metavar="FILE",
            help="The audit log of reviews, one event a line.",
            rich_help_panel="Reading",
            show_default=False,
        ),
    ]
    json: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the figures as JSON; - for standard output.",
            rich_help_panel="Writing",
        ),
    ] = None
    svg: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--svg",
            metavar="FILE",
            help="Draw the reliability curves.",
            rich_help_panel="Writing",
        ),
    ] = None
