"""Messages reach a receiver that fails, stalls, redirects or is busy, or are kept as dead letters with the reason."""

import asyncio
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from streams.notify.outbox import Outbox
from streams.notify.receivers import Receiver
from streams.notify.sender import DeadLetterFile, Sender
from streams.settings.notify_settings import NotifySettings
from tests.streams.notify.conftest import KEY, NOW, FakeReceiver, receiver_at


class Silent:
    """A log that keeps what it is given."""

    def __init__(self, lines: list[dict[str, Any]] | None = None) -> None:
        self.lines: list[dict[str, Any]] = [] if lines is None else lines

    def bind(self, **values: Any) -> "Silent":
        return Silent(self.lines)

    def _take(self, event: str, **values: Any) -> None:
        self.lines.append({"event": event, **values})

    info = warning = error = _take


def send(folder: Path, receiver: Receiver, *bodies: bytes, **settings: Any) -> list[dict[str, Any]]:
    """Send bodies; give the dead letters."""
    chosen = NotifySettings(
        **{"first_wait_s": 0.01, "longest_wait_s": 0.02, "tries": 4, "timeout_s": 2.0, **settings}
    )
    outbox = Outbox(str(folder / "state.sqlite"), 100)
    for number, body in enumerate(bodies):
        outbox.add(receiver, f"{receiver.name}/{number}", body, NOW)
    dead = folder / "dead.jsonl"
    asyncio.run(Sender(receiver, outbox, DeadLetterFile(str(dead)), chosen, Silent()).run(until_empty=True))
    assert outbox.next(receiver.name) is None
    outbox.close()
    return [json.loads(line) for line in dead.read_text().splitlines()] if dead.exists() else []


def test_given_a_receiver_then_it_can_check_who_sent_a_message_and_when(
    server: FakeReceiver, tmp_path: Path
) -> None:
    assert send(tmp_path, receiver_at(server.url), b'{"a":1}') == []
    (got,) = server.got
    said = dict(part.split("=") for part in got.headers["Lockstep-Signature"].split(","))
    assert abs(int(said["t"]) - time.time()) < 60
    wanted = hmac.new(KEY, said["t"].encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert said["v1"] == wanted
    assert got.headers["Content-Type"] == "application/json"


def test_given_a_receiver_that_fails_twice_then_the_same_message_is_tried_again_and_later_ones_wait(
    server: FakeReceiver, tmp_path: Path
) -> None:
    server.answers = [lambda: web.Response(status=503), lambda: web.Response(status=500), web.Response]
    assert send(tmp_path, receiver_at(server.url), b"one", b"two") == []
    assert [got.body for got in server.got] == [b"one", b"one", b"one", b"two"]
    assert [got.headers["Lockstep-Try"] for got in server.got] == ["1", "2", "3", "1"]
    assert len({got.headers["Lockstep-Id"] for got in server.got[:3]}) == 1


def test_given_a_receiver_that_never_answers_well_then_the_message_is_a_dead_letter_after_the_last_try(
    server: FakeReceiver, tmp_path: Path
) -> None:
    server.answers = [lambda: web.Response(status=500, text="out of \x1b[2Jorder")]
    (lost,) = send(tmp_path, receiver_at(server.url), b"body", tries=3)
    assert len(server.got) == 3
    assert (lost["tries"], lost["body"], lost["receiver"]) == (3, "body", "desk")
    assert lost["reason"] == "answered 500: out of [2Jorder"


def test_given_a_receiver_that_stalls_then_a_try_ends_in_time(server: FakeReceiver, tmp_path: Path) -> None:
    server.answers = [30.0, web.Response]
    begun = time.monotonic()
    assert send(tmp_path, receiver_at(server.url), b"body", timeout_s=0.3) == []
    assert time.monotonic() - begun < 5
    assert len(server.got) == 2


def test_given_an_answer_that_never_ends_then_a_try_ends_in_time(
    server: FakeReceiver, tmp_path: Path
) -> None:
    class Endless(web.StreamResponse):
        async def prepare(self, request: web.BaseRequest) -> Any:
            started = await super().prepare(request)
            await asyncio.sleep(20)
            return started

    server.answers = [Endless, web.Response]
    begun = time.monotonic()
    assert send(tmp_path, receiver_at(server.url), b"body", timeout_s=0.3) == []
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_given_a_redirect_then_nobody_else_gets_the_message(
    server: FakeReceiver, tmp_path: Path, status: int
) -> None:
    server.answers = [
        lambda: web.Response(status=status, headers={"Location": f"http://127.0.0.1:{server.port}/elsewhere"})
    ]
    (lost,) = send(tmp_path, receiver_at(server.url), b"body")
    assert [got.path for got in server.got] == ["/hook"]
    assert "redirect" in lost["reason"]


def test_given_a_busy_receiver_then_it_is_left_alone_for_as_long_as_it_asks(
    server: FakeReceiver, tmp_path: Path
) -> None:
    server.answers = [lambda: web.Response(status=429, headers={"Retry-After": "1"}), web.Response]
    assert send(tmp_path, receiver_at(server.url), b"body") == []
    first, second = server.got
    assert 1.0 <= second.at - first.at < 4


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_given_a_refusal_that_stays_then_it_is_tried_once(
    server: FakeReceiver, tmp_path: Path, status: int
) -> None:
    server.answers = [lambda: web.Response(status=status)]
    (lost,) = send(tmp_path, receiver_at(server.url), b"body")
    assert (len(server.got), lost["tries"]) == (1, 1)
    assert str(status) in lost["reason"]


def test_given_nobody_at_the_address_then_the_reason_is_plain(tmp_path: Path, unused_tcp_port: int) -> None:
    (lost,) = send(tmp_path, receiver_at(f"http://127.0.0.1:{unused_tcp_port}/x"), b"body", tries=2)
    assert lost["reason"].startswith("cannot be reached")


def test_given_a_name_that_leads_into_a_private_network_then_nothing_is_sent(
    server: FakeReceiver, tmp_path: Path
) -> None:
    address = f"http://localhost:{server.port}/hook"
    (lost,) = send(tmp_path, receiver_at(address, allow_private=False), b"body", tries=1)
    assert server.got == []
    assert "this machine" in lost["reason"]


def test_given_a_proxy_in_the_environment_then_it_is_not_used(
    server: FakeReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_tcp_port}")
    assert send(tmp_path, receiver_at(server.url), b"body") == []
    assert len(server.got) == 1
