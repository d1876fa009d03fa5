"""The registry, indexed: whose account, handle or domain is this, and how do two entities hang together?

What it gives are facts about the registry, never guilt: an account can be in it because it is run openly.
"""

import itertools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from publicsuffixlist import PublicSuffixList

from detectors.arrays.dtypes import I32, I64, U64, Bools
from detectors.arrays.hashing import hash_strings
from schemas.errors import InputError
from schemas.registry import EntityKind, RegistryEntity

Key = TypeVar("Key", str, tuple[str, str])

NO_ENTITY = -1
WEB = "web"
"""The platform whose accounts are sites, each named by its registered domain."""

_SUFFIXES = PublicSuffixList()
_MOST_FAULTS = 10


class RegistryError(InputError):
    """The registry contradicts itself; every fault found is listed, up to ten."""


def folded_handle(handle: str) -> str:
    """A handle as it is compared: without @, in Unicode form NFKC, without regard to case."""
    return unicodedata.normalize("NFKC", handle.strip().removeprefix("@")).casefold()


def registered_domain(host: str) -> str | None:
    """The part of a host name that someone registered: `news.example.co.uk` gives `example.co.uk`.

    Source: the Public Suffix List, as the package publicsuffixlist carries it. None for a public suffix
    itself, an address or a name of one label.
    """
    domain: str | None = _SUFFIXES.privatesuffix(host.lower().rstrip("."))
    return None if domain is None or domain.replace(".", "").isdigit() else domain


@dataclass(frozen=True, slots=True)
class Registry:
    """Entities by number, in the order of their ids.

    Build it with `Registry.of`. About 1 kB an entity.
    """

    entities: tuple[RegistryEntity, ...]
    parents: tuple[int, ...]
    """Number of each entity's parent, `NO_ENTITY` for none."""
    accounts: Mapping[str, int]
    """Entity by `platform:account_id`; a domain is also the account `web:domain`."""
    handles: Mapping[tuple[str, str], int]
    """Entity by platform and folded handle."""
    domains: Mapping[str, int]
    """Entity by domain, lower case, in Unicode and in the ASCII form."""

    @classmethod
    def of(cls, entities: Iterable[RegistryEntity] = ()) -> "Registry":
        """Index entities.

        Raises:
            RegistryError: two entities have one id, account, handle or domain; a parent is unknown or its own
                ancestor; a domain is not one.
        """
        ordered = sorted(entities, key=lambda entity: entity.entity_id)
        number = {entity.entity_id: at for at, entity in enumerate(ordered)}
        faults = [
            f"two entities have the id {one.entity_id}"
            for one, other in itertools.pairwise(ordered)
            if one.entity_id == other.entity_id
        ]
        parents, wrong = _parents(ordered, number)
        faults += wrong
        accounts: dict[str, int] = {}
        handles: dict[tuple[str, str], int] = {}
        domains: dict[str, int] = {}
        for at, entity in enumerate(ordered):
            for account in entity.accounts:
                platform = account.platform.lower()
                if account.account_id:
                    faults += _claim(accounts, f"{platform}:{account.account_id}", at, ordered, "account")
                if account.handle:
                    key = (platform, folded_handle(account.handle))
                    faults += _claim(handles, key, at, ordered, "handle")
            for domain in entity.domains:
                forms, fault = _domain_forms(domain)
                if fault is not None:
                    faults.append(f"{entity.entity_id}: {fault}")
                for form in forms:
                    faults += _claim(domains, form, at, ordered, "domain")
        if faults:
            more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
            raise RegistryError("; ".join(faults[:_MOST_FAULTS]) + more + ".")
        for domain, at in domains.items():
            accounts.setdefault(f"{WEB}:{domain}", at)
        return cls(tuple(ordered), parents, accounts, handles, domains)

    def __len__(self) -> int:
        return len(self.entities)

    def path(self, number: int) -> tuple[int, ...]:
        """The entity and those above it, itself first."""
        found = []
        while number != NO_ENTITY:
            found.append(number)
            number = self.parents[number]
        return tuple(found)

    def root(self, number: int) -> int:
        """The topmost entity above."""
        return self.path(number)[-1]

    def roots(self) -> I32:
        """The topmost entity above each; int32."""
        return np.array([self.root(number) for number in range(len(self))], np.int32)

    def renumbered(self, other: "Registry") -> I32:
        """The number in another registry of each entity of this one, by id; `NO_ENTITY` for those not in it. int32."""
        numbers = {entity.entity_id: at for at, entity in enumerate(other.entities)}
        return np.array([numbers.get(entity.entity_id, NO_ENTITY) for entity in self.entities], np.int32)

    def lowest_common_ancestor(self, numbers: Sequence[int]) -> int:
        """The lowest entity that all paths run through, `NO_ENTITY` if there is none."""
        paths = [self.path(number) for number in numbers]
        if not paths:
            return NO_ENTITY
        return next((at for at in paths[0] if all(at in path for path in paths[1:])), NO_ENTITY)

    def relation(self, number: int) -> str:
        """The path in words: `Diario Uno (company) -> Agencia (state media)`."""
        return " -> ".join(self.title(at) for at in self.path(number))

    def title(self, number: int) -> str:
        """Name and kind of an entity."""
        entity = self.entities[number]
        kind = entity.kind.value.replace("_", " ")
        return entity.name if entity.kind is EntityKind.OTHER else f"{entity.name} ({kind})"

    def by_account_key(
        self, accounts: pl.Series, handles: pl.Series, domain: int
    ) -> tuple[U64, I64, list[str]]:
        """Every account that the registry knows, by key.

        A handle finds its account through profiles; an account that the registry names by id is never taken
        for another entity's on account of its handle.

        Args:
            accounts: String, `platform:account_id` of profiles.
            handles: String, the handle that each of them had; null where unknown.
            domain: the domain of account keys in `detectors.arrays.hashing.hash_strings`.

        Returns:
            uint64 keys, ascending, each once; int64 entity numbers; the accounts' names.
        """
        found = dict(self.accounts)
        if self.handles and len(accounts):
            wanted = {handle for _, handle in self.handles}
            known = pl.DataFrame({"account": accounts, "handle": handles}).filter(
                pl.col("handle").str.strip_chars_start("@").str.to_lowercase().is_in(list(wanted))
            )
            for account, handle in known.iter_rows():
                at = self.handles.get((account.partition(":")[0], folded_handle(handle)))
                if at is not None:
                    found.setdefault(account, at)
        if not found:
            return np.zeros(0, np.uint64), np.zeros(0, np.int64), []
        names = list(found)
        keys = hash_strings(pl.Series(names), domain)
        order = np.argsort(keys)
        return (
            keys[order],
            np.array(list(found.values()), np.int64)[order],
            [names[at] for at in order.tolist()],
        )


def _parents(
    ordered: Sequence[RegistryEntity], number: Mapping[str, int]
) -> tuple[tuple[int, ...], list[str]]:
    faults = []
    parents = [NO_ENTITY] * len(ordered)
    for at, entity in enumerate(ordered):
        if entity.parent_id is not None:
            if entity.parent_id in number:
                parents[at] = number[entity.parent_id]
            else:
                faults.append(f"{entity.entity_id}: its parent {entity.parent_id} is not in the registry")
    settled: set[int] = set()
    for at in range(len(ordered)):
        walk: dict[int, None] = {}
        here = at
        while here != NO_ENTITY and here not in settled and here not in walk:
            walk[here] = None
            here = parents[here]
        if here in walk:
            circle = [ordered[one].entity_id for one in list(walk)[list(walk).index(here) :]]
            faults.append(f"parents run in a circle: {' -> '.join([*circle, circle[0]])}")
            parents[here] = NO_ENTITY  # told once
        settled.update(walk)
    return tuple(parents), faults


def _claim(
    taken: dict[Key, int], key: Key, at: int, ordered: Sequence[RegistryEntity], what: str
) -> list[str]:
    """Give `key` to entity `at`; the fault if another has it."""
    owner = taken.setdefault(key, at)
    if owner == at:
        return []
    name = key if isinstance(key, str) else f"{key[1]} on {key[0]}"
    return [f"{ordered[owner].entity_id} and {ordered[at].entity_id} both have the {what} {name}"]


def _domain_forms(given: str) -> tuple[list[str], str | None]:
    """The forms in which links may spell a domain, and what is wrong with it."""
    domain = given.strip().lower().rstrip(".").removeprefix("www.")
    if any(mark in domain for mark in "/:@ ") or "." not in domain:
        return [], f"{given!r} is not a domain; give it as in example.org"
    try:
        ascii_form = domain.encode("idna").decode("ascii")
        unicode_form = ascii_form.encode("ascii").decode("idna")
    except UnicodeError:
        return [], f"{given!r} is not a domain that can exist"
    if registered_domain(ascii_form) is None and registered_domain(unicode_form) is None:
        return [], f"{given!r} is a public suffix: anyone can have a site below it"
    return list(dict.fromkeys([unicode_form, ascii_form])), None


def watched_entities(registry: Registry) -> Bools:
    """Entities whose followers and content tell something: all but persons and others; bool, by entity.

    Those are in a registry so that their accounts are known to be run openly: who follows a member of parliament, or
    repeats what one said, hides nothing.
    """
    open_kinds = (EntityKind.PERSON, EntityKind.OTHER)
    return np.array([entity.kind not in open_kinds for entity in registry.entities], np.bool_)


class DomainMatcher:
    """Finds the registry's domains in links.

    Args:
        registry: whose domains.
    """

    def __init__(self, registry: Registry) -> None:
        self._domains = dict(registry.domains)
        self._depth = max((domain.count(".") for domain in self._domains), default=0)

    def match(self, links: pl.Series) -> pl.DataFrame:
        """The links that lead into a domain of the registry, or a host below one.

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
        # the longest domain wins: a part of a site may have an owner of its own
        forms = [
            pl.col("labels").list.tail(labels).list.join(".")
            .replace_strict(self._domains, default=None, return_dtype=pl.Int32)
            for labels in range(self._depth + 1, 1, -1)
        ]  # fmt: skip
        return likely.select("link", entity=pl.coalesce(forms)).drop_nulls()
