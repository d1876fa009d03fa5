"""Logs of a worker: JSON lines for machines, plain ones for people, one voice for all, and no flood."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from streams.live.service.logs import RepeatLimit, set_up


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_given_no_terminal_when_something_is_logged_then_it_is_a_json_line() -> None:
    stream = io.StringIO()
    set_up("host-1-ab", "lockstep.", stream).info("state rebuilt", offset=7)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "worker": "host-1-ab", "prefix": "lockstep.", "event": "state rebuilt", "offset": 7, "level": "info",
    }  # fmt: skip


def test_given_a_terminal_when_something_is_logged_then_a_person_can_read_it() -> None:
    stream = Terminal()
    set_up("host-1-ab", "lockstep.", stream).info("state rebuilt", offset=7)
    (line,) = stream.getvalue().splitlines()
    assert "state rebuilt" in line and not line.startswith("{")


def test_what_libraries_say_goes_the_same_way() -> None:
    stream = io.StringIO()
    set_up("host-1-ab", "lockstep.", stream)
    logging.getLogger("a_library").warning("no route to %s", "broker 1")
    logging.getLogger("a_library").info("not worth a line")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("something old", DeprecationWarning, stacklevel=1)
    forwarded, warned = lines(stream)
    assert forwarded["event"] == "no route to broker 1"
    assert (forwarded["logger"], forwarded["level"], forwarded["worker"]) == (
        "a_library",
        "warning",
        "host-1-ab",
    )
    assert "something old" in warned["event"]


def test_what_kafka_clients_say_again_and_again_in_an_outage_is_left_out_but_not_what_one_has_to_mend() -> (
    None
):
    stream = io.StringIO()
    set_up("host-1-ab", "lockstep.", stream)
    logging.getLogger("aiokafka.conn").error("Unable connect to node")
    logging.getLogger("aiokafka.producer").error("TopicAuthorizationFailedError")
    assert [line["event"] for line in lines(stream)] == ["TopicAuthorizationFailedError"]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["machine", "person"])
def test_given_an_exception_then_values_of_variables_are_not_logged(stream: io.StringIO) -> None:
    log = set_up("host-1-ab", "lockstep.", stream)
    try:
        text_of_a_post = "meet me at noon"
        raise ValueError(len(text_of_a_post))
    except ValueError:
        log.exception("failed")
    assert "ValueError: 15" in stream.getvalue()
    assert "noon" not in stream.getvalue().replace('text_of_a_post = "meet me at noon"', "")


def test_given_a_message_that_repeats_when_it_comes_again_later_then_it_says_how_many_were_left_out() -> None:
    now = [0.0]
    limit = RepeatLimit(most=2, every_s=60.0, clock=lambda: now[0])

    def passed(event: str, **values: Any) -> dict[str, Any] | None:
        try:
            return dict(limit(None, "warning", {"event": event, **values}))
        except structlog.DropEvent:
            return None

    assert [passed("lag unknown", error=n) is not None for n in range(5)] == [True, True, False, False, False]
    assert passed("another") == {"event": "another"}
    now[0] = 61.0
    assert passed("lag unknown") == {"event": "lag unknown", "left_out": 3}
    assert passed("lag unknown") == {"event": "lag unknown"}


def test_given_library_messages_of_one_kind_with_other_values_then_they_are_limited_together() -> None:
    stream = io.StringIO()
    set_up("host-1-ab", "lockstep.", stream)
    for number in range(100):
        logging.getLogger("a_library").warning("heartbeat %d failed", number)
    assert len(lines(stream)) == 5


def test_given_kinds_without_end_when_counted_then_memory_is_bounded() -> None:
    limit = RepeatLimit()
    for number in range(5_000):
        limit(None, "info", {"event": f"event {number}"})
    assert len(limit._seen) <= 1_000
