"""A registry of eight handles, and the search for them in texts."""

from collections.abc import Sequence

import polars as pl

from detectors.attribution.hidden_mentions.hidden_mentions import HiddenMentionFinder

HANDLES = [
    "Mundo_China",
    "reuters",
    "globaltimesnews",
    "france24",
    "rt_com",
    "news",
    "_odd_name_",
    "pravda19820",
]


MUNDO, REUTERS, GLOBAL, FRANCE, RT, NEWS, ODD, PRAVDA = range(len(HANDLES))


SEARCH = HiddenMentionFinder(HANDLES)


def find(
    *texts: str | None,
    mentions: Sequence[list[str] | None] | None = None,
    search: HiddenMentionFinder = SEARCH,
) -> list[tuple[int, int, str, str]]:
    listed = pl.Series([None] * len(texts) if mentions is None else mentions, dtype=pl.List(pl.String))
    return search.find(pl.Series(texts, dtype=pl.String), listed).rows()
