"""The options that say which networks a replay shows, as those of `streams.settings.options`."""

from dataclasses import dataclass
from typing import Annotated

import typer

_SHOWING = "Showing"


@dataclass(frozen=True, kw_only=True)
class ShowingOptions:
    """Which networks the summary and the report show. Detection and all other outputs are the same without them."""

    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="N",
            min=1,
            help="Show at most N networks in the summary and in the report; by default 15 and 300.",
            rich_help_panel=_SHOWING,
            show_default=False,
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Show networks with evidence at or after this time: a date (2024-03-05), a time in UTC "
            "(2024-03-05T08:00), or a span before the last post (7d, 12h).",
            rich_help_panel=_SHOWING,
            show_default=False,
        ),
    ] = None
    platform: Annotated[
        list[str] | None,
        typer.Option(
            "--platform",
            metavar="NAME",
            help="Show networks with members on this platform; may be repeated.",
            rich_help_panel=_SHOWING,
            show_default=False,
        ),
    ] = None
    lang: Annotated[
        list[str] | None,
        typer.Option(
            "--lang",
            metavar="CODE",
            help="Show networks that post in this language (es, or pt for pt-BR as well); may be repeated.",
            rich_help_panel=_SHOWING,
            show_default=False,
        ),
    ] = None
    min_members: Annotated[
        int | None,
        typer.Option(
            "--min-members",
            metavar="N",
            min=2,
            help="Show networks with at least N members.",
            rich_help_panel=_SHOWING,
            show_default=False,
        ),
    ] = None
