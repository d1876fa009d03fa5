"""Counter-evidence: each fact appears from its bound on, and not before it."""

from typing import Any

import numpy as np
import pytest

from detectors.alerts.counter_evidence import counter_evidence, shared_against
from detectors.alerts.network_facts import KindFacts
from detectors.covertness.openness import Typical
from schemas.shares import TraceKind
from tests.detectors.alerts.network_samples import LINKS, context, facts, known, link

TAGS = KindFacts(TraceKind.HASHTAG_SEQUENCE, 60, 9, 1.0, 9.0, objects=3)


def kinds(**changed: Any) -> list[str]:
    return [each.kind for each in shared_against(facts(**changed))]


def kinds_of_members(**changed: Any) -> list[str]:
    return [each.kind for each in counter_evidence(context(openness=known(**changed)))]


def test_given_nothing_that_speaks_against_then_there_is_none() -> None:
    assert kinds() == kinds_of_members() == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"objects_per_edge": np.array([2.0])}, ["few_posts"]),
        ({"objects_per_edge": np.array([3.0])}, []),
        ({"objects_per_edge": np.zeros(0)}, []),
        ({"crowded": 0.11}, ["breaking_event"]),
        ({"crowded": 0.1}, []),
        ({"minute_clock": True}, ["coarse_clock"]),
        ({"kinds": (TAGS,)}, ["fandom"]),
        ({"kinds": (TAGS, LINKS)}, []),
        ({"kinds": ()}, []),
        ({"samples": tuple(link(f"paper.example/{number}") for number in range(3))}, ["shared_newsroom"]),
        ({"samples": tuple(link(f"paper.example/{number}") for number in range(2))}, []),
        (
            {"samples": (link("a.example"), link("a.example/1"), link("b.example"))},
            ["shared_newsroom"],
        ),
        ({"samples": (link("a.example"), link("c.example"), link("b.example"))}, []),
    ],
)
def test_given_shares_then_what_they_say_against_it_is_listed(
    changed: dict[str, Any], expected: list[str]
) -> None:
    assert kinds(**changed) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"listed": 2, "listed_by": "Norte House"}, ["openly_affiliated"]),
        ({"allowed": 1, "allow_reasons": ("library (rule r1)",)}, ["allow_listed"]),
        ({"labelled": 1}, ["labelled"]),
        ({"verified": 1}, ["verified_accounts"]),
        ({"followers": Typical(500, 500)}, ["many_followers"]),
        ({"followers": Typical(499, 500)}, []),
        ({"reactions_per_post": Typical(3, 3)}, ["high_engagement"]),
        ({"reactions_per_post": Typical(2, 3)}, []),
        ({"reactions_per_post": Typical(0, 0)}, []),
        ({"credited_copies": 2, "uncredited_copies": 1}, ["credited_copies"]),
        ({"credited_copies": 1, "uncredited_copies": 1}, []),
    ],
)
def test_given_members_then_what_they_say_against_it_is_listed(
    changed: dict[str, Any], expected: list[str]
) -> None:
    assert kinds_of_members(**changed) == expected


@pytest.mark.parametrize(("obscurity", "expected"), [(0.49, ["not_obscure"]), (0.5, [])])
def test_given_members_who_are_not_obscure_then_that_comes_first(
    obscurity: float, expected: list[str]
) -> None:
    evidence = counter_evidence(context(obscurity, openness=known(verified=5)))

    assert [each.kind for each in evidence] == [*expected, "verified_accounts"]
    assert all(each.summary.endswith(".") for each in evidence)
