"""`lockstep ingest jetstream` against a server that misbehaves, on a real broker: no gap, and every post once."""

import gzip
import json
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from benchmarks.live_sources.events import Event, EventLog, commit, events_of
from benchmarks.live_sources.jetstream_server import GARBAGE, SECOND_PATH, JetstreamServer
from schemas.service.topics import FOLLOWS, POSTS
from streams.live.exchange.decoding import LEAVE_HEADER
from tests.integration.conftest import ServiceFactory
from tests.integration.ingest_runs import Ingest, agreed, all_there, end, post_ids, reported, until
from tests.integration.live_service import Service, Watcher
from tests.integration.worlds import World

pytestmark = pytest.mark.asyncio


def ids_of(events: Iterable[Event]) -> set[str]:
    return {
        f"at://{event['did']}/{commit['collection']}/{commit['rkey']}"
        for event in events
        if (commit := event.get("commit"))
        and commit["operation"] == "create"
        and commit["collection"] in ("app.bsky.feed.post", "app.bsky.feed.repost")
    }


def events_in(world: World) -> list[Event]:
    return list(events_of(map(json.loads, gzip.open(world.inputs[0]).read().splitlines())))


async def as_replayed(
    service: Service, watcher: Watcher, events: list[Event], folder: Path, *options: str | Path
) -> None:
    """The alerts are those of a replay of the same events."""
    dump = folder / "events.jsonl"
    dump.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    await agreed(service, watcher, "jetstream", dump, folder, "--follows", dump, *options)


async def test_given_a_server_that_drops_stalls_repeats_and_sends_garbage_then_every_post_is_there_once(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path
) -> None:
    events = events_in(troll_farm)
    faults = [
        [(600, "drop")],
        [(600, "repeat"), (900, "close")],
        [(500, "cut")],
        [(500, "noise")],
        [(300, "garbage"), (500, "stall")],
        [(300, "drop")],
    ]
    server = JetstreamServer(EventLog.of(events), faults, refusals=[2])
    service = service_of()
    service.start_worker()

    async with server.running() as url, Watcher(service) as watcher:
        ingest = Ingest(service, "jetstream", "--url", url, "--stall-after", "2")
        counts = await all_there(watcher, ingest, ids_of(events))
        assert await ingest.ended() == 0, ingest.said()
        letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]
        await as_replayed(service, watcher, events, tmp_path)

    assert set(counts) == ids_of(events)
    assert set(counts.values()) == {1}
    assert len(server.requests) >= 7
    assert len(letters) == server.sent_garbage == len(GARBAGE)
    assert {letter["reason"] for letter in letters} == {"malformed", "missing_field", "bad_time", "not_utf8"}
    said = ingest.said()
    assert "has sent nothing for 2 s" in said
    assert "status 503" in said
    assert "closed the connection" in said


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
async def test_given_a_collector_that_ends_midway_then_the_next_one_goes_on_at_its_cursor_and_nothing_is_missing(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path, number: signal.Signals
) -> None:
    events = events_in(troll_farm)
    log = EventLog.of(events)
    server = JetstreamServer(log, speed=float(log.times[-1] - log.times[0]) / 1e6 / 12)
    # at this speed, a second that comes again is six hours
    service = service_of(detection_settings="[time]\nlateness_s = 86_400")
    service.start_worker()

    async with server.running() as url, Watcher(service) as watcher:
        first = Ingest(service, "jetstream", "--url", url)

        async def midway() -> bool:
            return first.cursor.exists() and len(await post_ids(watcher)) > 2_000

        await until(midway, first, "posts and a cursor")
        assert await first.ended(number) == (0 if number == signal.SIGTERM else -9)
        written = await post_ids(watcher)
        kept = json.loads(first.cursor.read_text())["position"]["time_us"]
        second = Ingest(service, "jetstream", "--url", url)
        counts = await all_there(watcher, second, ids_of(events))
        assert await second.ended() == 0, second.said()
        await as_replayed(service, watcher, events, tmp_path, "--config", service.config)

    assert len(written) < len(ids_of(events))
    assert set(counts) == ids_of(events)
    assert int(server.requests[1]["cursor"][0]) == kept - 5_000_000
    assert "cursor" not in server.requests[0]


async def test_given_follows_likes_and_handles_when_asked_for_then_they_are_written_or_counted(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    events = events_in(troll_farm)[:3_000]
    written = [event for event in events if ids_of([event])]
    gone = [
        commit(
            event["did"],
            events[-1]["time_us"],
            *(event["commit"][name] for name in ("collection", "rkey")),
            None,
        )
        for event in written[:7]
    ]
    service = service_of()
    kinds = ["app.bsky.feed.*", "app.bsky.graph.follow"]
    options = [word for kind in kinds for word in ("--collections", kind)]
    server = JetstreamServer(EventLog.of([*events, *gone]))
    service.start_worker()

    async with server.running() as url, Watcher(service) as watcher:
        ingest = Ingest(service, "jetstream", "--url", url, "--profiles", *options)
        await all_there(watcher, ingest, ids_of(events))

        async def deleted() -> bool:
            return len(await deletions(watcher)) == 7

        await until(deleted, ingest, "deletions")
        assert await ingest.ended() == 0, ingest.said()
        assert {record["post_id"] for record in await deletions(watcher)} == ids_of(written[:7])
        await end(service, "jetstream")
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        # to detection, a report of a deletion is no second post
        assert not await watcher.values("dead-letters.v1")
        follows = [json.loads(value) for value in await watcher.values(FOLLOWS.name)]
        profiles = [json.loads(value) for value in await watcher.values("accounts.v1")]

    kind = Counter(
        (event["kind"], event.get("commit", {}).get("collection"), event.get("commit", {}).get("operation"))
        for event in events
    )
    assert len(follows) == kind["commit", "app.bsky.graph.follow", "create"] > 100
    first = next(e for e in events if e.get("commit", {}).get("collection") == "app.bsky.graph.follow")
    assert follows_of(first) in follows
    assert len(profiles) == kind["identity", None, None] > 10
    assert profiles[0].keys() == {"platform", "account_id", "handle", "observed_at"}
    likes, deleted = (kind["commit", "app.bsky.feed.like", what] for what in ("create", "delete"))
    assert f"likes ({likes:,})" in ingest.said()
    assert f"deletions ({deleted:,})" in ingest.said()


async def deletions(watcher: Watcher) -> list[dict[str, Any]]:
    values = [json.loads(value) for value in await watcher.values(POSTS.name)]
    return [record for record in values if record.get("deleted")]


def follows_of(event: Event) -> dict[str, str]:
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event["time_us"] // 1_000_000))
    return {
        "platform": "bluesky",
        "follower_id": event["did"],
        "followee_id": event["commit"]["record"]["subject"],
        "action": "follow",
        "at": when,
    }


async def test_given_the_second_server_with_zstd_and_faults_then_every_post_is_there_once(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path
) -> None:
    events = events_in(troll_farm)[:6_000]
    log = EventLog.of(events)
    dictionary = zstandard.train_dictionary(8_192, [log.line(number) for number in range(2_000)])
    path = tmp_path / "dictionary"
    path.write_bytes(dictionary.as_bytes())
    server = JetstreamServer(log, [[(700, "drop")], [(600, "close")], [(500, "cut")]], dictionary=dictionary)
    service = service_of()

    async with server.running() as url, Watcher(service) as watcher:
        ingest = Ingest(service, "jetstream", "--url", url + SECOND_PATH, "--zstd-dictionary", path)
        counts = await all_there(watcher, ingest, ids_of(events))
        assert await ingest.ended() == 0, ingest.said()

    assert set(counts) == ids_of(events)
    assert set(counts.values()) == {1}
    assert all(request["zstdDictionary"] == [str(dictionary.dict_id())] for request in server.requests)
    assert len(server.requests) == 4
    assert json.loads(ingest.cursor.read_text())["position"]["seq"] > len(events) - 100
    assert 0 < int(server.requests[1]["cursor"][0]) < len(log)  # by number


@pytest.mark.parametrize("path", [pytest.param("/subscribe", marks=pytest.mark.long), SECOND_PATH])
async def test_given_a_cursor_that_the_server_has_forgotten_then_the_gap_is_said_and_it_goes_on(
    service_of: ServiceFactory, troll_farm: World, path: str
) -> None:
    events = events_in(troll_farm)
    log = EventLog.of(events)
    server = JetstreamServer(log, floor=4_000)
    service = service_of()

    async with server.running() as url, Watcher(service) as watcher:
        place = "jetstream" if path == "/subscribe" else f"jetstream {url.removeprefix('ws://')}"
        position = {"time_us": int(log.times[100]), **({} if path == "/subscribe" else {"seq": 100})}
        cursor = service.folder / "collector.cursor"
        cursor.write_text(json.dumps({"source": place, "position": position}))
        ingest = Ingest(service, "jetstream", "--url", url + path, "--web-port", "0")
        counts = await all_there(watcher, ingest, ids_of(events[4_000:]))
        assert await ingest.ended() == 0, ingest.said()

    assert set(counts) == ids_of(events[4_000:])
    assert "; 1 gap." in ingest.said()
    assert "lockstep publish" in ingest.said()


async def test_given_wanted_accounts_then_only_they_are_asked_for_and_a_quiet_source_holds_nothing_up(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path
) -> None:
    events = events_in(troll_farm)[:3_000]
    authors = sorted({event["did"] for event in events})[:150]
    wanted = tmp_path / "dids.txt"
    wanted.write_text("# who is watched\n" + "\n".join(authors) + "\n")
    mine = [event for event in events if event["did"] in authors]
    server = JetstreamServer(EventLog.of(events))
    service = service_of()

    async with server.running() as url, Watcher(service) as watcher:
        ingest = Ingest(service, "jetstream", "--url", url, "--wanted-dids", wanted)
        counts = await all_there(watcher, ingest, ids_of(mine))
        assert await ingest.ended() == 0, ingest.said()

    assert set(counts) == ids_of(mine)
    assert server.hellos[0]["payload"]["wantedDids"] == authors
    assert "wantedDids" not in server.requests[0]
    assert LEAVE_HEADER in await reported(service)
