"""Snapshots among the messages of their topic: only a whole one is used, and of two the newer."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.live.state.snapshots import Manifest, Snapshot, manifest, messages_of, newest_whole

OLDER = [b"older first", b"older second", b"older third"]
NEWER = [b"newer first", b"newer second"]


def manifest_of(offset: int, chunks: list[bytes]) -> Manifest:
    return manifest(offset, chunks, "settings", "0.1.0", "2023-02-14T00:00:00+00:00")


def written(*snapshots: tuple[int, list[bytes]]) -> Iterator[tuple[str, bytes]]:
    """The messages of snapshots that take turns in the slots."""
    for number, (offset, chunks) in enumerate(snapshots):
        yield from messages_of(manifest_of(offset, chunks), chunks, number % 2)


def newest(
    messages: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]], before: int = 1_000
) -> Snapshot | None:
    """As a worker finds it that reads the topic to its end."""
    return newest_whole(dict(messages), before)[1]


def test_given_a_snapshot_then_it_is_what_was_written() -> None:
    found = newest(written((7, OLDER)))

    assert found == Snapshot(manifest_of(7, OLDER), OLDER)
    assert (found.manifest.chunks, found.manifest.bytes) == (3, sum(map(len, OLDER)))


def test_given_nothing_then_there_is_none() -> None:
    assert newest_whole({}, 1_000) == (1, None)
    assert newest(written((7, OLDER)), before=7) is None


def test_given_two_then_the_newer_counts_that_is_before_the_frame() -> None:
    messages = list(written((7, OLDER), (9, NEWER)))

    assert newest_whole(dict(messages), 10) == (1, Snapshot(manifest_of(9, NEWER), NEWER))
    assert newest_whole(dict(messages), 9) == (0, Snapshot(manifest_of(7, OLDER), OLDER))
    # the third is in the slot of the first
    assert newest_whole(dict(written((7, OLDER), (9, NEWER), (11, NEWER))), 12)[0] == 0


@settings(max_examples=100, deadline=None)
@given(
    states=st.lists(st.lists(st.binary(max_size=3), max_size=4), min_size=1, max_size=5),
    data=st.data(),
)
def test_given_a_worker_that_ends_at_any_message_then_the_last_whole_snapshot_is_found(
    states: list[list[bytes]], data: st.DataObject
) -> None:
    snapshots = list(enumerate(states))
    messages = list(written(*snapshots))
    cut = data.draw(st.integers(0, len(messages)))
    whole = [
        Snapshot(manifest_of(offset, chunks), chunks)
        for offset, chunks in snapshots
        if len(list(written(*snapshots[: offset + 1]))) <= cut
    ]

    assert newest(messages[:cut]) == (whole[-1] if whole else None)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_given_a_message_that_is_damaged_or_gone_then_the_older_snapshot_counts(data: st.DataObject) -> None:
    messages = dict(written((7, OLDER), (9, NEWER)))
    key = data.draw(st.sampled_from([key for key in messages if key.startswith("1/")]))
    value = data.draw(st.none() | st.binary(max_size=40))
    if value == messages[key]:
        value = None
    if value is None:
        del messages[key]
    else:
        messages[key] = value

    assert newest(list(messages.items())) == Snapshot(manifest_of(7, OLDER), OLDER)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"{}",
        b"\xff",
        b'{"digest":"\xff"}',
        b"[" * 100_000,
        b'{"frame_offset":1,"chunks":-1,"bytes":0,"digest":"","settings":"","code_version":"","written_at":""}',
        b'{"frame_offset":1,"chunks":1000000000000,"bytes":0,"digest":"","settings":"","code_version":"","written_at":""}',
    ],
    ids=lambda value: repr(value)[:30],
)
def test_given_a_manifest_that_is_none_then_its_slot_is_empty(value: bytes) -> None:
    assert newest([*written((7, OLDER)), ("1/manifest", value)]) == Snapshot(manifest_of(7, OLDER), OLDER)
    assert newest([("0/manifest", value)]) is None


def test_given_chunks_in_another_order_or_of_another_state_then_they_are_not_whole() -> None:
    (first, second, third), (*_, last) = OLDER, written((7, OLDER))

    assert newest([*zip(["0/0", "0/1", "0/2"], [second, first, third], strict=True), last]) is None
    assert newest([*zip(["0/0", "0/1", "0/2"], [first, second, NEWER[0]], strict=True), last]) is None
    assert newest([*zip(["1/0", "1/1", "1/2"], OLDER, strict=True), last]) is None


def test_given_chunks_of_a_longer_state_before_then_they_are_left_out() -> None:
    found = newest(written((7, OLDER), (8, OLDER), (9, NEWER)))

    assert found == Snapshot(manifest_of(9, NEWER), NEWER)


def test_given_a_manifest_of_another_version_then_it_is_not_used() -> None:
    raw = msgspec.json.encode({**msgspec.to_builtins(manifest_of(9, NEWER)), "more": 1})
    messages = [*written((7, OLDER)), ("1/0", NEWER[0]), ("1/1", NEWER[1]), ("1/manifest", raw)]

    assert newest(messages) == Snapshot(manifest_of(7, OLDER), OLDER)
