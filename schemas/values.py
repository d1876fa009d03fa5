"""Types of value that several records use: a time, a count, a probability, an account key."""

import re
from datetime import datetime
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True, examples=["2023-02-14T08:30:00Z"])]
"""A time, written as RFC 3339 in UTC. A time without an offset is refused, never guessed."""

Count = Annotated[int, Meta(ge=0)]
"""A count. An unknown count is absent, never 0 or -1."""

Seconds = Annotated[int, Meta(ge=0)]
"""A duration in whole seconds."""

Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
"""A score, weight, share or probability between 0 and 1, both included."""

Expectation = Annotated[float, Meta(ge=0.0)]
"""A count that chance alone would give; it need not be whole."""

Name = Annotated[str, Meta(min_length=1)]
"""An identifier: never empty."""

AccountKey = Annotated[str, Meta(min_length=3, pattern=r"^[^:]+:.+", examples=["twitter:2244994945"])]
"""An account as `platform:account_id`, which is unique over all platforms."""

PSEUDONYM = re.compile(r"\bp[a-z2-7]{4}_[a-z2-7]{22}\b")
"""A pseudonym in place of an account id, handle or post id: the id of a key, and an HMAC under that key."""

PLATFORM_ALIASES = {
    "twitter": "x",
    "twitter.com": "x",
    "x.com": "x",
    "x/twitter": "x",
    "twitter/x": "x",
    "x (twitter)": "x",
    "fb": "facebook",
    "facebook.com": "facebook",
    "ig": "instagram",
    "insta": "instagram",
    "instagram.com": "instagram",
    "yt": "youtube",
    "youtube.com": "youtube",
    "tg": "telegram",
    "t.me": "telegram",
    "telegram.org": "telegram",
    "bsky": "bluesky",
    "bsky.app": "bluesky",
    "bsky.social": "bluesky",
    "masto": "mastodon",
    "tiktok.com": "tiktok",
    "tik tok": "tiktok",
    "reddit.com": "reddit",
    "vk.com": "vk",
    "vkontakte": "vk",
    "website": "web",
    "site": "web",
}
"""Other names of platforms, in lower case."""


def platform_name(written: str) -> str:
    """The name of a platform as Lockstep writes it: in lower case, without other names for it."""
    name = written.strip().lower()
    return PLATFORM_ALIASES.get(name, name)


def account_name(written: str) -> str:
    """`platform:account_id` with the platform as `platform_name` writes it; a text without a platform stays."""
    platform, colon, account = written.partition(":")
    return f"{platform_name(platform)}:{account}" if colon else written
