"""What a collector keeps: its cursor, what has come, what it has seen, and how long it waits."""

import asyncio
import json
import random
from pathlib import Path

import polars as pl
import pytest

from schemas.errors import InputError, UsageError
from streams.collect.backoff import Backoff
from streams.collect.cursor_file import CursorFile
from streams.collect.inbox import Inbox
from streams.collect.recent_rows import RecentRows
from streams.collect.source import Message, Position
from streams.outputs.output_files import OutputError


def test_given_a_saved_place_when_opened_again_then_it_goes_on_there(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "a.cursor")
    cursor = CursorFile(path, "here")
    assert cursor.position is None
    for place in (Position(time_us=5), Position(time_us=6, seq=7, post_id="8")):
        cursor.save(place)
    cursor.close()
    again = CursorFile(path, "here")
    assert again.position == Position(time_us=6, seq=7, post_id="8")
    again.close()
    assert json.loads(Path(path).read_text())["source"] == "here"
    assert not list(tmp_path.glob("**/*.new"))


def test_given_a_cursor_in_use_or_of_another_source_or_damaged_then_it_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "a.cursor")
    cursor = CursorFile(path, "here")
    with pytest.raises(UsageError, match="another collector"):
        CursorFile(path, "here")
    cursor.save(Position(time_us=5))
    cursor.close()
    with pytest.raises(InputError, match="is about here"):
        CursorFile(path, "there")
    Path(path).write_bytes(b'{"source":')
    with pytest.raises(InputError, match="holds no cursor"):
        CursorFile(path, "here")


def test_given_a_folder_that_cannot_be_written_then_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        CursorFile(str(tmp_path / "file" / "a.cursor"), "here")


@pytest.mark.asyncio
async def test_given_a_full_inbox_then_putting_waits_until_something_is_taken() -> None:
    inbox = Inbox(most=3)
    for number in range(3):
        await inbox.put(Message("", b"%d" % number))
    waiting = asyncio.create_task(inbox.put(Message("", b"3")))
    draining = asyncio.create_task(inbox.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert [message.data for message in await inbox.take(2)] == [b"0", b"1"]
    await waiting
    assert not draining.done()
    inbox.done()
    assert [message.data for message in await inbox.take(9)] == [b"2", b"3"]
    assert len(inbox) == 2
    inbox.done()
    await draining


@pytest.mark.asyncio
async def test_given_large_messages_then_their_bytes_bound_the_inbox() -> None:
    inbox = Inbox(most_bytes=100)
    await inbox.put(Message("", b"x" * 100))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(inbox.put(Message("", b"y")), 0.05)


def test_given_rows_that_come_again_then_they_are_left_out_as_long_as_they_are_remembered() -> None:
    recent = RecentRows(most=3)
    rows = pl.DataFrame({"id": ["a", "b", "a"], "part": [None, "1", None]})
    assert recent.fresh(rows, "id", "part")["id"].to_list() == ["a", "b"]
    assert len(recent.fresh(rows, "id", "part")) == 0
    assert (
        recent.fresh(pl.DataFrame({"id": ["b", "c", "d"], "part": ["2", "1", "1"]}), "id", "part").height == 3
    )
    assert recent.fresh(rows, "id", "part")["id"].to_list() == ["a", "b"]


def test_given_failures_then_waits_double_up_to_a_limit_and_are_never_shorter_than_asked() -> None:
    backoff = Backoff(random.Random(1))  # noqa: S311 - repeatable, not secret
    waits = [backoff.next_s() for _ in range(12)]
    assert all(0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits[:7]))
    assert all(30 <= wait <= 60 for wait in waits[8:])
    assert len(set(waits)) == 12
    assert backoff.next_s(asked_s=300.0) == 300.0
    backoff.ease()
    assert backoff.next_s() <= 1.0
    backoff.reset()
    assert backoff.next_s() <= 0.5
