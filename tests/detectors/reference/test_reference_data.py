"""Reference data: profiles, whose account is whose, who hides a tie; and the rules of reviewers."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from detectors.arrays.dtypes import U64
from detectors.arrays.hashing import hash_strings
from detectors.post_columns import conform
from detectors.reference.affiliation import affiliations
from detectors.reference.reference_data import PROFILES, Profile, ReferenceData
from detectors.reference.registry import NO_ENTITY, Registry
from detectors.reference.review_rules import allowed_accounts, muting_rule
from detectors.traces.traces import ACCOUNT_KEYS
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from schemas.reviews import RuleKind, SuppressionRule

REGISTRY = Registry.of(
    [
        RegistryEntity(
            entity_id="agency",
            name="The Agency",
            kind=EntityKind.STATE_MEDIA,
            accounts=[RegistryAccount(platform="x", account_id="agency")],
        ),
        RegistryEntity(
            entity_id="outlet",
            name="Outlet Press",
            kind=EntityKind.AFFILIATE,
            parent_id="agency",
            accounts=[RegistryAccount(platform="x", handle="Outlet")],
            domains=["outlet.example"],
        ),
    ]
)
AGENCY, OUTLET = 0, 1


def keys(*names: str) -> U64:
    return hash_strings(pl.Series(names), ACCOUNT_KEYS)


def profiles(*rows: dict[str, object]) -> pl.DataFrame:
    return conform(pl.DataFrame([{"observed": 1, **row} for row in rows]), PROFILES)


def test_given_several_observations_when_asked_then_the_latest_counts() -> None:
    context = ReferenceData(
        profiles=profiles(
            {"account": "x:a", "followers": 5, "created": 7, "observed": 2},
            {"account": "x:a", "followers": 9, "observed": 3},
            {"account": "x:b", "handle": "b"},
        )
    )
    asked = keys("x:b", "x:a", "x:unknown")
    assert context.followers_of(asked).tolist() == [-1, 9, -1]
    assert context.created_of(asked).tolist() == [-1, -1, -1]  # of the latest, nothing is known
    first, second, unknown = context.profiles_of(asked)
    assert (first.account, first.handle, first.followers) == ("x:b", "b", None)
    assert (second.account, second.followers, second.observed) == ("x:a", 9, 3)
    assert unknown == Profile()


def test_given_nothing_when_asked_then_all_is_unknown() -> None:
    context = ReferenceData()
    asked = keys("x:a", "x:b")
    assert context.entities_of(asked).tolist() == [NO_ENTITY, NO_ENTITY]
    assert context.followers_of(asked).tolist() == [-1, -1]
    assert context.profiles_of(asked) == [Profile(), Profile()]
    assert not context.has_profiles


def test_given_handles_in_profiles_when_asked_then_accounts_find_their_entity() -> None:
    context = ReferenceData(REGISTRY, profiles({"account": "x:7", "handle": "outlet"}))
    assert context.entities_of(keys("x:7", "x:agency", "web:outlet.example", "x:8")).tolist() == [
        OUTLET,
        AGENCY,
        OUTLET,
        NO_ENTITY,
    ]


def test_given_profiles_and_a_registry_then_open_and_unlabelled_accounts_are_distinguished() -> None:
    context = ReferenceData(
        REGISTRY,
        profiles(
            {"account": "x:7", "handle": "outlet", "display_name": "Noticias"},
            {"account": "x:tied", "display_name": "Libre"},
            {"account": "x:says", "description": "a paper of OUTLET PRESS"},
            {"account": "x:labelled", "platform_label": "state media"},
            {"account": "x:reader"},
        ),
    )
    names = ("x:agency", "x:7", "x:tied", "x:says", "x:labelled", "x:reader", "x:noprofile")
    linked = np.array([-1, -1, OUTLET, OUTLET, OUTLET, -1, OUTLET], np.int32)
    found = affiliations(context, keys(*names), linked)
    assert dict(zip(names, found.unlabelled.tolist(), strict=True)) == {
        "x:agency": False,
        "x:7": True,
        "x:tied": True,
        "x:says": False,
        "x:labelled": False,
        "x:reader": False,
        "x:noprofile": False,  # nothing is known of what it shows
    }
    assert found.open.tolist() == [True, False, False, False, True, False, False]
    assert found.tie.tolist() == [-1, OUTLET, OUTLET, -1, -1, -1, -1]


@pytest.mark.parametrize(("name", "unlabelled"), [("Sol", True), ("Sola", False)])
def test_given_an_owner_whose_name_has_three_letters_then_a_profile_cannot_show_it(
    name: str, unlabelled: bool
) -> None:
    registry = Registry.of([RegistryEntity(entity_id="owner", name=name, kind=EntityKind.COMPANY)])
    reference_data = ReferenceData(registry, profiles({"account": "x:1", "description": "a consola"}))
    found = affiliations(reference_data, keys("x:1"), np.array([0], np.int32))
    assert found.unlabelled.tolist() == [unlabelled]


def rule(kind: RuleKind, rule_id: str = "r", **more: object) -> SuppressionRule:
    return SuppressionRule(rule_id=rule_id, kind=kind, reason="known", **more)  # type: ignore[arg-type]


def at(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=UTC)


def test_given_a_mute_when_the_network_or_most_members_match_then_it_holds_within_its_time() -> None:
    by_id = rule(RuleKind.MUTE, network_id="n1", since=at(2), until=at(4))
    of_members = rule(RuleKind.MUTE, "m", account_ids=["x:1", "x:2", "x:3"])
    now = int(at(3).timestamp())
    found = muting_rule([by_id], "n1", ["x:9"], now)
    assert found is not None
    assert (found.rule_id, found.until, found.reason) == ("r", at(4), "known")
    assert muting_rule([by_id], "n1", ["x:9"], int(at(1).timestamp())) is None
    assert muting_rule([by_id], "n1", ["x:9"], int(at(4).timestamp())) is None
    assert muting_rule([by_id], "n2", ["x:9"], now) is None
    assert muting_rule([of_members], "n2", ["x:1", "x:2", "x:8"], now) is not None
    assert muting_rule([of_members], "n2", ["x:1", "x:2", "x:8", "x:9"], now) is None  # half is not most


def test_given_an_allowance_when_it_has_lapsed_then_it_counts_no_more() -> None:
    rules = [
        rule(RuleKind.ALLOW, account_ids=["x:1"], until=at(2)),
        rule(RuleKind.ALLOW, "s", account_ids=["x:2"]),
    ]
    members = ["x:1", "x:2", "x:3"]
    assert set(allowed_accounts(rules, "n", members, int(at(1).timestamp()))) == {"x:1", "x:2"}
    assert set(allowed_accounts(rules, "n", members, int(at(3).timestamp()))) == {"x:2"}


def test_given_a_network_that_is_allowed_as_a_whole_then_all_its_members_are_and_no_others() -> None:
    rules = [rule(RuleKind.ALLOW, network_id="n")]
    assert set(allowed_accounts(rules, "n", ["x:1", "x:2"], 0)) == {"x:1", "x:2"}
    assert allowed_accounts(rules, "other", ["x:1"], 0) == {}
