"""Whose pseudonyms these are: answered with the key, and a list of names that are possible.

A pseudonym cannot be turned around. With the key, the pseudonym of every candidate can be made and compared.
"""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from schemas.values import PSEUDONYM, account_name
from streams.privacy.keys import PseudonymKey
from streams.privacy.pseudonyms import Pseudonyms, handle_form
from streams.sources import SourceBatch


class Relinking:
    """Finds the names of pseudonyms among candidates.

    Args:
        wanted: texts with the pseudonyms that are asked for, such as the lines of a file of alerts.
        keys: under which they may have been made.
    """

    def __init__(self, wanted: Iterable[str], keys: Sequence[PseudonymKey]) -> None:
        self._wanted = {found for text in wanted for found in PSEUDONYM.findall(text)}
        ids = {pseudonym[1:].partition("_")[0] for pseudonym in self._wanted}
        self._made = [Pseudonyms(key) for key in keys if key.id in ids]
        self.unknown_keys = sorted(ids - {key.id for key in keys})
        """Ids of keys that are not here."""
        self._found: dict[str, str] = {}

    @property
    def wanted(self) -> int:
        """Count of pseudonyms that are asked for."""
        return len(self._wanted)

    def add(self, batch: SourceBatch) -> None:
        """Take authors, mentions and ids of posts as candidates."""
        posts = batch.posts
        mentions = posts.select("platform", "mentions").explode("mentions").drop_nulls()
        self._compare(posts.select("platform", name="account_id"), "")
        self._compare(mentions.select("platform", name=handle_form(pl.col("mentions"))), "")
        self._compare(posts.select("platform", name="post_id"), " post")

    def add_names(self, names: Iterable[str]) -> None:
        """Take accounts as candidates, each as `platform:id`."""
        parts = [account_name(name.strip()).partition(":") for name in names if ":" in name]
        rows = [(platform, name) for platform, _, name in parts]
        self._compare(pl.DataFrame(rows, schema={"platform": pl.String, "name": pl.String}, orient="row"), "")

    def _compare(self, names: pl.DataFrame, kind: str) -> None:
        different = names.drop_nulls().unique()
        for pseudonyms in self._made:
            made = pseudonyms.names(different["platform"], different["name"], kind)
            hits = different.with_columns(made=made).filter(pl.col("made").is_in(list(self._wanted)))
            for platform, name, pseudonym in hits.iter_rows():
                noun = "" if not kind else "post "
                self._found.setdefault(pseudonym, f"{noun}{platform}:{name}")

    def found(self) -> Iterator[tuple[str, str]]:
        """Pseudonyms and their names, in order."""
        yield from sorted(self._found.items())
