"""Attribution: copies with and without credit, hidden mentions, links into the registry, counted by account."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from detectors.arrays.dtypes import U64
from detectors.arrays.hashing import hash_strings
from detectors.attribution.attribution import AttributionExtractor
from detectors.attribution.fact_store import FactStore
from detectors.attribution.facts import FACTS, Fact, facts_frame
from detectors.config import DetectionConfig
from detectors.post_columns import POSTS, conform
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.texts.text_objects import TextObjects
from detectors.traces.traces import POST_KEYS, TraceExtractor, keyed
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity

REGISTRY = Registry.of(
    [
        RegistryEntity(
            entity_id="agency",
            name="Agencia Orbe",
            kind=EntityKind.STATE_MEDIA,
            accounts=[RegistryAccount(platform="x", account_id="agency", handle="agencia_orbe")],
            domains=["agencia-orbe.example"],
        ),
        RegistryEntity(
            entity_id="holding",
            name="Sol y Mar Holding",
            kind=EntityKind.COMPANY,
            parent_id="agency",
            domains=["solymar.example"],
        ),
        RegistryEntity(entity_id="other", name="Radio Lejana", kind=EntityKind.STATE_MEDIA),
    ]
)
AGENCY, HOLDING, OTHER = 0, 1, 2
ARTICLE = "Las autoridades anunciaron hoy nuevas medidas económicas para toda la región del norte"
NEAR = "Las autoridades anunciaron hoy nuevas medidas económicas para la región del norte"
ELSE = "Mañana habrá lluvia en la costa y viento fuerte en toda la sierra, dice el servicio"


def extractor_of(config: DetectionConfig | None = None) -> TraceExtractor:
    config = config or DetectionConfig()
    return TraceExtractor(config, TextObjects.of(config.traces))


def posts_of(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [
        {"post_id": str(at), "platform": "x", "account_id": f"a{at}", "created_at": 1_000 + 60 * at} | row
        for at, row in enumerate(rows)
    ]
    return keyed(conform(pl.DataFrame(filled, schema={name: POSTS[name] for row in filled for name in row})))


def reposted_in(frame: pl.DataFrame) -> U64:
    """Keys of the posts reposted, 0 for none."""
    keys = hash_strings(
        frame.select(pl.concat_str("platform", pl.lit(":"), "repost_of")).to_series(), POST_KEYS
    )
    return np.where(frame["repost_of"].is_null().to_numpy(), np.uint64(0), keys)


def facts_of(
    frame: pl.DataFrame, *, batch: int = 1_000, memory_s: int = 86_400
) -> list[tuple[int, Fact, int]]:
    config = DetectionConfig()
    traces, attribution = (
        TraceExtractor(config, TextObjects.of(config.traces)),
        AttributionExtractor(ReferenceData(REGISTRY), memory_s),
    )
    found = []
    for begin in range(0, len(frame), batch):
        part = frame[begin : begin + batch]
        facts = attribution.extract(part, traces.extract(part), reposted_in(part))
        assert dict(facts.schema) == FACTS
        found += [
            (begin + row, Fact(kind), entity)
            for row, kind, entity in facts["row", "kind", "entity"].iter_rows()
        ]
    return found


ORIGINAL = {"account_id": "agency", "text": ARTICLE}

CREDITS: list[dict[str, Any]] = [
    {"text": f"{NEAR} (Agencia Orbe)"},
    {"text": f"{NEAR} @agencia_orbe", "mentions": ["agencia_orbe"]},
    {"text": NEAR, "mentions": ["Agencia_Orbe"]},
    {"text": NEAR, "mentions": ["agency"]},
    {"text": f"{NEAR} https://www.agencia-orbe.example/1", "urls": ["https://www.agencia-orbe.example/1"]},
    {"text": f"{NEAR} vía agencia-orbe.example"},
]


@pytest.mark.parametrize("text", [ARTICLE, NEAR, f"{NEAR}!!! \U0001f525"])
def test_given_a_later_near_copy_without_a_word_about_it_then_it_is_a_copy(text: str) -> None:
    assert facts_of(posts_of(ORIGINAL, {"text": text})) == [(1, Fact.COPY, AGENCY)]


@pytest.mark.parametrize("copy", CREDITS)
def test_given_a_mention_a_link_or_the_name_then_the_copy_is_credited(copy: dict[str, Any]) -> None:
    found = facts_of(posts_of(ORIGINAL, copy))

    assert (1, Fact.CREDITED_COPY, AGENCY) in found
    assert Fact.COPY not in {kind for _, kind, _ in found}


@pytest.mark.parametrize(
    ("platform", "mention"),
    [
        ("telegram", "agencia_orbe"),  # its handle on X
        ("mastodon", "Agencia_Orbe@social.example"),
        ("tiktok", "AgenciaOrbe"),  # its name
        ("bluesky", "agencia-orbe.example"),  # its domain
        ("mastodon", "noticias@agencia-orbe.example"),  # an account on its own server
        ("bluesky", "deportes.agencia-orbe.example"),
    ],
)
def test_given_a_platform_where_the_registry_has_no_account_then_a_mention_by_handle_name_or_domain_credits(
    platform: str, mention: str
) -> None:
    copy = {"platform": platform, "text": NEAR, "mentions": [mention]}
    assert facts_of(posts_of(ORIGINAL, copy)) == [(1, Fact.CREDITED_COPY, AGENCY)]


@pytest.mark.parametrize(
    ("platform", "mention"),
    [
        ("x", "AgenciaOrbe"),  # not the account that the registry lists there
        ("telegram", "agencia_orbe_fans"),
        ("telegram", "radiolejana"),  # of another house
        ("bluesky", "agencia-orbe.example.org"),
        ("mastodon", "agencia@social.example"),
        ("bluesky", "solymar.example"),  # a company's site does not show whose it is
    ],
)
def test_given_a_mention_of_who_may_be_somebody_else_then_it_is_no_credit(
    platform: str, mention: str
) -> None:
    copy = {"platform": platform, "text": NEAR, "mentions": [mention]}
    assert facts_of(posts_of(ORIGINAL, copy)) == [(1, Fact.COPY, AGENCY)]


def test_given_credit_to_somebody_else_then_it_is_no_credit() -> None:
    copy = {"text": f"{NEAR} (Radio Lejana)", "urls": ["https://unknown.example/1"], "mentions": ["somebody"]}
    assert facts_of(posts_of(ORIGINAL, copy)) == [(1, Fact.COPY, AGENCY)]


@pytest.mark.parametrize(
    "copy",
    [
        {"text": f"{NEAR} https://solymar.example/1", "urls": ["https://solymar.example/1"]},
        {"text": f"{NEAR} solymar.example"},
        {"text": f"{NEAR} Foto: \uff20agencia_orbe", "mentions": []},
    ],
)
def test_given_a_site_that_hides_its_owner_or_a_mention_that_does_not_work_then_it_is_no_credit(
    copy: dict[str, Any],
) -> None:
    assert Fact.COPY in {kind for _, kind, _ in facts_of(posts_of(ORIGINAL, copy))}


def test_given_a_repost_or_the_entity_itself_then_it_is_no_copy() -> None:
    repost = {"text": f"RT @agencia_orbe: {ARTICLE}", "repost_of": "0", "mentions": ["agencia_orbe"]}
    site = {"platform": "web", "account_id": "agencia-orbe.example", "text": NEAR}
    assert facts_of(posts_of(ORIGINAL, repost, site)) == []


def test_given_somebody_said_it_first_then_the_entity_is_no_origin() -> None:
    assert (
        facts_of(posts_of({"text": ARTICLE}, {"account_id": "agency", "text": NEAR}, {"text": ARTICLE})) == []
    )


def test_given_an_article_of_its_site_then_copies_of_it_count_too() -> None:
    site = {"platform": "web", "account_id": "agencia-orbe.example", "text": ARTICLE}
    assert facts_of(posts_of(site, {"text": NEAR})) == [(1, Fact.COPY, AGENCY)]


@pytest.mark.slow
def test_given_the_same_second_then_there_is_no_copy() -> None:
    assert facts_of(posts_of(ORIGINAL, {"text": NEAR, "created_at": 1_000})) == []


def test_given_a_copy_after_what_is_remembered_then_it_is_none() -> None:
    late = {"text": NEAR, "created_at": 1_000 + 3_601}
    assert facts_of(posts_of(ORIGINAL, late), memory_s=3_600) == []
    assert len(facts_of(posts_of(ORIGINAL, late), memory_s=3_601)) == 1


@pytest.mark.slow
def test_given_links_then_those_to_registry_sites_are_one_fact_for_each_post() -> None:
    linked = {
        "text": ELSE,
        "urls": ["https://m.solymar.example/1", "http://solymar.example/2", "https://notsolymar.example"],
    }
    repost = {"urls": ["https://solymar.example/1"], "repost_of": "9"}
    assert facts_of(posts_of(linked, repost)) == [(0, Fact.REGISTRY_LINK, HOLDING)]


def test_given_a_handle_that_is_not_linked_then_it_is_a_hidden_mention() -> None:
    hidden = {"text": f"{ELSE} Twitter •agencia_orbe", "mentions": []}
    open_ = {"text": f"{ELSE} @agencia_orbe", "mentions": ["agencia_orbe"]}
    assert facts_of(posts_of(hidden, open_)) == [(0, Fact.HIDDEN_MENTION, AGENCY)]


def test_given_no_registry_then_nothing_is_found_and_nothing_fails() -> None:
    frame = posts_of(ORIGINAL, {"text": NEAR})
    traces = extractor_of().extract(frame)
    assert not len(AttributionExtractor(ReferenceData(), 86_400).extract(frame, traces, reposted_in(frame)))


def test_given_a_repost_of_a_copy_without_credit_then_it_is_passed_on() -> None:
    copy, credited = {"text": NEAR}, {"text": f"{NEAR} (Agencia Orbe)"}
    passed = {"text": f"RT @a1: {NEAR}", "repost_of": "1"}

    assert (3, Fact.PASSED_ON, AGENCY) in facts_of(posts_of(ORIGINAL, copy, credited, passed))
    assert facts_of(posts_of(ORIGINAL, copy, credited, passed | {"repost_of": "2"})) == [
        (1, Fact.COPY, AGENCY),
        (2, Fact.CREDITED_COPY, AGENCY),
    ]


@pytest.mark.parametrize("who", ["agency", "a3"])
def test_given_a_repost_by_the_entity_then_it_passes_on_nothing(who: str) -> None:
    passed = {"account_id": who, "text": f"RT @a1: {NEAR}", "repost_of": "1"}

    found = facts_of(posts_of(ORIGINAL, {"text": NEAR}, {"text": ELSE}, passed))

    assert ((3, Fact.PASSED_ON, AGENCY) in found) == (who != "agency")


def test_given_a_repost_after_what_is_remembered_then_it_is_none() -> None:
    late = {"text": f"RT @a1: {NEAR}", "repost_of": "1", "created_at": 1_060 + 86_400 + 1}

    assert facts_of(posts_of(ORIGINAL, {"text": NEAR}, late), batch=1) == [(1, Fact.COPY, AGENCY)]
    assert (
        len(facts_of(posts_of(ORIGINAL, {"text": NEAR}, late | {"created_at": 1_060 + 86_400}), batch=1)) == 2
    )


def test_given_a_headline_that_is_shared_with_its_link_then_the_link_is_the_source() -> None:
    shared = ORIGINAL | {"urls": ["https://paper.example/1"]}
    same = {"text": NEAR, "urls": ["https://else.example/2", "https://www.paper.example/1"]}

    assert facts_of(posts_of(shared, same)) == [(1, Fact.CREDITED_COPY, AGENCY)]
    assert facts_of(posts_of(shared, {"text": NEAR, "urls": ["https://paper.example/2"]})) == [
        (1, Fact.COPY, AGENCY)
    ]
    assert facts_of(posts_of(shared, {"text": NEAR})) == [(1, Fact.COPY, AGENCY)]
    # a link by itself, where the original has none, names nobody
    assert facts_of(posts_of(ORIGINAL, {"text": NEAR, "urls": ["https://paper.example/1"]})) == [
        (1, Fact.COPY, AGENCY)
    ]


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_given_any_batches_then_the_facts_are_the_same(batch: int) -> None:
    rows = [ORIGINAL, *({"text": NEAR} for _ in range(3)), {"account_id": "agency", "text": ELSE}, *CREDITS]
    rows += [{"text": f"RT @a1: {NEAR}", "repost_of": str(at)} for at in (1, 2, 6)]
    frame = posts_of(*rows, {"text": ELSE}, {"text": f"{ELSE} \uff20agencia_orbe"})
    assert facts_of(frame, batch=batch) == facts_of(frame)


def some_facts(*facts: tuple[int, Fact, int]) -> pl.DataFrame:
    rows, kinds, entities = zip(*facts, strict=True)
    texts = ["text"] * len(facts)
    return facts_frame(
        {"row": rows, "kind": [int(kind) for kind in kinds], "entity": entities, "detail": texts}
    )


def ledger_with(*facts: tuple[int, Fact, int], times: list[int] | None = None) -> FactStore:
    store = FactStore(60, 1_000, np.array([False, True, False]))
    at = np.array(times if times is not None else list(range(10)), np.int64)
    ids = pl.Series([str(row) for row in range(len(at))])
    store.add(some_facts(*facts), np.arange(len(at), dtype=np.int32), at, ids)
    return store


def test_given_links_to_a_medium_that_names_itself_then_they_do_not_count_as_infrastructure() -> None:
    store = ledger_with((0, Fact.REGISTRY_LINK, AGENCY), (1, Fact.REGISTRY_LINK, HOLDING))
    assert store.counts(Fact.REGISTRY_LINK, 3).tolist() == [0, 1, 0]


def test_given_facts_then_a_finding_names_posts_and_chance() -> None:
    store = ledger_with(*((row, Fact.COPY, AGENCY) for row in (0, 1, 2)), (7, Fact.HIDDEN_MENTION, OTHER))
    posts = np.full(1_000, 10, np.int64)
    ordinary = np.arange(1_000) > 2
    sums = store.sums(Fact.COPY, posts, ordinary)
    found = store.finding(Fact.COPY, np.array([0, 1, 2], np.int32), posts, sums, ordinary)
    assert (found.observed, found.posts, found.entities) == (3, 30, (AGENCY,))
    assert found.samples["account"].n_unique() == 3
    assert found.expected < 0.01
    assert found.p < 1e-5
    assert found.samples["post_id"].to_list() == ["0", "1", "2"]
    assert store.finding(Fact.COPY, np.array([5, 6], np.int32), posts, sums, ordinary).p == 1.0


def test_given_many_links_to_one_owner_then_the_account_is_tied_to_it() -> None:
    store = FactStore(60, 1_000, np.array([False, True, True]))
    facts = some_facts(
        *((row, Fact.REGISTRY_LINK, HOLDING) for row in range(3)),
        *((row, Fact.REGISTRY_LINK, OTHER) for row in range(3, 5)),
        *((row, Fact.REGISTRY_LINK, HOLDING) for row in range(5, 7)),
    )
    who = np.array([0, 0, 0, 0, 0, 1, 1], np.int32)
    store.add(facts, who, np.arange(7), pl.Series(["p"] * 7))
    assert store.linked_owners(np.array([0, 1, 2], np.int32)).tolist() == [HOLDING, NO_ENTITY, NO_ENTITY]


def test_given_old_facts_when_aged_then_posts_go_and_rates_stay() -> None:
    day = 86_400
    store = ledger_with((0, Fact.COPY, AGENCY), (1, Fact.COPY, AGENCY), times=[0, 70 * day])
    store.age(71 * day)
    assert len(store) == 1
    assert store.counts(Fact.COPY, 2).tolist() == [1, 1]
    assert store.evicted_early == 0


def test_given_too_many_facts_when_aged_then_the_oldest_leave_and_are_counted() -> None:
    store = FactStore(60, 2, np.zeros(3, np.bool_))
    facts = some_facts(*((row, Fact.COPY, AGENCY) for row in range(5)))
    store.add(facts, np.zeros(5, np.int32), np.arange(5), pl.Series(list("abcde")))
    store.age(10)
    assert (len(store), store.evicted_early) == (2, 3)
