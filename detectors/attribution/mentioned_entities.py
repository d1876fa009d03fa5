"""Which registry entity a mention names, on platforms that the registry lists and on those that it does not.

A registry seldom lists the accounts of an entity on every platform. A reader who writes `@agencia_orbe` where only the
agency's account on X is listed credits the agency all the same. So where the registry has no account of an entity on
the platform of a mention, these count as well:

* its handle on another platform, `@agencia_orbe` or `@agencia_orbe@mastodon.example`;
* its name or domain as a handle: `@AgenciaOrbe`, or `@agencia-orbe.example`, as on Bluesky;
* an account on its own server, as in the fediverse: `@news@agencia-orbe.example`.

What two houses could be called names neither of them.
"""

import unicodedata

import polars as pl

from detectors.reference.registry import DomainMatcher, Registry

_LEAST_NAME = 4
"""Letters and digits of the shortest name that is looked for on other platforms: short ones are taken everywhere. As
for names in texts (`detectors.attribution.crediting`), not measured."""


class MentionedEntities:
    """Finds the entities that mentions name.

    Args:
        registry: entities with their accounts, handles, names and domains.
    """

    def __init__(self, registry: Registry) -> None:
        self._listed = _listed(registry)
        self._named = _named(registry)
        self._domains = DomainMatcher(registry)
        self._own_platforms = pl.DataFrame(
            sorted({(number, platform) for platform, number in _accounts(registry)}),
            schema={"entity": pl.Int32, "platform": pl.String},
            orient="row",
        )

    def match(self, labels: pl.Series) -> pl.DataFrame:
        """The mentions that name an entity.

        Args:
            labels: String, labels of mentions (`detectors.traces.traces`): `platform:@name`.

        Returns:
            Columns mention (UInt32, index into `labels`) and entity (Int32), ordered by mention.
        """
        table = pl.DataFrame({"label": labels}).with_row_index("mention")
        if not self._listed and not self._named:
            return table.select("mention", entity=pl.lit(None, pl.Int32)).clear()
        distinct = table.select(pl.col("label").unique(maintain_order=True).drop_nulls())
        listed = _looked_up(pl.col("label"), self._listed)
        entities = distinct.with_columns(entity=listed)
        elsewhere = self._elsewhere(entities.filter(pl.col("entity").is_null()).select("label"))
        entities = pl.concat([entities.drop_nulls("entity"), elsewhere])
        return table.join(entities, on="label", maintain_order="left").select("mention", "entity")

    def _elsewhere(self, labels: pl.DataFrame) -> pl.DataFrame:
        """Mentions on platforms where the registry has no account of the entity: columns label and entity."""
        parts = labels.with_columns(
            platform=pl.col("label").str.extract(r"^([^:]*):@"), name=pl.col("label").str.extract(r":@(.*)$")
        ).with_row_index("link")
        # the server of `@name@server`, or a handle that is a domain
        hosts = parts.select(pl.col("name").str.extract(r"([^@]*)$").fill_null("")).to_series()
        by_domain = self._domains.match(hosts).rename({"entity": "at_home"})
        local = pl.col("name").str.extract(r"^([^@]*)")
        parts = parts.join(by_domain, on="link", how="left", maintain_order="left").with_columns(
            entity=pl.coalesce("at_home", _looked_up(_squeezed(local), self._named))
        )
        found = parts.drop_nulls("entity").join(
            self._own_platforms, on=["entity", "platform"], how="anti", maintain_order="left"
        )
        return found.select("label", "entity")


def _accounts(registry: Registry) -> list[tuple[str, int]]:
    """Platform and entity of each account that the registry lists; sites are no accounts here."""
    listed = [(platform, number) for (platform, _), number in registry.handles.items()]
    return listed + [
        (account.partition(":")[0], number)
        for account, number in registry.accounts.items()
        if account.partition(":")[2] not in registry.domains
    ]


def _listed(registry: Registry) -> dict[str, int]:
    """Entity by the label of a mention of an account in the registry; some sources mention accounts by id."""
    labels = {f"{platform}:@{handle}": number for (platform, handle), number in registry.handles.items()}
    for account, number in registry.accounts.items():
        platform, _, name = account.partition(":")
        labels.setdefault(f"{platform}:@{name.lower()}", number)
    return labels


def _named(registry: Registry) -> dict[str, int]:
    """Entity by handle or name, letters and digits alone; those of several houses are left out."""
    names: dict[str, set[int]] = {}
    known = [(handle, number) for (_, handle), number in registry.handles.items()]
    known += [(entity.name, number) for number, entity in enumerate(registry.entities)]
    for text, number in known:
        name = "".join(
            letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum()
        )
        if len(name) >= _LEAST_NAME:
            names.setdefault(name, set()).add(number)
    return {
        name: min(numbers)
        for name, numbers in names.items()
        if len({registry.root(number) for number in numbers}) == 1
    }


def _squeezed(names: pl.Expr) -> pl.Expr:
    """Letters and digits of names, in lower case."""
    return names.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")


def _looked_up(names: pl.Expr, entities: dict[str, int]) -> pl.Expr:
    if not entities:
        return pl.lit(None, pl.Int32)
    return names.replace_strict(entities, default=None, return_dtype=pl.Int32)
