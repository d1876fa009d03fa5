"""The commands of the live service and their help texts. `streams.live` does their work.

The Kafka client is loaded only when a command needs it, so that `--help` is fast.
"""

from typing import Annotated

import typer

from streams.command.faults import reported_faults
from streams.command.option_groups import grouped
from streams.outputs.plain_text import plain_lines
from streams.settings.options import (
    Config,
    DeadLetters,
    NoProgress,
    ReadingOptions,
    RunId,
)
from streams.settings.publishing_options import OptionalInputs, PublishingOptions

live = typer.Typer()
"""The main program shows these commands beside its own: `lockstep topics`."""

topics = typer.Typer(no_args_is_help=True, help="Create and check the topics of the live service.")
live.add_typer(topics, name="topics")


@topics.command()
def create(config: Config = None, run_id: RunId = None) -> None:
    """Create the topics that are absent. Topics that exist never change; `topics check` shows how they differ."""
    with reported_faults():
        from streams.live.service import topic_commands  # noqa: PLC0415 - --help need not wait for it

        topic_commands.create(config, run_id)


@topics.command()
def check(
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare the topics on the broker with what they should be.

    The exit status is 1 if a topic is absent, or differs in partitions, copies, retention, policy or sizes.
    """
    with reported_faults():
        from streams.live.service import topic_commands  # noqa: PLC0415 - --help need not wait for it

        if not topic_commands.check(config, as_json=json):
            raise typer.Exit(1)


@topics.command()
def dump(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="TOPIC", help="Names without prefix, for example posts.v1.", show_default=False
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Folder for the files.", show_default=False)
    ],
    config: Config = None,
    run_id: RunId = None,
) -> None:
    """Write topics to files that `lockstep replay` reads, one JSON object a line.

    It writes what is there now, for example to find the networks of posts that came too late.
    """
    with reported_faults():
        from streams.live.service import topic_commands  # noqa: PLC0415 - --help need not wait for it

        topic_commands.dump(names, out, config, run_id)


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
            help="Port for metrics and health instead of worker.web_port; each worker on a machine needs its own.",
        ),
    ] = None,
    stages: Annotated[
        str | None,
        typer.Option(
            "--stages",
            metavar="NAMES",
            help="What this worker does: ingest, synchrony, networks, with commas between them. Default: all.",
        ),
    ] = None,
) -> None:
    """Run one worker of the live service; start more to share the work. SIGTERM ends it in order.

    The topics must exist: `lockstep topics create`.
    """
    with reported_faults():
        from streams.live.service import commands  # noqa: PLC0415 - --help need not wait for it

        status = commands.worker(config, run_id, web_port, stages)
        if status:
            raise typer.Exit(status)


@live.command()
@grouped
def publish(
    publishing: PublishingOptions,
    reading: ReadingOptions,
    inputs: OptionalInputs = None,
    dead_letters: DeadLetters = None,
    run_id: RunId = None,
    no_progress: NoProgress = False,
) -> None:
    """Publish dumps to the topics, in the order of event time. Reference data and follow events go first.

    Without dumps it publishes only the reference data and follow events that options name.
    """
    with reported_faults():
        from streams.live.service import commands  # noqa: PLC0415 - --help need not wait for it

        published = commands.publish(
            inputs or [],
            publishing,
            reading,
            run_id=run_id,
            dead_letters=dead_letters,
            progress=not no_progress,
        )
        typer.echo(plain_lines(published), err=True)
