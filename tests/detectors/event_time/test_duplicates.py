"""A post is counted once: keys are remembered for one to two generations."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.rejected_rows import ANOTHER_POST, DUPLICATE, EDITED, without_duplicates
from schemas.dead_letters import Reason

Row = tuple[int, int]
"""Event time, seconds, and key."""


def fresh(duplicates: DuplicateFilter, *rows: Row) -> list[bool]:
    return duplicates.fresh(
        np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.uint64)
    ).tolist()


def test_given_a_key_twice_then_it_is_new_once_within_and_across_batches() -> None:
    duplicates = DuplicateFilter(100, 1 << 20)

    assert fresh(duplicates, (1, 5), (1, 6), (2, 5), (3, 5)) == [True, True, False, False]
    assert fresh(duplicates, (4, 6), (5, 7)) == [False, True]
    assert fresh(duplicates) == []


def test_given_generations_then_a_key_is_known_in_the_next_one_and_forgotten_after() -> None:
    duplicates = DuplicateFilter(100, 1 << 20)

    assert fresh(duplicates, (10, 5), (199, 5), (205, 5)) == [True, False, False]
    # sightings renew the memory; after a whole generation without one it is gone
    assert fresh(duplicates, (310, 5), (400, 6), (599, 6), (600, 5)) == [False, True, False, True]


def test_given_a_generation_is_skipped_then_all_is_forgotten_and_none_of_it_early() -> None:
    duplicates = DuplicateFilter(100, 1 << 20)

    assert fresh(duplicates, (10, 5), (250, 5)) == [True, True]
    assert duplicates.forgotten_early == 0


def test_given_too_many_keys_then_the_older_half_leaves_early_and_is_counted() -> None:
    duplicates = DuplicateFilter(1_000, 8)

    assert fresh(duplicates, *((1, key) for key in range(1, 5))) == [True] * 4
    assert fresh(duplicates, *((2, key) for key in range(5, 9))) == [True] * 4
    assert fresh(duplicates, (3, 8), (3, 9)) == [False, True]
    assert duplicates.forgotten_early == 2
    assert fresh(duplicates, (4, 1)) == [True]


@pytest.mark.parametrize("first_size", [2, 1 << 14])
@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from([0, 0, 1, 40, 70, 250]), st.integers(1, 12)), max_size=60),
    cuts=st.sets(st.integers(0, 60)),
)
def test_given_any_batches_then_new_are_those_of_two_generations(
    first_size: int, steps: list[tuple[int, int]], cuts: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detectors.event_time.duplicates._FIRST_SIZE", first_size)
        duplicates = DuplicateFilter(100, 1 << 20)
        rows, time = [], 0
        for step, key in steps:
            time += step
            rows.append((time, key))
        expected, actual = [], []
        by_generation: dict[int, set[int]] = {}
        for time, key in rows:
            known = by_generation.get(time // 100, set()) | by_generation.get(time // 100 - 1, set())
            expected.append(key not in known)
            by_generation.setdefault(time // 100, set()).add(key)
        edges = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
        for begin, end in itertools.pairwise(edges):
            actual += fresh(duplicates, *rows[begin:end])

    assert actual == expected


def test_given_posts_that_were_counted_before_then_they_are_rejected_with_the_reason() -> None:
    rows = pl.DataFrame(
        {
            "created_at": [1, 1, 1, 1, 1, 2],
            "row_key": [5, 5, 5, 5, 6, 5],
            "account_key": [8, 8, 8, 9, 8, 8],
            "text": ["first", "first", "edited", "first", "other", "first"],
            "post_key": [5, 5, 5, 5, 6, 5],
            "deleted": [None] * 6,
        },
        schema_overrides={name: pl.UInt64 for name in ("row_key", "account_key", "post_key")}
        | {"deleted": pl.Boolean},
    )
    duplicates = DuplicateFilter(100, 1 << 20)

    kept, rejected = without_duplicates(rows, duplicates)

    assert kept["text"].to_list() == ["first", "other"]
    assert [
        (part.reason, part.detail, part.rows.drop("post_key", "deleted").rows()) for part in rejected
    ] == [
        (Reason.DUPLICATE, DUPLICATE, [(1, 5, 8, "first")]),
        (Reason.COLLISION, EDITED, [(1, 5, 8, "edited")]),
        (Reason.COLLISION, ANOTHER_POST, [(1, 5, 9, "first"), (2, 5, 8, "first")]),
    ]
    assert without_duplicates(rows[:0], duplicates)[1] == []
