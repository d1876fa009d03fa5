"""`lockstep worker` and `lockstep publish`. `streams.command.live_program` turns their faults into exit statuses."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import nullcontext

import msgspec
from rich.console import Console

from schemas.errors import UsageError
from schemas.service.topic import Role
from schemas.service.topics import DEAD_LETTERS, POSTS
from streams.live.broker.broker_check import FAULTS, broker_error
from streams.live.broker.connection import connection
from streams.live.broker.topic_admin import require_topics
from streams.live.publishing.publish import Publisher, PublishOptions
from streams.live.stages.worker_stages import stages_of
from streams.ordering.ordered_posts import OrderedPosts
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.outputs.output_files import output
from streams.outputs.plain_text import plain_lines
from streams.privacy.records import pseudonym_records
from streams.reference_files.erased_accounts import read_erased
from streams.settings.options import ReadingOptions
from streams.settings.publishing_options import PublishingOptions
from streams.settings.settings import for_run, load_settings
from streams.sources import expand_inputs

_SPEED = re.compile(r"(\d+(?:\.\d+)?)x", re.ASCII)


def speed_of(text: str) -> float | None:
    """Read `60x` or `max` (None).

    Raises:
        UsageError: it is neither of these.
    """
    if text == "max":
        return None
    match = _SPEED.fullmatch(text)
    if match is None or not float(match[1]):
        raise UsageError(f"--speed: give max, or a multiple of event time such as 60x, not {text!r}.")
    return float(match[1])


def worker(
    config: str | None, run_id: str | None, web_port: int | None = None, stages: str | None = None
) -> int:
    """Run `lockstep worker`. Returns the exit status."""
    from streams.live.service.worker import run  # noqa: PLC0415 - Faust takes a second to load

    settings = for_run(load_settings(config), run_id)
    if web_port is not None:
        settings = msgspec.structs.replace(
            settings, worker=msgspec.structs.replace(settings.worker, web_port=web_port)
        )
    return run(settings, stages_of(stages, synchrony_agents=settings.worker.synchrony_agents))


def publish(
    inputs: list[str],
    publishing: PublishingOptions,
    reading: ReadingOptions,
    *,
    run_id: str | None,
    dead_letters: str | None,
    progress: bool,
) -> str:
    """Run `lockstep publish`. Returns what was published, in words.

    Raises:
        UsageError: there is nothing to publish.
    """
    if not inputs:
        _check_without_posts(publishing, reading)
    settings = for_run(load_settings(reading.config), run_id)
    names = pseudonym_records(settings.privacy)
    options = PublishOptions(
        registry=reading.registry,
        suppressions=reading.suppressions,
        reviews=reading.reviews,
        accounts=reading.accounts,
        follows=reading.follows,
        erased=read_erased(reading.erased, names),
        delete_entities=tuple(publishing.delete_entity or ()),
        delete_rules=tuple(publishing.delete_rule or ()),
        speed=speed_of(publishing.speed),
        end=publishing.end,
        resume=publishing.resume,
        collector=publishing.collector,
    )
    broker = connection(settings.kafka)
    log = DeadLetterLog(None, settings.input)
    console = Console(stderr=True)
    bar = ProgressBar(console, shown=progress)
    posts: OrderedPosts | None = None
    if inputs:
        posts = OrderedPosts(
            expand_inputs(inputs),
            settings,
            log,
            format=reading.format,
            unordered=reading.unordered,
            on_progress=bar.show,
            erased=options.erased,
        )
        posts.open()

    def shown(count: int) -> None:
        if posts is not None:
            posts.progress.posts = count
            bar.show(posts.progress)

    def say(line: str) -> None:
        console.print(plain_lines(line), markup=False, highlight=False, soft_wrap=True)

    publisher = Publisher(broker, options, shown, say, names)

    async def run() -> None:
        # who maintains the registry need not have the rights of a collector
        named = options.follows, options.accounts, reading.erased
        collects = posts is not None or any(name is not None for name in named)
        role = Role.COLLECTOR if collects else Role.CURATOR
        await require_topics(broker, settings.kafka.topic_prefix, role, without=(DEAD_LETTERS,))
        try:
            await publisher.run(posts)
        except FAULTS as error:
            raise broker_error(error, broker, "publishing") from error

    with output(dead_letters, lines=True) if dead_letters is not None else nullcontext() as file:
        if file is not None:
            log.write_to(file)
        with bar if posts is not None else nullcontext():
            asyncio.run(run())
    if posts is not None:
        _check_read(posts, publisher.published, resumes=publishing.resume is not None)
    counts = ({} if posts is None else {POSTS.name: publisher.published}) | publisher.records
    return _published(counts, settings.kafka.topic_prefix, log.total)


def _check_read(posts: OrderedPosts, published: int, *, resumes: bool) -> None:
    """Fail if inputs could not be read to their end, or no row could be used."""
    for fault in posts.faults:
        raise fault
    if published or not resumes:
        posts.check_used(published)


def _published(counts: Mapping[str, int], prefix: str, rejected: int) -> str:
    """What was published, in words; `counts` are records by topic without prefix."""
    written = (
        f"{count:,} {'posts' if topic == POSTS.name else 'records'} on {prefix}{topic}"
        for topic, count in counts.items()
    )
    aside = f"; {rejected:,} rows rejected" if rejected else ""
    return f"{', '.join(written)}{aside}."


def _check_without_posts(publishing: PublishingOptions, reading: ReadingOptions) -> None:
    """Refuse a run that publishes nothing.

    Raises:
        UsageError: no option names anything to publish or delete, or one is about posts.
    """
    named = (reading.registry, reading.suppressions, reading.reviews, reading.accounts, reading.follows)
    if not (any(named) or reading.erased or publishing.delete_entity or publishing.delete_rule):
        raise UsageError(
            "publish: name dumps of posts, or what else to publish: --registry, --suppressions, --reviews, --accounts, "
            "--follows, --erased, --delete-entity or --delete-rule."
        )
    if publishing.end or publishing.resume is not None:
        raise UsageError("--end and --resume are about posts, and no dump is named.")
