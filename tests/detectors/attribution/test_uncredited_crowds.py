"""Groups that repeat the same originals without credit are found; readers, fans and jokes are not."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from detectors.arrays.dtypes import I64
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import MIN_CROWD, member_edges, uncredited_crowds
from detectors.networks.recurring_crowds import RecurringCrowd

ACCOUNTS = 3_000
GROUP = list(range(40, 120))
"""Chosen by number alone: numbers are given at random here."""
SCHEMA = {
    "account": pl.Int32,
    "time": pl.Int64,
    "kind": pl.UInt8,
    "entity": pl.Int32,
    "origin": pl.String,
}


class Copy(NamedTuple):
    account: int
    time: int
    kind: Fact
    entity: int
    origin: str


class Readers(NamedTuple):
    """A world without groups."""

    copies: list[Copy]
    posts: I64


def readers(draw: np.random.Generator, originals: int = 120, drop: float = 0.04, fans: int = 150) -> Readers:
    """Accounts of uneven activity pass on originals of uneven fame, fans twenty times as often; some drop the source.

    How many do differs from original to original.
    """
    posts = np.maximum(1, draw.lognormal(1.5, 1.2, ACCOUNTS)).astype(np.int64)
    liking = posts.astype(np.float64)
    liking[draw.choice(ACCOUNTS, fans, replace=False)] *= 20
    liking /= liking.sum()
    copies = []
    for number in range(originals):
        crowd = min(600, int(draw.pareto(1.1) * 15) + 2)
        dropping = draw.random(crowd) < drop * draw.gamma(4, 1 / 4)
        copies += [
            Copy(account, when, Fact.COPY if drops else Fact.CREDITED_COPY, number % 3, f"o{number}")
            for account, when, drops in zip(
                draw.choice(ACCOUNTS, crowd, replace=False, p=liking).tolist(),
                draw.integers(0, 1 << 20, crowd).tolist(),
                dropping.tolist(),
                strict=True,
            )
        ]
    return Readers(copies, posts)


def campaign(draw: np.random.Generator, origins: Iterable[str], who: list[int], each: int) -> list[Copy]:
    """Of `who`, `each` at random repeat each original without credit."""
    return [
        Copy(account, int(draw.integers(0, 1 << 20)), Fact.COPY, 0, origin)
        for origin in origins
        for account in draw.choice(who, each, replace=False).tolist()
    ]


def found(copies: list[Copy], posts: I64) -> list[RecurringCrowd]:
    everybody = np.ones(len(posts), np.bool_)
    return uncredited_crowds(pl.DataFrame(copies, schema=SCHEMA, orient="row"), posts, everybody)


def members(crowds: list[RecurringCrowd]) -> set[int]:
    return {account for crowd in crowds for account in crowd.accounts.tolist()}


@pytest.mark.parametrize("seed", range(12))
def test_given_readers_that_partly_drop_the_source_then_no_crowd(seed: int) -> None:
    world = readers(np.random.default_rng(seed))
    assert sum(copy.kind is Fact.COPY for copy in world.copies) > 50

    assert found(*world) == []


def test_given_accounts_that_never_name_a_source_then_their_habit_is_no_crowd() -> None:
    for seed in range(6):
        draw = np.random.default_rng(seed)
        world = readers(draw, drop=0.01)
        careless = set(draw.choice(ACCOUNTS, 100, replace=False).tolist())
        copies = [
            copy._replace(kind=Fact.COPY) if copy.account in careless else copy for copy in world.copies
        ]

        assert found(copies, world.posts) == []


@pytest.mark.parametrize("seed", range(4))
def test_given_a_group_of_which_a_quarter_repeats_each_original_then_it_and_hardly_anyone_else_is_found(
    seed: int,
) -> None:
    draw = np.random.default_rng(seed)
    world = readers(draw)
    own = [f"g{number}" for number in range(12)]

    crowds = found(world.copies + campaign(draw, own, GROUP, 20), world.posts)

    named = members(crowds)
    assert len(named & set(GROUP)) >= 0.9 * len(GROUP)
    assert len(named & set(GROUP)) >= 0.95 * len(named)
    assert all(crowd.surprise > 5 and crowd.accounts.dtype == np.int32 for crowd in crowds)
    assert all((np.diff(crowd.accounts) > 0).all() for crowd in crowds)


@pytest.mark.parametrize("seed", range(4))
def test_given_a_campaign_for_originals_that_readers_pass_on_too_then_few_of_a_crowd_are_readers(
    seed: int,
) -> None:
    draw = np.random.default_rng(seed)
    world = readers(draw)
    famous = [f"o{number * 10}" for number in range(12)]

    crowds = found(world.copies + campaign(draw, famous, GROUP, 20), world.posts)

    assert len(members(crowds) & set(GROUP)) >= 0.6 * len(GROUP)
    readers_share = [
        1 - len(set(crowd.accounts.tolist()) & set(GROUP)) / len(crowd.accounts) for crowd in crowds
    ]
    assert float(np.mean(readers_share)) <= 0.1


@pytest.mark.parametrize("seed", range(4))
def test_given_all_originals_of_an_entity_pushed_then_the_group_is_found_all_the_same(seed: int) -> None:
    draw = np.random.default_rng(100 + seed)
    world = readers(draw, originals=90)
    pushed = sorted({copy.origin for copy in world.copies if copy.entity == 0})
    copies = world.copies + campaign(draw, pushed, GROUP, 20)
    of_entity = [copy for copy in copies if copy.entity == 0]
    uncredited = {copy.origin for copy in of_entity if copy.kind is Fact.COPY}
    assert len(uncredited) == len(pushed) >= 15

    named = members(found(copies, world.posts))

    assert len(named & set(GROUP)) >= 0.75 * len(GROUP)
    assert len(named & set(GROUP)) >= 0.8 * len(named)


def test_given_a_long_campaign_for_famous_originals_then_passers_by_do_not_add_up() -> None:
    for seed in range(3):
        draw = np.random.default_rng(seed)
        world = readers(draw, originals=150)
        pushed = [f"o{number}" for number in range(100)]

        named = members(found(world.copies + campaign(draw, pushed, GROUP, 20), world.posts))

        assert len(named & set(GROUP)) >= 0.95 * len(GROUP)
        assert len(named & set(GROUP)) >= 0.9 * len(named)


def test_given_an_original_so_famous_that_readers_fill_its_crowd_then_the_crowd_is_left_out() -> None:
    draw = np.random.default_rng(6)
    world = readers(draw)
    reading = draw.choice(ACCOUNTS, 2_000, replace=False).tolist()
    famous = [
        Copy(account, 0, Fact.COPY if number < 80 else Fact.CREDITED_COPY, 0, "famous")
        for number, account in enumerate(reading)
    ]
    copies = world.copies + famous + campaign(draw, ["famous"], GROUP, 80)
    own = campaign(draw, ["g0", "g1", "g2"], GROUP, 40)

    crowds = found(copies + own, world.posts)

    assert members(crowds) <= set(GROUP)
    assert len(crowds) == 3


@pytest.mark.parametrize("jokes", [1, 3])
def test_given_jokes_that_five_hundred_copy_once_then_no_crowd(jokes: int) -> None:
    for seed in range(4):
        draw = np.random.default_rng(seed)
        world = readers(draw)
        told = [f"joke{number}" for number in range(jokes)]

        assert found(world.copies + campaign(draw, told, list(range(ACCOUNTS)), 500), world.posts) == []


def test_given_jokes_that_the_most_active_copy_then_activity_explains_that_they_meet_again() -> None:
    draw = np.random.default_rng(8)
    world = readers(draw)
    chances = world.posts / world.posts.sum()
    laughing = [
        Copy(account, 0, Fact.COPY, 0, f"joke{number}")
        for number in range(3)
        for account in draw.choice(ACCOUNTS, 300, replace=False, p=chances).tolist()
    ]
    first, second, third = (
        {copy.account for copy in laughing if copy.origin == f"joke{number}"} for number in range(3)
    )
    assert len(first & second) > 40  # they do meet
    assert len(second & third) > 40

    assert found(world.copies + laughing, world.posts) == []


def test_given_fans_who_pass_on_the_same_news_with_credit_then_jokes_they_all_copy_are_no_crowd() -> None:
    for seed in range(4):
        draw = np.random.default_rng(seed)
        posts = np.maximum(1, draw.lognormal(1.5, 1.2, ACCOUNTS)).astype(np.int64)
        liking = posts.astype(np.float64)
        liking[draw.choice(ACCOUNTS, 150, replace=False)] *= 50
        liking /= liking.sum()
        news = [
            Copy(account, 0, Fact.COPY if drops else Fact.CREDITED_COPY, 0, f"o{number}")
            for number in range(120)
            for account, drops in zip(
                draw.choice(ACCOUNTS, 60, replace=False, p=liking).tolist(),
                (draw.random(60) < 0.02).tolist(),
                strict=True,
            )
        ]
        jokes = [
            Copy(account, 0, Fact.COPY, 0, f"joke{number}")
            for number in range(3)
            for account in draw.choice(ACCOUNTS, 100, replace=False, p=liking).tolist()
        ]

        assert found(news + jokes, posts) == []


def test_given_more_copiers_than_are_held_then_the_first_to_copy_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detectors.attribution.uncredited_crowds._MOST_MEMBERS", 20)
    world = readers(np.random.default_rng(9))
    pushed = [
        Copy(account, when, Fact.COPY, 0, f"g{number}")
        for number in range(4)
        for account in GROUP
        # three in four copy late; the others early, and once more after everybody
        for when in ((5_000,) if account % 4 else (1_000, 9_000))
    ]

    crowds = found(world.copies + pushed, world.posts)

    assert [crowd.accounts.tolist() for crowd in crowds] == [[n for n in GROUP if n % 4 == 0]] * 4


def test_given_a_group_then_neither_the_order_of_rows_nor_repeats_matter() -> None:
    draw = np.random.default_rng(2)
    world = readers(draw)
    copies = world.copies + campaign(draw, [f"g{number}" for number in range(6)], GROUP, 20)
    straight = found(copies, world.posts)
    assert straight

    for seed in range(3):
        again = np.random.default_rng(seed)
        twice = copies + [copies[at]._replace(time=1 << 30) for at in again.integers(0, len(copies), 300)]
        mixed = [twice[at] for at in again.permutation(len(twice)).tolist()]
        other = found(mixed, world.posts)
        assert [crowd.accounts.tolist() for crowd in other] == [crowd.accounts.tolist() for crowd in straight]
        assert [crowd.surprise for crowd in other] == [crowd.surprise for crowd in straight]


def test_given_one_original_or_few_copies_then_there_is_nothing_to_meet_again_for() -> None:
    draw = np.random.default_rng(3)
    world = readers(draw)

    assert found([], world.posts) == []
    assert found([], np.zeros(0, np.int64)) == []
    assert found(campaign(draw, ["g0"], GROUP, 80), world.posts) == []
    assert found(world.copies + campaign(draw, ["g0"], GROUP, 80), world.posts) == []
    assert found(campaign(draw, ["g0", "g1"], GROUP, MIN_CROWD - 1), world.posts) == []


def test_given_no_credited_copy_at_all_then_nothing_is_known_to_be_usual_and_no_account_is_found() -> None:
    draw = np.random.default_rng(4)
    world = readers(draw)
    copies = [copy._replace(kind=Fact.COPY) for copy in world.copies]

    assert found(copies, world.posts) == []


def test_given_credited_copies_alone_then_whoever_meets_again_hides_nothing() -> None:
    draw = np.random.default_rng(5)
    world = readers(draw)
    open_copies = [
        copy._replace(kind=Fact.CREDITED_COPY)
        for copy in campaign(draw, [f"g{number}" for number in range(12)], GROUP, 20)
    ]

    assert found(world.copies + open_copies, world.posts) == []


def pairs(size: int) -> tuple[list[tuple[int, int]], list[float]]:
    """Ties of one crowd of accounts 10, 13, 16 and so on, with surprise 60."""
    accounts = np.arange(10, 10 + 3 * size, 3, dtype=np.int32)
    keys, surprise = member_edges([RecurringCrowd(accounts, 60.0)])
    return [(key >> 32, key & 0xFFFFFFFF) for key in keys.tolist()], surprise.tolist()


@pytest.mark.parametrize("size", [2, 3, 4, 7, 20, 48])
def test_given_a_small_crowd_then_every_pair_of_it_is_tied_once(size: int) -> None:
    tied, surprise = pairs(size)

    accounts = range(10, 10 + 3 * size, 3)
    assert sorted(tied) == [(one, other) for one in accounts for other in accounts if one < other]
    assert surprise == [60.0 / size] * len(tied)


@pytest.mark.parametrize("size", [60, 500, 4_001])
def test_given_a_large_crowd_then_ties_grow_with_its_members_and_no_member_holds_it_together(
    size: int,
) -> None:
    tied, _ = pairs(size)

    degree = np.bincount([end for pair in tied for end in pair])
    degree = degree[degree > 0]
    assert len(degree) == size
    assert all(one < other for one, other in tied)
    assert len(set(tied)) == len(tied) <= 24 * size
    # a star would have one member of size - 1 ties, and many of one
    assert degree.max() - degree.min() <= 2
    assert degree.min() >= 10


def test_given_no_crowd_then_no_tie() -> None:
    keys, surprise = member_edges([])

    assert (len(keys), str(keys.dtype), len(surprise)) == (0, "uint64", 0)
