"""The options of `lockstep ingest`, as in `streams.settings.options`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from streams.settings.options import Config, RunId


@dataclass(frozen=True, kw_only=True)
class CollectingOptions:
    """What all live sources share."""

    config: Config = None
    run_id: RunId = None
    collector: Annotated[
        str | None,
        typer.Option(
            "--collector",
            metavar="NAME",
            help="Write under this name; each collector needs its own. By default it is made of the source.",
        ),
    ] = None
    cursor_file: Annotated[
        str | None,
        typer.Option(
            "--cursor-file",
            metavar="FILE",
            help="Keep in this file how far it is, and go on from there. By default NAME.cursor in worker.data_dir.",
        ),
    ] = None
    stall_after: Annotated[
        float,
        typer.Option(
            "--stall-after",
            metavar="SECONDS",
            min=1.0,
            max=86_400.0,
            help="Connect again when the source has sent nothing for so long.",
        ),
    ] = 60.0
    web_port: Annotated[
        int,
        typer.Option(
            "--web-port",
            metavar="PORT",
            min=0,
            max=65_535,
            help="Serve metrics and health at this port of worker.web_host; 0: nowhere.",
        ),
    ] = 0
    no_progress: Annotated[
        bool, typer.Option("--no-progress", help="Print only what happens, and no line every 5 s.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class JetstreamOptions:
    """What is read of Bluesky."""

    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="Address of a Jetstream server, of either version."),
    ] = "wss://jetstream2.us-east.bsky.network/subscribe"
    collections: Annotated[
        list[str] | None,
        typer.Option(
            "--collections",
            metavar="NAME",
            help="Kinds of records; may be repeated. By default posts, reposts and follows.",
            show_default=False,
        ),
    ] = None
    wanted_dids: Annotated[
        str | None,
        typer.Option(
            "--wanted-dids", metavar="FILE", help="Only these accounts: a file with a DID on each line."
        ),
    ] = None
    zstd_dictionary: Annotated[
        str | None,
        typer.Option(
            "--zstd-dictionary",
            metavar="FILE",
            help="The dictionary with which the server compresses. Without it nothing is compressed with zstd.",
        ),
    ] = None
    profiles: Annotated[
        bool,
        typer.Option(
            "--profiles",
            help="Write handles, names and descriptions to the topic of accounts as well. They replace fuller profiles "
            "that others write there.",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class MastodonOptions:
    """What is read of a server of the fediverse."""

    server: Annotated[
        str,
        typer.Option(
            "--server",
            metavar="URL",
            help="The server, such as https://mastodon.example.",
            show_default=False,
        ),
    ]
    stream: Annotated[
        str,
        typer.Option(
            "--stream",
            metavar="NAME",
            help="public, public:local, public:remote, hashtag:NAME or hashtag:local:NAME.",
        ),
    ] = "public"
    token_file: Annotated[
        str | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="File that holds the access token; LOCKSTEP_MASTODON_TOKEN in the environment replaces it.",
        ),
    ] = None
