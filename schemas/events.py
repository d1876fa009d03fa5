"""What happened: posts, follow events and observed account profiles, in one form for all sources.

These records are the JSON values of the public topics. A field that is absent is *unknown*; an empty list or a zero is
*known to be none*. Unknown fields are ignored on decoding, so a newer producer never breaks an older reader.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import Count, Instant, Name


class Metrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Reactions a post had received at `PostEvent.metrics_at`."""

    likes: Annotated[Count | None, Meta(description="Likes or favourites.")] = None
    reposts: Annotated[Count | None, Meta(description="Reposts, boosts or shares without comment.")] = None
    replies: Annotated[Count | None, Meta(description="Replies or comments.")] = None
    quotes: Annotated[Count | None, Meta(description="Reposts with a comment.")] = None
    views: Annotated[
        Count | None, Meta(description="How often the post was shown, as the platform counts it.")
    ] = None


class PostEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One post or repost as it was published. A repost has `repost_of`."""

    post_id: Annotated[
        Name, Meta(description="The platform's id of the post, as text because ids exceed 2^53.")
    ]
    platform: Annotated[
        Name,
        Meta(description="The platform, in lower case; `web` for sites.", examples=["twitter", "web"]),
    ]
    account_id: Annotated[
        Name,
        Meta(
            description="The platform's id of the author, without the platform; on `web`, the registered domain."
        ),
    ]
    created_at: Annotated[Instant, Meta(description="When it was posted, UTC. This is event time.")]
    part: Annotated[
        str | None,
        Meta(
            description="Distinguishes the records of one post, where a source gives one record for each shared "
            "object; absent: the record is the whole post."
        ),
    ] = None
    text: Annotated[str | None, Meta(description="The text as readers see it, without markup.")] = None
    lang: Annotated[str | None, Meta(description="Language as the source states it.", examples=["es"])] = None
    urls: Annotated[
        list[str] | None, Meta(description="Links in the post, expanded where the source expands them.")
    ] = None
    hashtags: Annotated[
        list[str] | None, Meta(description="Hashtags in the order in which they were written, without #.")
    ] = None
    mentions: Annotated[
        list[str] | None,
        Meta(description="Handles or ids, without @, of the accounts that the platform links from the text."),
    ] = None
    repost_of: Annotated[str | None, Meta(description="Id of the post that this one reposts.")] = None
    reply_to: Annotated[str | None, Meta(description="Id of the post that this one answers.")] = None
    quote_of: Annotated[str | None, Meta(description="Id of the post that this one quotes.")] = None
    media_hashes: Annotated[
        list[str] | None,
        Meta(description="Hashes of attached images or videos; equal hashes mean equal media."),
    ] = None
    metrics: Annotated[Metrics | None, Meta(description="Reactions received so far.")] = None
    metrics_at: Annotated[Instant | None, Meta(description="When `metrics` were read, UTC.")] = None
    followers_count: Annotated[
        Count | None, Meta(description="Followers of the author when the post was collected.")
    ] = None
    following_count: Annotated[
        Count | None, Meta(description="Accounts the author followed when the post was collected.")
    ] = None
    client: Annotated[str | None, Meta(description="The application with which the post was written.")] = None
    deleted: Annotated[
        bool | None, Meta(description="True when the event reports that the post was deleted.")
    ] = None


class FollowAction(StrEnum):
    """What a follow event reports."""

    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    SNAPSHOT = "snapshot"


class FollowEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account started or stopped following another, or was seen following it."""

    platform: Annotated[Name, Meta(description="The platform of both accounts, in lower case.")]
    follower_id: Annotated[Name, Meta(description="Id of the account that follows, without the platform.")]
    followee_id: Annotated[
        Name, Meta(description="Id of the account that is followed, without the platform.")
    ]
    action: Annotated[
        FollowAction,
        Meta(
            description="`follow` or `unfollow` at a known time; `snapshot`: seen following at `at`, since an "
            "unknown time."
        ),
    ]
    at: Annotated[Instant, Meta(description="When it happened; for a snapshot, when it was seen. UTC.")]


class AccountProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a platform showed about an account at one moment."""

    platform: Annotated[Name, Meta(description="The platform of the account, in lower case.")]
    account_id: Annotated[Name, Meta(description="The platform's id of the account, without the platform.")]
    handle: Annotated[str | None, Meta(description="The account's handle, without @.")] = None
    display_name: Annotated[str | None, Meta(description="The name shown beside posts.")] = None
    description: Annotated[str | None, Meta(description="The account's own description.")] = None
    followers_count: Annotated[Count | None, Meta(description="Followers at `observed_at`.")] = None
    following_count: Annotated[Count | None, Meta(description="Accounts followed at `observed_at`.")] = None
    created_at: Annotated[Instant | None, Meta(description="When the account was created, UTC.")] = None
    verified: Annotated[bool | None, Meta(description="Whether the platform marks it as verified.")] = None
    platform_label: Annotated[
        str | None,
        Meta(
            description="A label that the platform itself put on the account.",
            examples=["China state-affiliated media"],
        ),
    ] = None
    observed_at: Annotated[Instant, Meta(description="When the profile was read, UTC.")]
