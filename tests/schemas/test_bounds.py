"""Bounds declared on a field: who is within, and what the message says."""

import math
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from schemas.checks.bounds import Probability, bounds_of, check_bounds, is_within, out_of_bounds
from schemas.errors import UsageError


class Section(msgspec.Struct):
    level: Probability = 0.01
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    rows: Annotated[int, Meta(ge=1, le=(1 << 62) - 1)] = 1
    pause_s: Annotated[float, Meta(ge=1.0, le=1_800.0)] = 1.0
    request: Annotated[int, Meta(ge=5_308_416, le=64 << 20)] = 5_308_416
    name: str = ""


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("level", 0.0, "between 0 and 1"),
        ("level", 1.0, "between 0 and 1"),
        ("level", math.nan, "between 0 and 1"),
        ("port", -1, "from 0 to 65,535"),
        ("port", 65_536, "from 0 to 65,535"),
        ("rows", 0, "of at least 1"),
        ("rows", 1 << 62, "below 2^62"),
        ("pause_s", math.nan, "from 1 to 1,800"),
        ("pause_s", 0.5, "from 1 to 1,800"),
        ("request", 1, "from 5,308,416 to 67,108,864"),
    ],
)
def test_given_a_value_out_of_bounds_then_the_message_names_setting_value_and_range(
    name: str, value: float, allowed: str
) -> None:
    bounds = bounds_of(Section, name)

    assert bounds is not None
    assert not is_within(value, bounds)
    assert (
        out_of_bounds(f"section.{name}", value, bounds)
        == f"section.{name}: give a number {allowed}, not {value}."
    )
    with pytest.raises(UsageError, match=rf"section\.{name}: give a number"):
        check_bounds(Section(**{name: value}), "section", name)


def test_given_values_within_bounds_or_without_any_then_nothing_is_raised() -> None:
    check_bounds(Section(port=65_535, pause_s=1_800.0), "section", "level", "port", "rows", "pause_s", "name")
