"""The covertness score: the weaker of obscurity and context; severity and rank follow it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.covertness.covertness import (
    SUSPECTED,
    combined_chance,
    covertness,
    severity,
)
from detectors.covertness.member_obscurity import MemberObscurity, ObscurityUnknown
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms import TERMS as ALL_TERMS
from detectors.covertness.terms.term import Answer, EvidenceSource, TermResult, strength
from schemas.alerts import Severity

TERMS = (
    "registry_followers",
    "unattributed_copies",
    "hidden_mentions",
    "shared_infrastructure",
    "amplified_copies",
)


def context(
    obscurity: float | None = 0.8,
    unlabelled: float = 0.0,
    open_share: float = 0.0,
    lowest: bool = False,
    **chances: float,
) -> NetworkContext:
    answers: dict[str, Answer] = {
        name: TermResult(strength(p), p, name, seen=p < 1) for name, p in chances.items()
    }
    if unlabelled:
        answers["unlabelled_affiliates"] = TermResult(unlabelled, None, "unlabelled_affiliates", seen=True)
    return NetworkContext(
        members=(),
        obscurity=ObscurityUnknown("too little is known", lowest=lowest)
        if obscurity is None
        else MemberObscurity(obscurity, "obscurity", None),
        answers=answers,
        open_share=open_share,
    )


def test_the_terms_have_names_of_their_own_and_say_what_they_depend_on() -> None:
    assert {term.name for term in ALL_TERMS} == {*TERMS, "unlabelled_affiliates"}
    assert len(ALL_TERMS) == len(TERMS) + 1
    assert {term.name for term in ALL_TERMS if term.source is EvidenceSource.CONTENT} == set(TERMS[1:])
    assert all(term.when_strong and term.when_absent for term in ALL_TERMS)


def test_given_obscure_members_and_strong_context_then_suspected_by_the_weaker() -> None:
    found = covertness(context(0.8, registry_followers=1e-12, unattributed_copies=1.0))
    assert found.suspected
    assert found.score == 0.8
    assert found.strong == ("registry_followers",)


def test_given_obscure_members_and_nothing_else_then_not_suspected() -> None:
    found = covertness(context(1.0, **dict.fromkeys(TERMS, 1.0)))
    assert found.score == 0.0
    assert not found.suspected


def test_given_strong_context_and_well_known_members_then_not_suspected() -> None:
    found = covertness(context(0.05, **dict.fromkeys(TERMS, 1e-50)))
    assert found.score == 0.05
    assert not found.suspected


def test_given_a_chance_of_one_in_a_thousand_then_not_suspected() -> None:
    assert not covertness(context(1.0, registry_followers=1e-3, unattributed_copies=1.0)).suspected
    assert not covertness(
        context(1.0, unattributed_copies=1e-4, hidden_mentions=1.0, registry_followers=1.0)
    ).suspected


def test_given_two_independent_sources_then_together_they_are_stronger() -> None:
    together = combined_chance({EvidenceSource.FOLLOWERS: [1e-4], EvidenceSource.CONTENT: [1e-4]})
    assert together is not None
    assert together == pytest.approx(float(stats.combine_pvalues([1e-4, 1e-4]).pvalue), rel=1e-6)
    assert together < 1e-6


def test_given_content_that_shows_in_four_terms_then_it_is_not_counted_four_times() -> None:
    once = covertness(context(**{**dict.fromkeys(TERMS[1:], 1.0), "unattributed_copies": 1e-6})).context_p
    often = covertness(context(**dict.fromkeys(TERMS[1:], 1e-6))).context_p
    assert once == often == pytest.approx(4e-6)


def test_given_nothing_known_of_obscurity_then_no_score() -> None:
    assert covertness(context(None, registry_followers=1e-12)).score is None


def test_given_members_as_unknown_as_most_then_context_alone_has_to_be_overwhelming() -> None:
    strong = covertness(context(None, lowest=True, unattributed_copies=1e-9, registry_followers=1e-2))
    assert (strong.score, strong.suspected) == (0.5, True)
    assert "obscurity" not in {term.name for term in strong.terms}

    weaker = covertness(context(None, lowest=True, unattributed_copies=1e-7))
    assert not weaker.suspected
    assert weaker.score is not None
    assert weaker.score < SUSPECTED
    assert covertness(context(None, lowest=True, unlabelled=1.0)).suspected
    assert covertness(context(None, lowest=True)).score is None
    assert covertness(context(None, lowest=True, open_share=0.6, unattributed_copies=1e-12)).score == 0


def test_given_no_context_then_obscure_members_have_no_score_and_known_ones_a_low_one() -> None:
    assert covertness(context(0.9)).score is None
    assert covertness(context(0.2)).score == 0.2


@pytest.mark.parametrize("obscurity", [None, 0.9])
def test_given_mostly_open_members_then_none_whatever_else(obscurity: float | None) -> None:
    assert covertness(context(obscurity, open_share=0.6, registry_followers=1e-30)).score == 0.0


def test_given_half_of_the_members_open_then_the_others_are_still_suspected() -> None:
    assert covertness(context(0.8, open_share=0.5, registry_followers=1e-30)).score == 0.8


def test_given_members_tied_to_companies_without_a_sign_then_that_is_context() -> None:
    found = covertness(context(0.9, unlabelled=0.75, registry_followers=0.4))
    assert found.score == 0.75
    assert found.strong == ("unlabelled_affiliates",)


@given(
    obscurity=st.floats(0, 1),
    open_share=st.floats(0, 1),
    chances=st.dictionaries(st.sampled_from(TERMS), st.floats(0, 1), max_size=4),
)
def test_the_score_never_exceeds_obscurity_and_falls_with_openness(
    obscurity: float, open_share: float, chances: dict[str, float]
) -> None:
    found = covertness(context(obscurity, open_share=open_share, **chances))
    if found.score is not None:
        assert 0 <= found.score <= obscurity + 1e-4
    less_open = covertness(context(obscurity, open_share=0.0, **chances))
    if found.score is not None and less_open.score is not None:
        assert found.score <= less_open.score + 1e-4


@given(p=st.floats(0, 1))
def test_strength_is_between_nothing_and_one(p: float) -> None:
    assert 0 <= strength(p) <= 1
    assert strength(1e-4) == SUSPECTED


@pytest.mark.parametrize(
    ("chances", "coordination", "members", "muted", "expected"),
    [
        ({"registry_followers": 1.0}, 0.9, 10, False, Severity.INFO),
        ({"registry_followers": 1e-9}, 0.4, 10, False, Severity.LOW),
        ({"registry_followers": 1e-9}, 0.9, 10, False, Severity.MEDIUM),
        ({"registry_followers": 1e-9, "hidden_mentions": 1e-9}, 0.9, 10, False, Severity.HIGH),
        ({"registry_followers": 1e-9, "hidden_mentions": 1e-9}, 0.9, 100, False, Severity.CRITICAL),
        ({"registry_followers": 1e-9, "hidden_mentions": 1e-9}, 0.9, 100, True, Severity.INFO),
    ],
)
def test_severity(
    chances: dict[str, float], coordination: float, members: int, muted: bool, expected: Severity
) -> None:
    assert severity(covertness(context(0.9, **chances)), coordination, members, muted=muted) is expected
