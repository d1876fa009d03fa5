"""The commands of `lockstep ingest` and their help texts. `streams.collect` does their work."""

import typer

from streams.command.faults import reported_faults
from streams.command.option_groups import grouped
from streams.outputs.plain_text import plain_lines
from streams.settings.ingest_options import CollectingOptions, JetstreamOptions, MastodonOptions

ingest = typer.Typer(
    no_args_is_help=True,
    help="Read a live source and write what it brings to the topics; SIGTERM ends it in order.",
)


@ingest.command()
@grouped
def jetstream(source: JetstreamOptions, collecting: CollectingOptions) -> None:
    """Posts, reposts and follows of Bluesky, from a Jetstream server. docs/live-sources.md describes it."""
    with reported_faults():
        from streams.collect import commands  # noqa: PLC0415 - --help need not wait for it

        typer.echo(plain_lines(commands.jetstream(source, collecting)), err=True)


@ingest.command()
@grouped
def mastodon(source: MastodonOptions, collecting: CollectingOptions) -> None:
    """Posts of a server of the fediverse, from its streaming API. docs/live-sources.md describes it."""
    with reported_faults():
        from streams.collect import commands  # noqa: PLC0415 - --help need not wait for it

        typer.echo(plain_lines(commands.mastodon(source, collecting)), err=True)
