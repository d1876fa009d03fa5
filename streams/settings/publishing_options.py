"""The options of `lockstep publish` beside those for reading, as in `streams.settings.options`."""

from dataclasses import dataclass
from typing import Annotated

import typer

OptionalInputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Dumps of posts, as for replay; none: only the reference data and follow events that options name.",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class PublishingOptions:
    """How dumps are published."""

    speed: Annotated[
        str,
        typer.Option(
            "--speed", metavar="60x|max", help="Multiple of event time, or as fast as the broker takes it."
        ),
    ] = "max"
    end: Annotated[
        bool,
        typer.Option(
            "--end",
            help="Announce at the end that no more posts will come, so that the last evidence settles as in a replay.",
        ),
    ] = False
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="FILE",
            help="Save the progress to this file. If it exists, continue from there.",
        ),
    ] = None
    collector: Annotated[
        str | None, typer.Option("--collector", metavar="NAME", help="Publish under this name.")
    ] = None
    delete_entity: Annotated[
        list[str] | None,
        typer.Option(
            "--delete-entity", metavar="ID", help="Delete this entity of the registry; may be repeated."
        ),
    ] = None
    delete_rule: Annotated[
        list[str] | None,
        typer.Option("--delete-rule", metavar="ID", help="Delete this reviewers' rule; may be repeated."),
    ] = None
