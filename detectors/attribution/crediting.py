"""Whether a copy names its source: decided by links, mentions and names of the source's house.

The *house* of an entity is every entity under the same topmost owner. A copy of the state agency's article is credited
if it mentions the agency, links to a sister paper of the agency, or has the agency's name in its text.
"""

from collections.abc import Sequence

import polars as pl

from detectors.arrays.dtypes import Bools
from detectors.attribution.facts import ORIGIN_COLUMNS, SHOWN_LETTERS, Fact
from detectors.reference.registry import Registry

_LEAST_NAME = 4
"""Letters of the shortest name that counts as a credit: shorter ones occur inside other words. Not measured."""


class Crediting:
    """Decides what counts as a credit, from the registry.

    Args:
        registry: entities, their names and houses.
        opaque: bool, by entity (`detectors.reference.affiliation.opaque_entities`): a mention or link of these
            credits their own originals only.
    """

    def __init__(self, registry: Registry, opaque: Bools) -> None:
        self._roots = registry.roots()
        self._opaque = opaque
        self._words = [_credits(registry, number, opaque.tolist()) for number in range(len(registry))]

    def classify(
        self, copies: pl.DataFrame, posts: pl.DataFrame, credited: pl.DataFrame, hidden: pl.DataFrame
    ) -> pl.DataFrame:
        """Sort copies into those with credit and those without.

        A credit is a link, a mention or a name of the same house, or the link that the original had. The last is for
        headlines: a diplomat shares a newspaper's headline with its link, and others who share both repeat the
        newspaper, not the diplomat. A name does not count in a post with a hidden mention, where the handle was kept
        from working as a credit.

        Args:
            copies: columns row, entity, `ORIGIN_COLUMNS`, and same_link (whether the post has the original's link).
            posts: columns of `detectors.post_columns.POSTS`.
            credited: columns row and entity of working mentions and of links into domains.
            hidden: facts of hidden mentions.

        Returns:
            Columns of `FACTS`.
        """
        roots = pl.Series("root", self._roots)
        copies = copies.with_columns(root=roots.gather(copies["entity"]))
        # a company's site or handle does not show who owns it, so it credits the company's own originals only
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
            names_source = (
                pl.col("text").str.to_lowercase().str.contains_any(names) if names else pl.lit(value=False)
            )
            parts.append(part.with_columns(named=names_source.fill_null(value=False)))
        copies = pl.concat(parts)
        kept_out = hidden.select("row", root=roots.gather(hidden["entity"])).unique()
        copies = copies.join(
            kept_out.with_columns(kept_out=pl.lit(value=True)), on=["row", "root"], how="left"
        )
        named_openly = pl.col("named") & pl.col("kept_out").is_null()
        credit = pl.col("linked").fill_null(value=False) | named_openly | pl.col("same_link")
        kind = pl.when(credit).then(int(Fact.CREDITED_COPY)).otherwise(int(Fact.COPY)).cast(pl.UInt8)
        # the original is shown beside a copy without credit only, so the others do without its text
        about = [pl.when(~credit).then(name).alias(name) for name in ORIGIN_COLUMNS[1:]]
        return copies.select(
            "row",
            kind.alias("kind"),
            "entity",
            "origin",
            *about,
            detail=pl.col("text").str.slice(0, SHOWN_LETTERS),
        )


def _credits(registry: Registry, entity: int, opaque: Sequence[bool]) -> list[str]:
    """The names, handles and domains that credit an entity in a text: those of its house, in lower case.

    Those of companies and affiliates credit their own originals only.
    """
    root = registry.root(entity)
    house = {
        number
        for number in range(len(registry))
        if number == entity or (registry.root(number) == root and not opaque[number])
    }
    words = {registry.entities[number].name.lower() for number in house}
    words |= {handle for (_, handle), number in registry.handles.items() if number in house}
    words |= {domain for domain, number in registry.domains.items() if number in house}
    return sorted(word for word in words if len(word) >= _LEAST_NAME)
