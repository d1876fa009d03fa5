"""Both sources against servers that misbehave, without a broker: what comes, and why a connection ends."""

from collections.abc import Callable, Iterator
from contextlib import aclosing

import aiohttp
import pytest

from benchmarks.live_sources.events import EventLog, events_of
from benchmarks.live_sources.jetstream_server import SECOND_PATH, JetstreamServer
from benchmarks.live_sources.mastodon_server import MastodonServer, statuses_of
from streams.collect.jetstream.connection import JetstreamSource
from streams.collect.jetstream.decoding import JetstreamDecoder
from streams.collect.jetstream.request import JetstreamRequest
from streams.collect.mastodon.connection import MastodonSource
from streams.collect.mastodon.decoding import MastodonDecoder
from streams.collect.mastodon.request import mastodon_request
from streams.collect.source import OPENED, LiveSource, Message, Position, SourceFault
from tests.streams.small_world import small_world

pytestmark = pytest.mark.asyncio

POSTS = small_world(others=60)
EVENTS = list(events_of(POSTS))
STATUSES = list(statuses_of(POSTS))


class Reading:
    """What one source brings over several connections, each from where the last one came to."""

    def __init__(self, source: LiveSource, position: Position | None = None) -> None:
        self._source = source
        self.position = position
        self.posts: list[str] = []
        self.faults: list[SourceFault] = []
        self.letters = 0
        self._before: Position | None = None

    async def until(self, enough: Callable[[], bool]) -> None:
        """Read until enough has come."""
        while not enough():
            self._before = self.position
            waiting: list[Message] = []
            try:
                async with aclosing(self._source.messages(self.position)) as messages:
                    async for message in messages:
                        if message is not OPENED:
                            waiting.append(message)
                        if len(waiting) >= 20:
                            self._take(waiting)
                            if enough():
                                return
            except SourceFault as fault:
                self.faults.append(fault)
                assert len(self.faults) < 20, self.faults
            self._take(waiting)

    def _take(self, waiting: list[Message]) -> None:
        if not waiting:
            return
        events = self._source.decode(waiting, 1)
        waiting.clear()
        self.posts += events.posts["post_id"].to_list()
        self.letters += len(events.dead_letters)
        if self._before is not None and events.first is not None:
            self._source.resumed(self._before, events.first)
            self._before = None
        self.position = events.position or self.position

    @property
    def reasons(self) -> str:
        return " | ".join(map(str, self.faults))


@pytest.fixture
def said() -> Iterator[list[str]]:
    yield []


def jetstream(
    session: aiohttp.ClientSession, url: str, said: list[str], stall_s: float = 0.5
) -> JetstreamSource:
    request = JetstreamRequest(url)
    decoder = JetstreamDecoder(request.host, second=request.second)
    return JetstreamSource(request, session, decoder, said.append, stall_s)


def mastodon(
    session: aiohttp.ClientSession,
    url: str,
    said: list[str],
    stall_s: float = 0.5,
    token: str = "t",  # noqa: S107 - of the tests
) -> MastodonSource:
    request = mastodon_request(url, "public", None, {"LOCKSTEP_MASTODON_TOKEN": token})
    return MastodonSource(request, session, MastodonDecoder(request.host), said.append, stall_s)


ALL = {f"at://{e['did']}/{c['collection']}/{c['rkey']}" for e in EVENTS if (c := e.get("commit"))
       and c["operation"] == "create" and c["collection"] == "app.bsky.feed.post"}  # fmt: skip


@pytest.mark.parametrize("path", ["/subscribe", SECOND_PATH])
async def test_given_every_kind_of_break_when_read_again_then_no_event_is_missing(
    path: str, said: list[str]
) -> None:
    faults = [[(60, kind)] for kind in ("drop", "close", "cut", "noise", "stall")]
    server = JetstreamServer(
        EventLog.of(EVENTS), [*faults, [(50, "garbage"), (80, "repeat"), (150, "close")]]
    )
    async with server.running() as url, aiohttp.ClientSession() as session:
        reading = Reading(jetstream(session, url + path, said), Position(time_us=EVENTS[0]["time_us"]))
        await reading.until(lambda: len(set(reading.posts)) == len(ALL))
    assert set(reading.posts) == ALL
    assert len(reading.faults) >= 6
    assert "has sent nothing for 0.5 s" in reading.reasons
    assert "closed the connection: worker restarts" in reading.reasons
    assert reading.letters == server.sent_garbage


async def test_given_the_number_of_another_archive_then_the_second_server_is_asked_by_time(
    said: list[str],
) -> None:
    server = JetstreamServer(EventLog.of(EVENTS))
    place = Position(time_us=EVENTS[0]["time_us"], seq=10**9)
    async with server.running() as url, aiohttp.ClientSession() as session:
        reading = Reading(jetstream(session, url + SECOND_PATH, said), place)
        await reading.until(lambda: len(reading.posts) == len(ALL))
    assert [request["cursor"][0] for request in server.requests] == [
        str(10**9), str(place.time_us - 5_000_000)
    ]  # fmt: skip
    assert "goes on by time" in reading.reasons


async def test_given_a_server_that_refuses_then_the_fault_says_why_and_how_long_to_wait(
    said: list[str],
) -> None:
    server = JetstreamServer(EventLog.of(EVENTS), refusals=[0])
    async with server.running() as url, aiohttp.ClientSession() as session:
        for path, status, refused, wait_s in (("/subscribe", 503, False, 1.0), ("/nothing", 404, True, None)):
            with pytest.raises(SourceFault, match=f"status {status}") as fault:
                async for _ in jetstream(session, url + path, said).messages(None):
                    pass
            assert (fault.value.refused, fault.value.wait_s) == (refused, wait_s)
        with pytest.raises(SourceFault, match="cannot be reached"):
            async for _ in jetstream(session, "ws://127.0.0.1:1/subscribe", said).messages(None):
                pass


@pytest.mark.slow
async def test_given_streams_that_break_while_posts_appear_then_timelines_fill_every_gap(
    said: list[str],
) -> None:
    faults = [[(20, kind)] for kind in ("drop", "close", "cut", "stall")]
    server = MastodonServer(STATUSES, 8.0, [*faults, [(10, "garbage"), (20, "close")]], token="t")  # noqa: S106
    async with server.running() as url, aiohttp.ClientSession() as session:
        reading = Reading(mastodon(session, url, said))
        await reading.until(lambda: {status["uri"] for status in STATUSES[1:]} <= set(reading.posts))
    assert len(server.streams) >= 4
    assert reading.letters == server.sent_garbage
    assert "has sent nothing for 0.5 s" in reading.reasons


async def test_given_a_limit_of_requests_then_it_is_waited_for_and_never_passed(said: list[str]) -> None:
    server = MastodonServer(STATUSES, requests=8, window_s=1.0)
    place = Position(post_id=STATUSES[0]["id"])
    async with server.running() as url, aiohttp.ClientSession() as session:
        reading = Reading(mastodon(session, url, said), place)
        await reading.until(lambda: len(set(reading.posts)) == len(STATUSES))
    assert server.refused == 0
    assert any("limit of requests is reached" in line for line in said)
    assert len(server.timelines) > 10


async def test_given_a_wrong_token_then_the_server_is_not_asked_again_and_again(said: list[str]) -> None:
    server = MastodonServer(STATUSES, token="right")  # noqa: S106 - of the test
    async with server.running() as url, aiohttp.ClientSession() as session:
        with pytest.raises(SourceFault, match=r"status 401.*authenticated user.*--token-file") as fault:
            async for _ in mastodon(session, url, said, token="wrong").messages(None):  # noqa: S106
                pass
    assert fault.value.refused


async def test_given_a_sign_of_life_then_it_counts_only_if_nothing_was_waiting_to_be_read(
    said: list[str],
) -> None:
    server = MastodonServer(STATUSES[:1], heartbeat_s=1.0)
    async with server.running() as url, aiohttp.ClientSession() as session:
        kinds: list[str] = []
        source = mastodon(session, url, said, stall_s=5.0)
        async with aclosing(source.messages(None)) as messages:
            async for message in messages:
                kinds.append(message.kind)
                if len(kinds) == 3:
                    break
    # what a server says at the beginning of a stream came with the answer
    assert kinds == ["opened", "update", "heartbeat"]
