"""Which originals stand out, and which of their crowds meet again, just below and just above each threshold."""

import numpy as np
import polars as pl
import pytest

from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import uncredited_crowds

ACCOUNTS = 4_000
POSTS = np.full(ACCOUNTS, 5, np.int64)
GROUP = list(range(20))

Rows = list[tuple[int, int, int, int, str]]


def copies(origin: str, uncredited: list[int], credited: list[int]) -> Rows:
    """Copies of one original by the given accounts."""
    return [(account, 0, int(Fact.COPY), 0, origin) for account in uncredited] + [
        (account, 0, int(Fact.CREDITED_COPY), 0, origin) for account in credited
    ]


def usual(originals: int) -> Rows:
    """Originals of which one copy in eleven drops the source, each by readers of its own."""
    rows: Rows = []
    for number in range(originals):
        readers = list(range(100 + 22 * number, 122 + 22 * number))
        rows += copies(f"usual{number}", readers[:2], readers[2:])
    return rows


def crowds_of(rows: Rows) -> list[list[int]]:
    schema = {
        "account": pl.Int32,
        "time": pl.Int64,
        "kind": pl.UInt8,
        "entity": pl.Int32,
        "origin": pl.String,
    }
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return [crowd.accounts.tolist() for crowd in uncredited_crowds(table, POSTS, np.ones(ACCOUNTS, np.bool_))]


@pytest.mark.parametrize(("common", "met_again"), [(1, False), (2, True), (3, True)])
def test_given_two_crowds_with_accounts_in_common_then_two_accounts_are_enough(
    common: int, met_again: bool
) -> None:
    # fewer than ten accounts in all, so only those in both crowds become members
    first, second = [*range(5)], [*range(common), *range(10, 15 - common)]

    crowds = crowds_of(usual(40) + copies("g0", first, []) + copies("g1", second, []))

    assert crowds == ([[*range(common)]] * 2 if met_again else [])


@pytest.mark.parametrize(("uncredited", "stands_out"), [(90, False), (130, True)])
def test_given_a_famous_original_then_it_stands_out_only_if_chance_gives_less_than_a_tenth_of_its_crowd(
    uncredited: int, stands_out: bool
) -> None:
    # one copy in eleven drops the source: of 110 copies that credit it, about 11 more are expected without credit
    pushed = [row for number in range(10) for row in copies(f"g{number}", GROUP, [])]
    passers_by = list(range(1_000, 1_000 + uncredited - len(GROUP)))
    famous = copies("famous", GROUP + passers_by, list(range(2_000, 2_110)))

    crowds = crowds_of(usual(8) + pushed + famous)

    assert crowds == [GROUP] * (11 if stands_out else 10)


@pytest.mark.parametrize(("credited", "stands_out"), [(0, True), (6, False)])
def test_given_originals_whose_source_is_dropped_often_then_uneven_habits_explain_it(
    credited: int, stands_out: bool
) -> None:
    # six credited copies make .65 uncredited ones expected. Eight would be far beyond chance if every original had
    # its source dropped as often as every other
    few = GROUP[:8]
    rows = usual(40) + [
        row for number in range(2) for row in copies(f"g{number}", few, list(range(3_000, 3_000 + credited)))
    ]

    assert crowds_of(rows) == ([few] * 2 if stands_out else [])
