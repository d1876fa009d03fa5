"""Keys made of texts, where a dump has no ids."""

from hashlib import blake2b

import polars as pl


def text_keys(texts: pl.Series) -> pl.Series:
    """A key for each text, the same in every run and version; null for null.

    Ids must stay the same, and polars does not promise that its hash does from version to version. This is a loop over
    rows, at about a microsecond a row.
    """
    keys = [None if text is None else blake2b(text.encode(), digest_size=8).hexdigest() for text in texts]
    return pl.Series(keys, dtype=pl.String)
