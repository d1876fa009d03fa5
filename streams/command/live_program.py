"""The commands of the live service: options and help texts. What they do is in `streams.live`.

Nothing of Kafka is loaded before a command needs it.
"""

from typing import Annotated

import typer

from streams.command.faults import faults_told
from streams.command.options import (
    Accounts,
    Config,
    DeadLetters,
    Follows,
    Format,
    Inputs,
    NoProgress,
    Registry,
    Suppressions,
    Unordered,
)
from streams.outputs.plain_text import plain_lines

live = typer.Typer()
"""Its commands stand beside the others: `lockstep topics`."""

RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id",
        metavar="ID",
        help="Use the topics of this replay, apart from the live ones; its alerts page nobody.",
    ),
]

topics = typer.Typer(no_args_is_help=True, help="Make and check the topics of the live service.")
live.add_typer(topics, name="topics")


@topics.command()
def create(config: Config = None, run_id: RunId = None) -> None:
    """Make the topics that are absent. What exists is never changed; `topics check` tells how it differs."""
    with faults_told():
        from streams.live.service import topic_commands  # noqa: PLC0415 - --help need not wait for it

        topic_commands.create(config, run_id)


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
        from streams.live.service import topic_commands  # noqa: PLC0415 - --help need not wait for it

        if not topic_commands.check(config, as_json=json):
            raise typer.Exit(1)


@live.command()
def worker(
    config: Config = None,
    run_id: RunId = None,
    web_port: Annotated[
        int | None,
        typer.Option(
            "--web-port",
            metavar="PORT",
            min=0,
            max=65_535,
            help="Serve metrics and health here, not at worker.web_port; each worker of a machine needs its own.",
        ),
    ] = None,
) -> None:
    """Run one worker of the live service; start more to share the work. SIGTERM ends it in order.

    The topics have to be there: `lockstep topics create`.
    """
    with faults_told():
        from streams.live.service import commands  # noqa: PLC0415 - --help need not wait for it

        status = commands.worker(config, run_id, web_port)
        if status:
            raise typer.Exit(status)


@live.command()
def publish(
    inputs: Inputs,
    speed: Annotated[
        str,
        typer.Option(
            "--speed", metavar="60x|max", help="Multiple of event time, or as fast as the broker takes it."
        ),
    ] = "max",
    end: Annotated[
        bool,
        typer.Option(
            "--end",
            help="Say at the end that nothing more will come, so that the last evidence is settled as in a replay.",
        ),
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="FILE",
            help="Note in this file how far it has come, and go on from there if it exists.",
        ),
    ] = None,
    format: Format = None,
    config: Config = None,
    registry: Registry = None,
    follows: Follows = None,
    accounts: Accounts = None,
    suppressions: Suppressions = None,
    unordered: Unordered = False,
    dead_letters: DeadLetters = None,
    run_id: RunId = None,
    no_progress: NoProgress = False,
) -> None:
    """Publish dumps onto the topics, in the order of event time; reference data and follow events go first."""
    with faults_told():
        from streams.live.publishing.publish import PublishOptions  # noqa: PLC0415 - nor for this
        from streams.live.service import commands  # noqa: PLC0415 - --help need not wait for it

        said = commands.publish(
            inputs,
            PublishOptions(
                registry=registry,
                suppressions=suppressions,
                accounts=accounts,
                follows=follows,
                speed=commands.speed_of(speed),
                end=end,
                resume=resume,
            ),
            config=config,
            run_id=run_id,
            format=format,
            unordered=unordered,
            dead_letters=dead_letters,
            progress=not no_progress,
        )
        typer.echo(plain_lines(said), err=True)
