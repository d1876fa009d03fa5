"""A few accounts that repeat the same originals without credit are found; readers, topics and jokes are not."""

import numpy as np
import polars as pl
import pytest

from detectors.attribution import uncredited_pairs
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_pairs import MOST_COPIERS, uncredited_groups
from detectors.networks.recurring_crowds import RecurringCrowd
from tests.detectors.attribution.test_uncredited_crowds import (
    ACCOUNTS,
    SCHEMA,
    Copy,
    Readers,
    campaign,
    readers,
)

TRIO = [700, 1_300, 2_100]
"""Chosen by number alone: numbers are given at random here."""
TOPICS = 10


def topical(draw: np.random.Generator, drop: float) -> Readers:
    """Accounts that hardly ever leave their topic; how often each drops the source differs widely."""
    posts = np.maximum(1, draw.lognormal(1.5, 1.2, ACCOUNTS)).astype(np.int64)
    topic = draw.integers(0, TOPICS, ACCOUNTS)
    careless = draw.gamma(0.5, 2, ACCOUNTS)
    copies = []
    for number in range(300):
        liking = posts * np.where(topic == number % TOPICS, 1.0, 0.02)
        crowd = min(150, int(draw.pareto(1.1) * 5) + 1)
        who = draw.choice(ACCOUNTS, crowd, replace=False, p=liking / liking.sum())
        dropping = draw.random(crowd) < drop * careless[who]
        copies += [
            Copy(account, 0, Fact.COPY if drops else Fact.CREDITED_COPY, number % 3, f"o{number}")
            for account, drops in zip(who.tolist(), dropping.tolist(), strict=True)
        ]
    return Readers(copies, posts)


def found(copies: list[Copy], ordinary: np.ndarray | None = None) -> list[RecurringCrowd]:
    everybody = np.ones(ACCOUNTS, np.bool_)
    frame = pl.DataFrame(copies, schema=SCHEMA, orient="row").with_row_index("post_id")
    return uncredited_groups(frame, everybody if ordinary is None else ordinary)


def trio_copies(draw: np.random.Generator, world: Readers, each: int = 11) -> list[Copy]:
    """Three accounts that each take `each` of the same 20 originals, popular ones among them."""
    names = sorted({copy.origin for copy in world.copies})
    chosen = draw.choice(names, 20, replace=False).tolist()
    return [
        Copy(account, 0, Fact.COPY, int(origin[1:]) % 3, origin)
        for account in TRIO
        for origin in draw.choice(chosen, each, replace=False).tolist()
    ]


@pytest.mark.parametrize("seed", range(8))
def test_given_three_accounts_that_take_the_same_originals_of_many_then_they_are_one_group(seed: int) -> None:
    draw = np.random.default_rng(seed)
    world = topical(draw, drop=0.04)

    groups = found(world.copies + trio_copies(draw, world))

    assert TRIO in [group.accounts.tolist() for group in groups]
    assert all(group.surprise > 5 and group.accounts.dtype == np.int32 for group in groups)


@pytest.mark.parametrize("drop", [0.04, 0.3])
@pytest.mark.parametrize("seed", range(10))
def test_given_readers_of_one_topic_of_which_some_always_drop_the_source_then_no_group(
    seed: int, drop: float
) -> None:
    world = topical(np.random.default_rng(100 + seed), drop)
    assert sum(copy.kind is Fact.COPY for copy in world.copies) > 50

    assert found(world.copies) == []


@pytest.mark.slow
@pytest.mark.parametrize("jokes", [1, 2, 3])
@pytest.mark.parametrize("copiers", [20, MOST_COPIERS, 150])
def test_given_jokes_that_many_copy_without_credit_then_who_copied_two_is_no_group(
    jokes: int, copiers: int
) -> None:
    for seed in range(4):
        draw = np.random.default_rng(seed)
        world = readers(draw)
        told = campaign(draw, [f"joke{number}" for number in range(jokes)], list(range(ACCOUNTS)), copiers)

        assert found(world.copies + told) == []


@pytest.mark.slow
def test_given_no_account_that_names_the_source_then_no_group() -> None:
    for seed in range(6):
        draw = np.random.default_rng(seed)
        world = topical(draw, drop=0.04)
        copies = [copy._replace(kind=Fact.COPY) for copy in world.copies + trio_copies(draw, world)]

        assert found(copies) == []


def test_given_readers_who_meet_as_often_while_naming_the_source_then_meeting_is_nothing_special() -> None:
    draw = np.random.default_rng(11)
    world = topical(draw, drop=0.04)
    # 150 trios that do it more with credit: whoever reads such news meets like that
    open_trios = []
    for number in range(150):
        shift = {old: 1 + 3 * number + at for at, old in enumerate(TRIO)}
        open_trios += [
            copy._replace(account=shift[copy.account], kind=Fact.CREDITED_COPY)
            for copy in trio_copies(draw, world, each=16)
        ]
    copies = world.copies + open_trios + trio_copies(draw, world)
    outside = np.ones(ACCOUNTS, np.bool_)
    outside[1:451] = False

    assert found(copies) == []
    # where these are known networks, they do not say what is usual
    assert TRIO in [group.accounts.tolist() for group in found(copies, outside)]


def test_given_the_same_copies_then_neither_their_order_nor_repeats_matter() -> None:
    draw = np.random.default_rng(3)
    world = topical(draw, drop=0.04)
    copies = world.copies + trio_copies(draw, world)
    straight = found(copies)
    assert straight

    mixed = [copies[at] for at in draw.permutation(len(copies)).tolist()] + copies[:50]
    other = found(mixed)

    assert [group.accounts.tolist() for group in other] == [group.accounts.tolist() for group in straight]
    assert [group.surprise for group in other] == [group.surprise for group in straight]


def test_given_accounts_of_which_nobody_names_the_source_then_no_kernel_is_compiled_for_them_alone() -> None:
    draw = np.random.default_rng(3)
    world = topical(draw, drop=0.04)
    copies = world.copies + trio_copies(draw, world)

    found(copies)
    found([copy for copy in copies if copy.kind is Fact.COPY])

    assert len(uncredited_pairs._surprise.signatures) == 1


def test_given_few_copies_then_no_group() -> None:
    world = readers(np.random.default_rng(4))

    assert found([]) == []
    assert found([Copy(account, 0, Fact.COPY, 0, "only") for account in TRIO]) == []
    assert found(world.copies + [Copy(account, 0, Fact.COPY, 0, "only") for account in TRIO]) == []


OWNER = 2


def marks(kind: Fact, posts: list[tuple[int, str]], entity: int = OWNER) -> pl.DataFrame:
    """Facts of other kinds in some posts, given by account and post."""
    return pl.DataFrame(
        {
            "account": [account for account, _ in posts],
            "time": [0] * len(posts),
            "kind": [int(kind)] * len(posts),
            "entity": [entity] * len(posts),
            "origin": [None] * len(posts),
            "post_id": [post for _, post in posts],
        },
        schema=SCHEMA | {"post_id": pl.String},
    )


def groups_with(copies: list[Copy], *more: pl.DataFrame) -> list[list[int]]:
    """Groups found where copies are posts `c0`, `c1` and so on."""
    frame = pl.DataFrame(copies, schema=SCHEMA, orient="row").with_columns(
        post_id=pl.concat_str(pl.lit("c"), pl.int_range(pl.len()))
    )
    found = uncredited_groups(pl.concat([frame, *more]), np.ones(ACCOUNTS, np.bool_))
    return [group.accounts.tolist() for group in found]


@pytest.mark.parametrize("kind", [Fact.HIDDEN_MENTION, Fact.REGISTRY_LINK])
def test_given_one_original_and_a_site_or_a_handle_that_no_other_account_has_then_the_two_together_make_an_edge(
    kind: Fact,
) -> None:
    world = topical(np.random.default_rng(21), drop=0.04)
    shared = [Copy(account, 0, Fact.COPY, 0, "theirs") for account in TRIO]
    own = [Copy(account, 0, Fact.COPY, 0, f"own{account}") for account in TRIO]
    copies = world.copies + shared + own
    said = marks(kind, [(account, f"m{account}") for account in TRIO])

    assert groups_with(copies) == []
    assert groups_with(copies, said) == [TRIO]
    # in the posts that are copies they came with the copy
    in_copies = [(account, f"c{len(world.copies) + at}") for at, account in enumerate(TRIO)]
    assert groups_with(copies, marks(kind, in_copies)) == []


def test_given_a_site_that_many_link_then_it_makes_no_edge() -> None:
    draw = np.random.default_rng(22)
    world = topical(draw, drop=0.04)
    shared = [Copy(account, 0, Fact.COPY, 0, "theirs") for account in TRIO]
    customers = draw.choice(ACCOUNTS, 400, replace=False).tolist()

    assert (
        groups_with(
            world.copies + shared,
            marks(Fact.REGISTRY_LINK, [(one, f"m{one}") for one in (*TRIO, *customers)]),
        )
        == []
    )
