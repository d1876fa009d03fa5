"""Does a copy say whose content it is?"""

from collections.abc import Sequence

import polars as pl

from detectors.arrays.dtypes import Bools
from detectors.attribution.facts import Fact
from detectors.reference.registry import Registry

_LEAST_NAME = 4
"""Shorter names are in other words by accident."""


class Crediting:
    """What counts as a credit, by the registry.

    Args:
        registry: entities, their names and houses.
        opaque: bool, by entity: companies and affiliates, which do not say whose content it is.
    """

    def __init__(self, registry: Registry, opaque: Bools) -> None:
        self._roots = registry.roots()
        self._opaque = opaque
        self._words = [_credits(registry, at, opaque.tolist()) for at in range(len(registry))]

    def classify(
        self, copies: pl.DataFrame, posts: pl.DataFrame, credited: pl.DataFrame, hidden: pl.DataFrame
    ) -> pl.DataFrame:
        """Copies with and without credit: a link, a mention or a name of the same house, or the original's link.

        Who shares a headline with its link did not write it: others who share both repeat the site, not the diplomat
        who did so first. A name that is a hidden mention is no credit: it was kept from working as one.

        Args:
            copies: columns row, entity, origin, and same_link: whether it has the original's own link.
            posts: columns of `detectors.post_columns.POSTS`.
            credited: columns row and entity of working mentions and of links into domains.
            hidden: facts of hidden mentions.

        Returns:
            Columns of `FACTS`.
        """
        roots = pl.Series("root", self._roots)
        copies = copies.with_columns(root=roots.gather(copies["entity"]))
        # a site or a handle of a company does not say whose content it is, but for its own
        own = credited.unique().with_columns(own=pl.lit(value=True))
        house = credited.filter(pl.Series(~self._opaque).gather(credited["entity"]))
        house = (
            house.select("row", root=roots.gather(house["entity"]))
            .unique()
            .with_columns(house=pl.lit(value=True))
        )
        copies = copies.join(own, on=["row", "entity"], how="left").join(
            house, on=["row", "root"], how="left"
        )
        copies = copies.with_columns(linked=pl.coalesce("own", "house"))
        copies = copies.with_columns(text=posts["text"].gather(copies["row"]))
        parts = []
        for (entity,), part in copies.group_by("entity", maintain_order=True):
            names = self._words[int(str(entity))]
            said = pl.col("text").str.to_lowercase().str.contains_any(names) if names else pl.lit(value=False)
            parts.append(part.with_columns(named=said.fill_null(value=False)))
        copies = pl.concat(parts)
        kept_out = hidden.select("row", root=roots.gather(hidden["entity"])).unique()
        copies = copies.join(
            kept_out.with_columns(kept_out=pl.lit(value=True)), on=["row", "root"], how="left"
        )
        named_openly = pl.col("named") & pl.col("kept_out").is_null()
        credit = pl.col("linked").fill_null(value=False) | named_openly | pl.col("same_link")
        kind = pl.when(credit).then(int(Fact.CREDITED_COPY)).otherwise(int(Fact.COPY)).cast(pl.UInt8)
        return copies.select(
            "row", kind.alias("kind"), "entity", "origin", detail=pl.col("text").str.slice(0, 280)
        )


def _credits(registry: Registry, entity: int, opaque: Sequence[bool]) -> list[str]:
    """What a text may say to credit an entity: names, handles and domains of its house, lower case.

    Those of companies and affiliates do not say whose content it is, but for their own.
    """
    root = registry.root(entity)
    inside = {
        at for at in range(len(registry)) if at == entity or (registry.root(at) == root and not opaque[at])
    }
    words = {registry.entities[at].name.lower() for at in inside}
    words |= {handle for (_, handle), at in registry.handles.items() if at in inside}
    words |= {domain for domain, at in registry.domains.items() if at in inside}
    return sorted(word for word in words if len(word) >= _LEAST_NAME)
