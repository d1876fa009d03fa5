"""What a post can be found to be, and the columns in which such facts are told."""

from enum import IntEnum

import polars as pl


class Fact(IntEnum):
    """What a post can be found to be."""

    COPY = 0
    CREDITED_COPY = 1
    HIDDEN_MENTION = 2
    REGISTRY_LINK = 3
    PASSED_ON = 4


FACTS = {
    "row": pl.UInt32,  # of the batch
    "kind": pl.UInt8,  # Fact
    "entity": pl.Int32,
    "origin": pl.String,  # id of the entity's post that was copied; null for mentions and links
    "detail": pl.String,  # the text, the piece with the mention, the link, or the id of the copy passed on
}
