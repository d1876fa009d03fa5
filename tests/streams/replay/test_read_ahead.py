"""An iterator that works ahead: the same items, errors in their place, and a source that is let go."""

import threading
from collections.abc import Iterator

import pytest

from streams.replay.read_ahead import ReadAhead

LIMIT_S = 20


def test_given_a_source_then_its_items_come_in_order_from_another_thread() -> None:
    threads: set[int] = set()

    def source() -> Iterator[int]:
        for number in range(1_000):
            threads.add(threading.get_ident())
            yield number

    with ReadAhead(source(), 2) as items:
        assert list(items) == list(range(1_000))
    assert threading.get_ident() not in threads


def test_given_an_error_in_the_source_then_it_is_raised_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield from range(3)
        raise ValueError("no more")

    seen = []
    with pytest.raises(ValueError, match="no more"), ReadAhead(source(), 1) as items:
        for item in items:
            seen.append(item)
    assert seen == [0, 1, 2]


def test_given_a_slow_reader_then_the_source_is_no_more_than_the_bound_ahead() -> None:
    made = 0

    def source() -> Iterator[int]:
        nonlocal made
        for number in range(50):
            made = number
            yield number

    with ReadAhead(source(), 2) as items:
        for item in items:
            # the item in hand, two that wait, one that is being put, and one in the making
            assert made <= item + 4


def test_given_a_reader_that_stops_then_the_source_is_closed() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        number = 0
        try:
            while True:
                yield number
                number += 1
        finally:
            closed.set()

    with ReadAhead(source(), 1) as items:
        assert next(items) == 0
    assert closed.wait(LIMIT_S)


def test_given_an_empty_source_then_nothing() -> None:
    with ReadAhead(iter(()), 1) as items:
        assert list(items) == []
