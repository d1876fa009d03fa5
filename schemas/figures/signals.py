"""Signals: figures about accounts and pairs for rules of the reader's own, whether or not a network is found.

A signal states figures, not suspicion. Each record stands alone; a later record about the same account or pair replaces
the earlier one.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.shares import TraceKind
from schemas.values import AccountKey, Count, Expectation, Instant, Name, Seconds, Unit


class AccountEngagement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much an account posts, and how others react, over the rolling window."""

    account_id: Annotated[AccountKey, Meta(description="The account, as `platform:account_id`.")]
    at: Annotated[Instant, Meta(description="Event time up to which posts count, UTC.")]
    window_s: Annotated[Seconds, Meta(description="Length of the window that ends then, seconds.")]
    posts: Annotated[Count, Meta(description="Posts in the window, reposts included.")]
    known_posts: Annotated[Count, Meta(description="Posts in the window whose reactions are known.")]
    reactions: Annotated[Count, Meta(description="Reactions to these posts.")]
    usual_reactions_per_post: Annotated[
        Expectation,
        Meta(
            description="Median over the accounts of the platform with known reactions: reactions to a known post."
        ),
    ]
    followers: Annotated[
        Count | None, Meta(description="Followers, by the account's posts or its profile; absent: unknown.")
    ] = None


class AccountFollowers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Accounts of the registry that follow an account, against what its number of followers explains."""

    account_id: Annotated[AccountKey, Meta(description="The followed account, as `platform:account_id`.")]
    at: Annotated[Instant, Meta(description="Event time up to which follow events count, UTC.")]
    followers: Annotated[Count, Meta(description="Followers that follow events showed.")]
    registry_followers: Annotated[Count, Meta(description="How many of them are in the registry.")]
    expected: Annotated[
        Expectation, Meta(description="Registry followers of an ordinary account with as many followers.")
    ]
    p_value: Annotated[
        Unit, Meta(description="Probability of as many registry followers or more for an ordinary account.")
    ]
    entities: Annotated[
        list[Name], Meta(description="Entities of the registry that follow the account: at most 20, by id.")
    ]


class SharedOfKind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a pair shared of one kind, in the window that chance explains least."""

    kind: Annotated[TraceKind, Meta(description="Kind of the objects.")]
    objects: Annotated[Count, Meta(description="Distinct objects that both shared within the window.")]
    window_s: Annotated[Seconds, Meta(description="Longest time between the two shares, seconds.")]
    expected: Annotated[Expectation, Meta(description="How many co-shares chance gives.")]


class PairSynchrony(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two accounts that shared the same objects at nearly the same times more often than chance explains."""

    account_a: Annotated[AccountKey, Meta(description="One of the accounts, as `platform:account_id`.")]
    account_b: Annotated[AccountKey, Meta(description="The other one.")]
    at: Annotated[Instant, Meta(description="Event time up to which posts count, UTC.")]
    objects: Annotated[
        Count, Meta(description="Independent objects that both shared, over the evidence horizon.")
    ]
    p_value: Annotated[
        Unit,
        Meta(description="Probability of so much by chance and shared interest, for this pair alone."),
    ]
    validated: Annotated[
        bool, Meta(description="Whether the pair stands out even among all pairs that were tested.")
    ]
    kinds: Annotated[
        list[SharedOfKind], Meta(description="By kind of object, what chance explains least first.")
    ]
    network_id: Annotated[
        Name | None, Meta(description="The network of which both are members; absent: there is none.")
    ] = None
