"""Copies that are passed on beyond their author's followers: by strangers, not by readers."""

import numpy as np
import polars as pl
import pytest

from detectors.attribution.amplification import amplification, amplified, amplifying
from detectors.attribution.fact_store import FACT_LOG
from detectors.attribution.facts import Fact

AGENCY = 3
AUTHOR, POPULAR, UNKNOWN = 0, 1, 2
FOLLOWERS = np.array([20, 5_000, -1, *[100] * 97], np.int64)
CROWD = range(10, 25)


def copy(author: int, post_id: str, at: int = 0) -> dict[str, object]:
    return {
        "account": author,
        "time": at,
        "post_id": post_id,
        "kind": int(Fact.COPY),
        "entity": AGENCY,
        "origin": "o1",
        "detail": "the text",
    }


def repost(account: int, of: str, at: int = 10) -> dict[str, object]:
    return {
        "account": account,
        "time": at,
        "post_id": f"r{account}-{of}",
        "kind": int(Fact.PASSED_ON),
        "entity": AGENCY,
        "origin": "o1",
        "detail": of,
    }


def held(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=FACT_LOG)


def who(frame: pl.DataFrame) -> list[int]:
    return sorted(frame["account"].to_list())


def test_given_more_than_half_as_many_as_follow_the_author_then_they_all_count() -> None:
    facts = held(copy(AUTHOR, "c"), *(repost(one, "c") for one in CROWD))

    found = amplified(facts, FOLLOWERS)

    assert who(found) == list(CROWD)
    assert dict(found.schema) == FACT_LOG
    assert found["kind"].unique().to_list() == [int(Fact.PASSED_ON)]


@pytest.mark.parametrize("author", [POPULAR, UNKNOWN])
def test_given_an_author_with_readers_or_with_unknown_ones_then_nothing_is_said(author: int) -> None:
    assert not len(amplified(held(copy(author, "c"), *(repost(one, "c") for one in CROWD)), FOLLOWERS))


def test_given_less_than_half_as_many_as_follow_then_they_may_be_readers() -> None:
    nine = [repost(one, "c") for one in range(10, 19)]

    assert not len(amplified(held(copy(AUTHOR, "c"), *nine), FOLLOWERS))
    assert len(amplified(held(copy(AUTHOR, "c"), *nine, repost(30, "c")), FOLLOWERS)) == 10


def test_given_reposts_by_the_author_or_again_then_the_count_stays_the_same() -> None:
    nine = [repost(one, "c") for one in range(10, 19)]
    again = [repost(AUTHOR, "c"), *(repost(one, "c", at=20) for one in range(10, 19))]

    assert not len(amplified(held(copy(AUTHOR, "c"), *nine, *again), FOLLOWERS))


def test_given_two_copies_then_each_is_judged_by_its_own_reposts() -> None:
    six = [repost(one, "c") for one in range(10, 16)] + [repost(one, "d") for one in range(20, 26)]

    assert not len(amplified(held(copy(AUTHOR, "c"), copy(AUTHOR, "d"), *six), FOLLOWERS))


def test_given_an_author_without_followers_then_two_reposts_are_still_too_few() -> None:
    nobody = np.zeros(100, np.int64)

    assert not len(amplified(held(copy(AUTHOR, "c"), repost(10, "c"), repost(11, "c")), nobody))
    assert len(amplified(held(copy(AUTHOR, "c"), *(repost(one, "c") for one in (10, 11, 12))), nobody)) == 3


def test_given_a_copy_that_has_been_forgotten_then_its_reposts_say_nothing() -> None:
    assert not len(amplified(held(*(repost(one, "c") for one in CROWD)), FOLLOWERS))
    assert not len(amplified(held(), FOLLOWERS))


def test_given_members_who_do_nothing_else_then_it_is_beyond_what_ordinary_accounts_do() -> None:
    facts = amplified(held(copy(AUTHOR, "c"), *(repost(one, "c") for one in CROWD)), FOLLOWERS)
    posts, everybody = np.full(100, 50, np.int64), np.ones(100, np.bool_)
    members = np.array(CROWD, np.int32)

    sums = amplifying(facts, posts, everybody)
    found = amplification(facts, members, posts, sums, everybody)

    assert (found.observed, found.posts) == (15, 750)
    assert found.expected < 1
    assert found.p < 1e-6
    assert found.entities == (AGENCY,)
    assert set(found.samples["post_id"]) <= set(facts["post_id"])
    # what the members do is no part of what is usual, and others did nothing of the kind
    assert amplification(facts, np.array([50, 51], np.int32), posts, sums, everybody).p == 1.0
