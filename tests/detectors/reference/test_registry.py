"""The registry: faults are told, accounts, handles and domains find their entity, paths say how they hang together."""

import polars as pl
import pytest

from detectors.arrays.hashing import hash_strings
from detectors.reference.claims import registered_domain
from detectors.reference.registry import (
    NO_ENTITY,
    DomainMatcher,
    Registry,
    RegistryError,
    folded_handle,
)
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity


def entity(entity_id: str, parent: str | None = None, **more: object) -> RegistryEntity:
    kind = more.pop("kind", EntityKind.COMPANY)
    return RegistryEntity(entity_id=entity_id, name=entity_id.title(), kind=kind, parent_id=parent, **more)  # type: ignore[arg-type]


def account(account_id: str | None = None, handle: str | None = None) -> RegistryAccount:
    return RegistryAccount(platform="x", account_id=account_id, handle=handle)


@pytest.fixture
def house() -> Registry:
    return Registry.of(
        [
            entity("outlet", "holding", domains=["outlet.example", "diario.co.uk"]),
            entity("agency", "party", kind=EntityKind.STATE_MEDIA, accounts=[account("1", "The_Agency")]),
            entity("holding", "agency", accounts=[account(handle="holding")], domains=["holding.example"]),
            entity("party", kind=EntityKind.PARTY_ORGAN),
            entity("stranger", domains=["news.outlet.example"]),
        ]
    )


def number(registry: Registry, entity_id: str) -> int:
    return [each.entity_id for each in registry.entities].index(entity_id)


def test_given_a_chain_of_parents_when_asked_then_the_path_runs_to_the_top(house: Registry) -> None:
    outlet = number(house, "outlet")
    assert [house.entities[at].entity_id for at in house.path(outlet)] == [
        "outlet",
        "holding",
        "agency",
        "party",
    ]
    assert (
        house.relation(outlet)
        == "Outlet (company) -> Holding (company) -> Agency (state media) -> Party (party organ)"
    )
    assert house.root(outlet) == number(house, "party")
    assert house.root(number(house, "stranger")) == number(house, "stranger")


def test_given_entities_of_one_house_when_asked_for_their_common_ancestor_then_it_is_the_lowest(
    house: Registry,
) -> None:
    outlet, holding, agency = (number(house, name) for name in ("outlet", "holding", "agency"))
    assert house.lowest_common_ancestor([outlet, holding]) == holding
    assert house.lowest_common_ancestor([outlet, agency]) == agency
    assert house.lowest_common_ancestor([outlet, number(house, "stranger")]) == NO_ENTITY
    assert house.lowest_common_ancestor([]) == NO_ENTITY


@pytest.mark.parametrize(
    ("entities", "said"),
    [
        ([entity("a"), entity("a")], "two entities have the id a"),
        ([entity("a", "nobody")], "a: its parent nobody is not in the registry"),
        ([entity("a", "b"), entity("b", "c"), entity("c", "a")], "run in a circle: a -> b -> c -> a"),
        ([entity("a", "a")], "run in a circle: a -> a"),
        ([entity("a", accounts=[account("1")]), entity("b", accounts=[account("1")])], "account 1 on x"),
        (
            [entity("a", accounts=[account(handle="Same")]), entity("b", accounts=[account(handle="@same")])],
            "handle same on x",
        ),
        ([entity("a", domains=["s.example"]), entity("b", domains=["www.S.example."])], "domain s.example"),
        ([entity("a", domains=["https://s.example/"])], "'https://s.example/' is not a domain"),
        ([entity("a", domains=["co.uk"])], "'co.uk' is a public suffix"),
        ([entity("a", domains=["github.io"])], "'github.io' is a public suffix"),
        ([entity("a", domains=["nodots"])], "'nodots' is not a domain"),
    ],
)
def test_given_a_contradiction_when_indexed_then_the_error_names_it(
    entities: list[RegistryEntity], said: str
) -> None:
    with pytest.raises(RegistryError) as raised:
        Registry.of(entities)
    assert said in str(raised.value)


def test_given_many_faults_when_indexed_then_all_are_counted_and_ten_listed() -> None:
    with pytest.raises(RegistryError, match="and 15 more"):
        Registry.of([entity(f"e{at}", f"missing{at}") for at in range(25)])


def test_given_a_circle_beside_a_chain_into_it_when_indexed_then_it_is_reported_once() -> None:
    entities = [entity("a", "b"), entity("b", "a"), entity("c", "a"), entity("d", "c")]
    with pytest.raises(RegistryError) as raised:
        Registry.of(entities)
    assert str(raised.value).count("circle") == 1


def test_given_links_when_matched_then_subdomains_count_and_similar_hosts_do_not(house: Registry) -> None:
    links = pl.Series(
        [
            "outlet.example/a",
            "news.outlet.example/a",
            "deep.news.outlet.example",
            "es.outlet.example?x=1",
            "outlet.example.evil.example/outlet.example",
            "notoutlet.example/a",
            "elsewhere.example/outlet.example",
            "diario.co.uk",
            "other.co.uk",
            "12345",
            "OUTLET.example/b",
            None,
        ],
        dtype=pl.String,
    )
    found = DomainMatcher(house).match(links)
    named = {at: house.entities[entity].entity_id for at, entity in found.iter_rows()}
    assert named == {0: "outlet", 1: "stranger", 2: "stranger", 3: "outlet", 7: "outlet", 10: "outlet"}


def test_given_a_domain_in_unicode_when_linked_in_ascii_then_it_is_found() -> None:
    registry = Registry.of([entity("a", domains=["münchen.example"])])
    found = DomainMatcher(registry).match(pl.Series(["xn--mnchen-3ya.example/1", "münchen.example/2"]))
    assert found["link"].to_list() == [0, 1]


def test_given_profiles_when_keyed_then_handles_find_accounts_and_ids_win(house: Registry) -> None:
    accounts = pl.Series(["x:7", "x:8", "x:1", "y:9", "web:elsewhere.example"])
    handles = pl.Series(["@HOLDING", "somebody", "holding", "holding", None])
    keys, entities, names = house.by_account_key(accounts, handles, ACCOUNT_KEYS)
    assert hash_strings(pl.Series(names), ACCOUNT_KEYS).tolist() == keys.tolist()
    known = dict(zip(keys.tolist(), entities.tolist(), strict=True))

    def of(name: str) -> int | None:
        return known.get(int(hash_strings(pl.Series([name]), ACCOUNT_KEYS)[0]))

    assert of("x:7") == number(house, "holding")
    assert of("x:1") == number(house, "agency")  # named by id: whatever its handle, it is nobody else's
    assert of("x:8") is None
    assert of("y:9") is None  # the same handle on another platform
    assert of("web:outlet.example") == number(house, "outlet")
    assert sorted(keys.tolist()) == keys.tolist()


def test_handles_are_compared_without_regard_to_case_width_and_at() -> None:
    assert folded_handle("@Mundo_CHINA") == folded_handle("mundo_china ") == folded_handle("\uff2dundo_china")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.example.co.uk", "example.co.uk"),
        ("Example.org.", "example.org"),
        ("a.b.github.io", "b.github.io"),
        ("github.io", None),
        ("co.uk", None),
        ("localhost", None),
        ("192.0.2.1", None),
        ("", None),
    ],
)
def test_registered_domains(host: str, domain: str | None) -> None:
    assert registered_domain(host) == domain
