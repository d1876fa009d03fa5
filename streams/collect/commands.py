"""`lockstep ingest jetstream` and `lockstep ingest mastodon`. `streams.command.ingest_program` reports their faults."""

import asyncio
import re
import signal
import sys
from collections.abc import Callable

import msgspec
from aiohttp import ClientSession

from schemas.service.topic import Role
from streams.collect.collector import Collector
from streams.collect.cursor_file import CursorFile
from streams.collect.figures import CollectorFigures
from streams.collect.http_session import client_session
from streams.collect.inbox import Inbox
from streams.collect.jetstream.connection import JetstreamSource
from streams.collect.jetstream.decoding import JetstreamDecoder
from streams.collect.jetstream.request import jetstream_request
from streams.collect.mastodon.connection import MastodonSource
from streams.collect.mastodon.decoding import MastodonDecoder
from streams.collect.mastodon.request import mastodon_request
from streams.collect.source import LiveSource
from streams.live.broker.broker_check import FAULTS, broker_error
from streams.live.broker.connection import connection
from streams.live.broker.topic_admin import require_topics
from streams.live.publishing.collector import checked_collector
from streams.live.service.web import Web, listen
from streams.outputs.plain_text import plain_lines
from streams.privacy.records import pseudonym_records
from streams.settings.ingest_options import CollectingOptions, JetstreamOptions, MastodonOptions
from streams.settings.settings import for_run, load_settings

SourceMaker = Callable[[ClientSession], LiveSource]
"""Makes a source from the session for its connections."""


def jetstream(source: JetstreamOptions, collecting: CollectingOptions) -> str:
    """Run `lockstep ingest jetstream`. Returns what was collected, in words.

    Raises:
        UsageError: an option cannot be used.
        InputError: a file cannot be used, or the server refuses the request.
    """
    request = jetstream_request(
        source.url, source.collections or (), source.wanted_dids, source.zstd_dictionary
    )
    decoder = JetstreamDecoder(request.host, second=request.second, profiles=source.profiles)

    def make(session: ClientSession) -> LiveSource:
        return JetstreamSource(request, session, decoder, _say, collecting.stall_after)

    return _collect(make, request.place, "jetstream", collecting)


def mastodon(source: MastodonOptions, collecting: CollectingOptions) -> str:
    """Run `lockstep ingest mastodon`. Returns what was collected, in words.

    Raises:
        UsageError: an option cannot be used.
        InputError: a file cannot be used, or the server refuses the request.
    """
    request = mastodon_request(source.server, source.stream, source.token_file)
    decoder = MastodonDecoder(request.host)

    def make(session: ClientSession) -> LiveSource:
        return MastodonSource(request, session, decoder, _say, collecting.stall_after)

    return _collect(make, request.place, request.name, collecting)


def _collect(make: SourceMaker, place: str, name: str, options: CollectingOptions) -> str:
    """Run a collector until a signal ends it.

    Args:
        make: makes the source.
        place: what its positions are places in.
        name: of the collector, unless the user gives one.
        options: of the user.
    """
    settings = for_run(load_settings(options.config), options.run_id)
    collector = checked_collector(options.collector or re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:64])
    broker = connection(settings.kafka)
    path = options.cursor_file or f"{settings.worker.data_dir}/{collector}.cursor"
    server = listen(msgspec.structs.replace(settings.worker, web_port=options.web_port))
    cursor = CursorFile(path, place)
    inbox = Inbox()

    async def run() -> CollectorFigures:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await require_topics(broker, settings.kafka.topic_prefix, Role.COLLECTOR)
        async with client_session() as session:
            source = make(session)
            figures = CollectorFigures(settings.kafka.topic_prefix, collector, source.name, inbox)
            web = Web(figures, server) if server is not None else None
            if web is not None:
                await web.start()
            _say(
                f"{source.name}: writes as {collector}; begins "
                + ("with what comes from now on." if cursor.position is None else f"where {path} says.")
            )
            try:
                await Collector(
                    source,
                    broker,
                    collector,
                    cursor,
                    inbox,
                    figures,
                    _say,
                    progress=not options.no_progress,
                    pseudonyms=pseudonym_records(settings.privacy),
                ).run(stop)
            except FAULTS as error:
                raise broker_error(error, broker, "collecting") from error
            finally:
                if web is not None:
                    await web.stop()
        return figures

    try:
        return asyncio.run(run()).summary()
    finally:
        cursor.close()


def _say(line: str) -> None:
    print(plain_lines(line), file=sys.stderr, flush=True)
