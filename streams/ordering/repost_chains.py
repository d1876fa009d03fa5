"""Reposts of reposts: each counts as a repost of the original, so that all who pass one post on share one object."""

from itertools import islice
from typing import ClassVar

import polars as pl

_MOST_STEPS = 16
"""Reposts in a chain that are followed. Chosen, not measured; it also ends circles."""


class RepostChains:
    """Remembers what recent reposts repost.

    Args:
        most: reposts remembered, at about 250 bytes each; the older half leaves when there are more.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_most"})
    _originals: dict[str, str]
    """`platform:id` of what each repost reposts, by its own."""

    def __init__(self, most: int = 1 << 20) -> None:
        self._most = most
        self._originals = {}

    def follow(self, posts: pl.DataFrame) -> pl.DataFrame:
        """Let every repost name the original.

        Args:
            posts: in event order, with the columns platform, post_id and repost_of.

        Returns:
            The same posts; repost_of is another where it named a repost seen so far.
        """
        is_repost = pl.col("repost_of").is_not_null()
        reposts = posts.filter(is_repost).select(
            own=pl.concat_str("platform", pl.lit(":"), "post_id"),
            target=pl.concat_str("platform", pl.lit(":"), "repost_of"),
        )
        if not len(reposts):
            return posts
        targets = reposts["target"].to_list()
        self._originals.update(zip(reposts["own"].to_list(), targets, strict=True))
        found = targets
        for _ in range(_MOST_STEPS):
            further = list(map(self._originals.get, found, found))
            if further == found:
                break
            found = further
        if len(self._originals) > self._most:
            self._originals = dict(islice(self._originals.items(), self._most // 2, None))
        if found == targets:
            return posts
        rows = posts.select(is_repost.arg_true()).to_series()
        names = pl.Series(found, dtype=pl.String).str.replace(r"^[^:]*:", "")
        return posts.with_columns(posts["repost_of"].scatter(rows, names))
