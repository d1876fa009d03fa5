"""`lockstep ingest mastodon` against a server that misbehaves, on a real broker: no gap, and every post once."""

import gzip
import json
import signal
from pathlib import Path

import pytest

from benchmarks.live_sources.mastodon_server import GARBAGE, MastodonServer, Status, statuses_of
from streams.live.exchange.decoding import UPTO_HEADER
from tests.integration.conftest import ServiceFactory
from tests.integration.ingest_runs import Ingest, agreed, all_there, post_ids, reported, until
from tests.integration.live_service import Service, Watcher
from tests.integration.worlds import World

pytestmark = pytest.mark.asyncio

NAME = ("--collector", "fediverse")


def statuses_in(world: World) -> list[Status]:
    return list(statuses_of(map(json.loads, gzip.open(world.inputs[0]).read().splitlines())))


def ids_of(statuses: list[Status]) -> set[str]:
    return {status["uri"] for status in statuses}


async def as_replayed(
    service: Service, watcher: Watcher, statuses: list[Status], folder: Path, *options: str | Path
) -> None:
    """The alerts are those of a replay of the same statuses."""
    dump = folder / "statuses.jsonl"
    dump.write_text("".join(f"{json.dumps(status)}\n" for status in statuses))
    await agreed(service, watcher, "fediverse", dump, folder, *options)


async def test_given_streams_that_break_and_a_limit_of_requests_then_every_post_is_there_once(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path
) -> None:
    statuses = statuses_in(troll_farm)
    faults = [
        [(400, "drop")],
        [(300, "garbage"), (500, "close")],
        [(300, "cut")],
        [(300, "stall")],
        [(200, "drop")],
    ]
    server = MastodonServer(statuses, 25.0, faults, token="secret", requests=60)  # noqa: S106 - of the test
    token = tmp_path / "token"
    token.write_text("secret\n")
    service = service_of()
    service.start_worker()

    async with server.running() as url, Watcher(service) as watcher:
        ingest = Ingest(
            service, "mastodon", "--server", url, "--token-file", token, "--stall-after", "2", *NAME
        )
        # what was there before it began is not asked for
        counts = await all_there(watcher, ingest, ids_of(statuses[1:]))
        assert await ingest.ended() == 0, ingest.said()
        letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]
        begun = [status for status in statuses if status["uri"] in counts]
        await as_replayed(service, watcher, begun, tmp_path)

    assert ids_of(statuses[1:]) <= set(counts)
    assert set(counts.values()) == {1}
    assert len(server.streams) >= 6
    assert len(letters) == server.sent_garbage == len(GARBAGE)
    assert server.refused == 0  # the limit is heeded, not hit
    assert "has sent nothing for 2 s" in ingest.said()
    assert "edits (1)" in ingest.said()


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
async def test_given_a_collector_that_is_away_for_a_while_then_the_next_one_reads_what_it_missed(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path, number: signal.Signals
) -> None:
    statuses = statuses_in(troll_farm)
    server = MastodonServer(statuses, 20.0)
    # at this speed, a second that comes again is four hours
    service = service_of(detection_settings="[time]\nlateness_s = 86_400")
    service.start_worker()

    async with server.running() as url, Watcher(service) as watcher:
        first = Ingest(service, "mastodon", "--server", url, *NAME)

        async def midway() -> bool:
            return first.cursor.exists() and len(await post_ids(watcher)) > 1_000

        await until(midway, first, "posts and a cursor")
        assert await first.ended(number) == (0 if number == signal.SIGTERM else -9)
        known = await post_ids(watcher)
        read = len(server.timelines)
        second = Ingest(service, "mastodon", "--server", url, *NAME)
        counts = await all_there(watcher, second, ids_of(statuses[1:]))
        assert await second.ended() == 0, second.said()
        begun = [status for status in statuses if status["uri"] in counts]
        await as_replayed(service, watcher, begun, tmp_path, "--config", service.config)

    assert len(known) < len(statuses) - 1
    assert ids_of(statuses[1:]) <= set(counts)
    assert len(server.timelines) - read > 5
    assert all("min_id" in query for query in server.timelines[read:])


async def test_given_a_quiet_stream_that_is_alive_then_event_time_goes_on(service_of: ServiceFactory) -> None:
    server = MastodonServer([], heartbeat_s=1.0)
    service = service_of()

    async with server.running() as url, Watcher(service):
        ingest = Ingest(service, "mastodon", "--server", url, "--stream", "hashtag:news", *NAME)

        async def said() -> bool:
            return UPTO_HEADER in await reported(service)

        await until(said, ingest, "a report of the event time that is reached")
        assert await ingest.ended() == 0, ingest.said()

    assert server.streams == ["/api/v1/streaming/hashtag?tag=news"]


async def test_given_a_server_that_wants_a_token_when_there_is_none_then_it_says_so_and_ends(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of()
    server = MastodonServer(statuses_in(troll_farm)[:10], token="secret")  # noqa: S106 - of the test

    async with server.running() as url:
        ingest = Ingest(service, "mastodon", "--server", url)
        assert await ingest.ended(None) == 1

    assert "status 401" in ingest.said()
    assert "--token-file" in ingest.said()
    assert "Traceback" not in ingest.said()
