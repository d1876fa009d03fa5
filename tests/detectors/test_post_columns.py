"""Frames at the edge have the declared columns, in order and with their dtypes."""

import polars as pl
import pytest

from detectors.post_columns import POSTS, conform


def test_given_some_columns_in_any_order_then_all_columns_in_the_declared_order() -> None:
    frame = pl.DataFrame(
        {"text": ["a"], "extra": [1], "post_id": [7], "likes": [3]}, schema_overrides={"likes": pl.UInt8}
    )

    posts = conform(frame)

    assert dict(posts.schema) == dict(POSTS)
    assert posts.columns == list(POSTS)
    assert posts["post_id"].to_list() == ["7"]
    assert posts["likes"].to_list() == [3]
    assert posts["urls"].to_list() == [None]


def test_given_no_rows_then_the_columns_are_there() -> None:
    assert dict(conform(pl.DataFrame()).schema) == dict(POSTS)
    assert len(conform(pl.DataFrame())) == 0
    assert len(conform(pl.DataFrame({"extra": pl.Series([], dtype=pl.Int64)}))) == 0
    assert len(conform(pl.DataFrame({"extra": [1, 2]}))) == 2


def test_given_a_column_that_cannot_be_what_it_should_then_an_error() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError):
        conform(pl.DataFrame({"created_at": ["yesterday"]}))
