"""What a collector says of itself: a line for people, metrics and health over HTTP."""

import aiohttp
import polars as pl
import pytest

from detectors.post_columns import conform
from schemas.dead_letters import DeadLetter, Reason
from streams.collect.figures import CollectorFigures
from streams.collect.inbox import Inbox
from streams.collect.source import Events, Message, Position
from streams.live.service.web import Web, listen
from streams.settings.settings import WorkerSettings
from tests.integration.prometheus_server import free_ports

NOW = 1_700_000_000.0


def events() -> Events:
    return Events(
        conform(pl.DataFrame({"post_id": ["1", "2"]})),
        position=Position(time_us=int((NOW - 3) * 1e6)),
        follows=pl.DataFrame({"platform": ["bluesky"] * 3}),
        deletions=pl.DataFrame({"post_id": ["9"]}),
        dead_letters=[DeadLetter(source="server", position=1, reason=Reason.MALFORMED)],
        others={"likes": 5},
    )


def figures(inbox: Inbox | None = None) -> CollectorFigures:
    return CollectorFigures("lockstep.", "one", "server", inbox or Inbox(), clock=lambda: NOW)


def test_given_what_was_written_then_the_line_and_the_summary_say_it() -> None:
    made = figures()
    made.health.connected = made.health.broker_reachable = True
    made.wrote(events(), repeats=4)
    made.fault()
    made.note_gaps(1)
    assert made.line().startswith("server: 2 posts (")
    assert "3 follow events, 0 profiles, 1 deletion, up to 2023-11-14 22:13:17 UTC, 3 s ago" in made.line()
    made.health.connected = False
    assert made.line().endswith("the source is not connected")
    assert made.summary() == (
        "server: 2 posts; 3 follow events; 0 profiles; 1 deletion; 1 message rejected; written nowhere: likes (5); "
        "1 connection failed or ended; 1 gap."
    )


@pytest.mark.asyncio
async def test_given_a_port_then_metrics_and_health_are_served_there() -> None:
    inbox = Inbox()
    await inbox.put(Message("", b"x"))
    made = figures(inbox)
    made.wrote(events(), repeats=4)
    (port,) = free_ports(1)
    server = listen(WorkerSettings(web_port=port))
    assert server is not None
    web = Web(made, server)
    await web.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

            async def get(path: str) -> tuple[int, str]:
                async with session.get(path) as answer:
                    return answer.status, await answer.text()

            assert await get("/health/live") == (200, "alive\n")
            assert await get("/health/ready") == (
                503,
                "the source is not connected\nthe broker cannot be reached\n",
            )
            made.health.connected = made.health.broker_reachable = True
            assert (await get("/health/ready"))[0] == 200
            page = (await get("/metrics"))[1].splitlines()
    finally:
        await web.stop()
    for line in (
        'lockstep_collector_records_total{prefix="lockstep.",topic="posts.v1"} 3.0',
        'lockstep_collector_records_total{prefix="lockstep.",topic="follows.v1"} 3.0',
        'lockstep_collector_others_total{kind="likes",prefix="lockstep."} 5.0',
        'lockstep_collector_repeats_total{prefix="lockstep."} 4.0',
        'lockstep_collector_dead_letters_total{prefix="lockstep.",reason="malformed"} 1.0',
        'lockstep_collector_gaps_total{prefix="lockstep."} 0.0',
        'lockstep_collector_ready{prefix="lockstep."} 1.0',
        'lockstep_collector_waiting_records{prefix="lockstep."} 1.0',
        f'lockstep_collector_event_timestamp_seconds{{prefix="lockstep."}} {NOW - 3:.9e}',
    ):
        assert line in page, line
