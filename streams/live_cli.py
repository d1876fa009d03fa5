"""The commands of the live service: options and help texts. What they do is in `streams.live`.

Nothing of Kafka is loaded before a command needs it.
"""

from typing import Annotated

import typer

from streams.cli_faults import faults_told
from streams.cli_options import Config

live = typer.Typer()
"""Its commands stand beside the others: `lockstep topics`."""

topics = typer.Typer(no_args_is_help=True, help="Make and check the topics of the live service.")
live.add_typer(topics, name="topics")


@topics.command()
def create(config: Config = None) -> None:
    """Make the topics that are absent. What exists is never changed; `topics check` tells how it differs."""
    with faults_told():
        from streams.live import topic_commands  # noqa: PLC0415 - --help need not wait for it

        topic_commands.create(config)


@topics.command()
def check(
    config: Config = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON instead of for people.")
    ] = False,
) -> None:
    """Hold the topics on the broker against what they should be.

    The exit status is 1 when a topic is absent, or differs in partitions, copies, retention, policy or sizes.
    """
    with faults_told():
        from streams.live import topic_commands  # noqa: PLC0415 - --help need not wait for it

        if not topic_commands.check(config, as_json=json):
            raise typer.Exit(1)
