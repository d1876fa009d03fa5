"""The registry, indexed: which entity has an account, handle or domain, and how entities are related.

These are facts about the registry and never mean guilt: many accounts are in it because they are run openly.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U64, Bools
from detectors.arrays.hashing import hash_strings
from detectors.reference.claims import Claim, ClaimKind, claims_of, conflict, folded_handle
from schemas.errors import InputError
from schemas.registry import EntityKind, RegistryEntity

NO_ENTITY = -1
WEB = "web"
"""The platform whose accounts are sites. A site's account id is its registered domain."""

_MOST_FAULTS = 10
"""Faults listed in one error message; further ones are only counted."""


class RegistryError(InputError):
    """The registry contradicts itself. The message lists the first ten faults and counts the rest."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Entities, numbered in the order of their ids. Build it with `Registry.of`. About 1 kB for each entity."""

    entities: tuple[RegistryEntity, ...]
    parents: tuple[int, ...]
    """Number of each entity's parent (its owner), `NO_ENTITY` for none."""
    accounts: Mapping[str, int]
    """Entity by `platform:account_id`; a domain is also the account `web:domain`."""
    handles: Mapping[tuple[str, str], int]
    """Entity by platform and folded handle."""
    domains: Mapping[str, int]
    """Entity by domain, in lower case; each domain in its Unicode and its ASCII form."""

    @classmethod
    def of(cls, entities: Iterable[RegistryEntity] = ()) -> "Registry":
        """Index entities.

        Raises:
            RegistryError: two entities have the same id, account, handle or domain; a parent is unknown or its own
                ancestor; a domain is not valid.
        """
        ordered = sorted(entities, key=lambda entity: entity.entity_id)
        numbers = {entity.entity_id: number for number, entity in enumerate(ordered)}
        faults = [
            f"two entities have the id {first.entity_id}"
            for first, second in itertools.pairwise(ordered)
            if first.entity_id == second.entity_id
        ]
        parents, wrong = _parents(ordered, numbers)
        faults += wrong
        owners: dict[Claim, int] = {}
        for number, entity in enumerate(ordered):
            claims, wrong = claims_of(entity)
            faults += wrong
            for claim in claims:
                owner = owners.setdefault(claim, number)
                if owner != number:
                    faults.append(conflict(ordered[owner].entity_id, entity.entity_id, claim))
        if faults:
            rest = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
            raise RegistryError("; ".join(faults[:_MOST_FAULTS]) + rest + ".")
        of_kind = {kind: [one for one in owners.items() if one[0].kind == kind] for kind in ClaimKind}
        accounts = {f"{claim.platform}:{claim.name}": number for claim, number in of_kind[ClaimKind.ACCOUNT]}
        handles = {(claim.platform, claim.name): number for claim, number in of_kind[ClaimKind.HANDLE]}
        domains = {claim.name: number for claim, number in of_kind[ClaimKind.DOMAIN]}
        for domain, number in domains.items():
            accounts.setdefault(f"{WEB}:{domain}", number)
        return cls(tuple(ordered), parents, accounts, handles, domains)

    def __len__(self) -> int:
        return len(self.entities)

    def path(self, number: int) -> tuple[int, ...]:
        """The entity, its parent, and so on up to the topmost."""
        path = []
        while number != NO_ENTITY:
            path.append(number)
            number = self.parents[number]
        return tuple(path)

    def root(self, number: int) -> int:
        """The topmost entity above this one, or itself."""
        return self.path(number)[-1]

    def roots(self) -> I32:
        """The topmost entity above each entity; int32."""
        return np.array([self.root(number) for number in range(len(self))], np.int32)

    def renumbered(self, other: "Registry") -> I32:
        """The number that each entity has in another registry, by its id; `NO_ENTITY` if it is not there; int32."""
        numbers = {entity.entity_id: number for number, entity in enumerate(other.entities)}
        return np.array([numbers.get(entity.entity_id, NO_ENTITY) for entity in self.entities], np.int32)

    def includes(self, other: "Registry") -> bool:
        """Whether every entity of another registry is in this one, unchanged."""
        mine = {entity.entity_id: entity for entity in self.entities}
        return self is other or all(mine.get(entity.entity_id) == entity for entity in other.entities)

    def lowest_common_ancestor(self, numbers: Sequence[int]) -> int:
        """The lowest entity that is on the path of each of these; `NO_ENTITY` if there is none."""
        paths = [self.path(number) for number in numbers]
        if not paths:
            return NO_ENTITY
        return next((number for number in paths[0] if all(number in path for path in paths[1:])), NO_ENTITY)

    def relation(self, number: int) -> str:
        """The entity and its owners in words: `Diario Uno (company) -> Agencia (state media)`."""
        return " -> ".join(self.title(above) for above in self.path(number))

    def title(self, number: int) -> str:
        """Name and kind of an entity."""
        entity = self.entities[number]
        kind = entity.kind.value.replace("_", " ")
        return entity.name if entity.kind is EntityKind.OTHER else f"{entity.name} ({kind})"

    def by_account_key(
        self, accounts: pl.Series, handles: pl.Series, domain: int
    ) -> tuple[U64, I64, list[str]]:
        """Every account of the registry, by key.

        Profiles give the account of a handle. An account that the registry names by id stays with that entity, whatever
        its handle is.

        Args:
            accounts: String, `platform:account_id` of profiles.
            handles: String, the handle in each profile; null: unknown.
            domain: the domain of account keys in `detectors.arrays.hashing.hash_strings`.

        Returns:
            Keys (uint64, ascending, each once), numbers of their entities (int64), and the accounts as
            `platform:account_id`.
        """
        entity_of = dict(self.accounts)
        if self.handles and len(accounts):
            wanted = {handle for _, handle in self.handles}
            known = pl.DataFrame({"account": accounts, "handle": handles}).filter(
                pl.col("handle").str.strip_chars_start("@").str.to_lowercase().is_in(list(wanted))
            )
            for account, handle in known.iter_rows():
                number = self.handles.get((account.partition(":")[0], folded_handle(handle)))
                if number is not None:
                    entity_of.setdefault(account, number)
        if not entity_of:
            return np.zeros(0, np.uint64), np.zeros(0, np.int64), []
        names = list(entity_of)
        keys = hash_strings(pl.Series(names), domain)
        order = np.argsort(keys)
        return (
            keys[order],
            np.array(list(entity_of.values()), np.int64)[order],
            [names[index] for index in order.tolist()],
        )


def _parents(
    ordered: Sequence[RegistryEntity], numbers: Mapping[str, int]
) -> tuple[tuple[int, ...], list[str]]:
    """Number of each entity's parent, and what is wrong with parents."""
    faults = []
    parents = [NO_ENTITY] * len(ordered)
    for number, entity in enumerate(ordered):
        if entity.parent_id is not None:
            if entity.parent_id in numbers:
                parents[number] = numbers[entity.parent_id]
            else:
                faults.append(f"{entity.entity_id}: its parent {entity.parent_id} is not in the registry")
    settled: set[int] = set()
    for start in range(len(ordered)):
        walk: dict[int, None] = {}
        here = start
        while here != NO_ENTITY and here not in settled and here not in walk:
            walk[here] = None
            here = parents[here]
        if here in walk:
            circle = [ordered[number].entity_id for number in list(walk)[list(walk).index(here) :]]
            faults.append(f"parents run in a circle: {' -> '.join([*circle, circle[0]])}")
            parents[here] = NO_ENTITY  # so that the circle is reported once
        settled.update(walk)
    return tuple(parents), faults


def watched_entities(registry: Registry) -> Bools:
    """Watched entities, whose follows and content count as context: all but persons and others; bool, by entity.

    Persons and others are in a registry so that their accounts are known to be run openly. An account that a member of
    parliament follows, or that repeats what one said, hides nothing.
    """
    open_kinds = (EntityKind.PERSON, EntityKind.OTHER)
    return np.array([entity.kind not in open_kinds for entity in registry.entities], np.bool_)


class DomainMatcher:
    """Finds the registry's domains in links.

    Args:
        registry: the domains to find.
    """

    def __init__(self, registry: Registry) -> None:
        self._domains = dict(registry.domains)
        self._depth = max((domain.count(".") for domain in self._domains), default=0)

    def match(self, links: pl.Series) -> pl.DataFrame:
        """The links to a domain of the registry or to a host below one.

        Args:
            links: String, canonical (`detectors.traces.urls.canonical_url`).

        Returns:
            Columns link (UInt32, index into `links`) and entity (Int32), ordered by link.
        """
        if not self._domains or not len(links):
            return pl.DataFrame(schema={"link": pl.UInt32, "entity": pl.Int32})
        likely = (
            pl.DataFrame({"url": links})
            .with_row_index("link")
            .filter(pl.col("url").str.contains_any(list(self._domains), ascii_case_insensitive=True))
            .select(
                "link", labels=pl.col("url").str.extract(r"^([^/?#:]+)").str.to_lowercase().str.split(".")
            )
        )
        # the longest domain counts: a part of a site may have another owner
        forms = [
            pl.col("labels").list.tail(labels).list.join(".")
            .replace_strict(self._domains, default=None, return_dtype=pl.Int32)
            for labels in range(self._depth + 1, 1, -1)
        ]  # fmt: skip
        return likely.select("link", entity=pl.coalesce(forms)).drop_nulls()
