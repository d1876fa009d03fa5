"""The kinds of facts about a post, and the columns of a frame of facts."""

from enum import IntEnum

import polars as pl


class Fact(IntEnum):
    """One kind of fact about a post and a registry entity."""

    COPY = 0
    """The text is nearly an entity's, and the post does not name the source."""
    CREDITED_COPY = 1
    """The text is nearly an entity's, and the post names the source."""
    HIDDEN_MENTION = 2
    """The post writes an entity's handle so that the platform does not link it."""
    REGISTRY_LINK = 3
    """The post links to a domain of an entity."""
    PASSED_ON = 4
    """The post is a repost of a copy without credit."""


FACTS = {
    "row": pl.UInt32,  # index of the post in its batch
    "kind": pl.UInt8,  # Fact
    "entity": pl.Int32,  # number in the registry
    "origin": pl.String,  # id of the entity's post that was copied; null for mentions and links
    "detail": pl.String,  # the text, the excerpt with the mention, the link, or the id of the copy that was passed on
}
