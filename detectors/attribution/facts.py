"""The kinds of facts about a post, and the columns of a frame of facts."""

from collections.abc import Mapping
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
    "origin_account": pl.String,  # who wrote that post, as platform:account_id; like the next three for copies only
    "origin_time": pl.Int64,  # when, seconds
    "origin_text": pl.String,  # its first `SHOWN_LETTERS` letters
    "origin_link": pl.String,  # for an article of a site: its address
    "detail": pl.String,  # the text, the excerpt with the mention, the link, or the id of the copy that was passed on
}
SHOWN_LETTERS = 280
"""Letters of a text that are kept for people to read: those of a post on X. It bounds memory; not measured."""
ORIGIN_COLUMNS = ("origin", "origin_account", "origin_time", "origin_text", "origin_link")
"""The columns about the entity's post that was copied."""


def facts_frame(columns: Mapping[str, object]) -> pl.DataFrame:
    """A frame of facts; columns that are not given are null."""
    frame = pl.DataFrame(columns, schema_overrides={name: FACTS[name] for name in columns})
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in FACTS.items() if name not in columns]
    return frame.with_columns(absent).select(*FACTS)
