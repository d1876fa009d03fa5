"""Reposts of reposts name the original."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ordering.repost_chains import RepostChains


def frame(*rows):
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("platform", "post_id", "repost_of"), pl.String), orient="row"
    )


def followed(chains, *rows):
    return chains.follow(frame(*rows))["repost_of"].to_list()


def test_given_reposts_of_reposts_then_all_name_the_original():
    chains = RepostChains()
    assert followed(chains, ("x", "1", None), ("x", "2", "1"), ("x", "3", "2"), ("x", "4", "3")) == [
        None,
        "1",
        "1",
        "1",
    ]
    assert followed(chains, ("x", "5", "4"), ("x", "6", "99"), ("y", "7", "4")) == ["1", "99", "4"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 30), st.integers(0, 40)), max_size=12),
        max_size=5,
    )
)
def test_given_any_reposts_then_each_names_where_a_walk_through_all_before_it_ends(batches):
    chains, original_of = RepostChains(), {}
    for batch in batches:
        original_of |= {(platform, own): target for platform, own, target in batch}
        expected = []
        for platform, _, target in batch:
            original = target
            for _ in range(16):
                original = original_of.get((platform, original), original)
            expected.append(f"id{original}")
        rows = [(platform, f"id{own}", f"id{target}") for platform, own, target in batch]
        assert followed(chains, *rows) == expected


def test_given_a_circle_then_following_it_ends():
    chains = RepostChains()
    assert len(followed(chains, ("x", "1", "2"), ("x", "2", "1"))) == 2
    assert followed(chains, ("x", "at://a:b/3", "at://a:b/4"), ("x", "5", "at://a:b/3")) == [
        "at://a:b/4",
        "at://a:b/4",
    ]


def test_given_more_reposts_than_are_remembered_then_the_latest_are():
    chains = RepostChains(most=4)
    followed(chains, *(("x", f"r{number}", f"o{number}") for number in range(6)))
    assert followed(chains, ("x", "a", "r5"), ("x", "b", "r0")) == ["o5", "r0"]
