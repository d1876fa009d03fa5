"""Headline and explanation: the facts with their numbers, hedged, and short."""

from dataclasses import replace

import pytest

from detectors.alerts.counter_evidence import counter_evidence
from detectors.alerts.findings import found_together
from detectors.alerts.network_facts import KindFacts, NetworkFacts
from detectors.alerts.texts.explanation import explanation
from detectors.alerts.texts.headline import headline
from detectors.covertness.covertness import covertness
from detectors.covertness.network_context import NetworkContext
from schemas.shares import TraceKind
from tests.detectors.alerts.network_samples import DAY, LINKS, START, context, facts, known, member

TEXTS = KindFacts(TraceKind.TEXT, 60, 1, 0.004, 9.0, objects=1)
STRONG = {"unattributed_copies": 1e-9, "hidden_mentions": 1e-9, "registry_followers": 1e-9}


def texts(of: NetworkFacts, known_of: NetworkContext) -> tuple[str, str]:
    covert = covertness(known_of)
    nobody = replace(known_of, members=(member(),) * len(of.members))
    found = found_together(of, known_of, START)
    counter = [*counter_evidence(known_of), *found.against]
    return headline(found, of.members, nobody, ["x"], covert), explanation(found, known_of, covert, counter)


def test_given_accounts_that_act_together_then_the_numbers_can_be_checked() -> None:
    head, why = texts(facts(), context(hidden_mentions=0.9))

    assert head == (
        "5 accounts on x appear to act together: they posted the same 2 links within 10 minutes of each other, since "
        "28 January 2021"
    )
    assert why == (
        "Pairs of these 5 accounts posted the same 2 links within 10 minutes of each other, 20 times between 28 and "
        "31 January 2021. Chance would give 0.021. Nearly the same accounts met around several objects, at least an "
        "hour apart. They are not suspected of hiding: ties to registry entities are not beyond chance."
    )


def test_given_one_co_share_on_one_day_then_number_and_date_are_right() -> None:
    _, why = texts(facts(kinds=(TEXTS,), end=START + 60), context(hidden_mentions=0.9))

    assert "posted the same text within a minute of each other, once on 28 January 2021" in why
    assert "Chance would give less than 0.01." in why


def test_given_two_kinds_then_both_are_named() -> None:
    reposts = KindFacts(TraceKind.REPOST, 60, 8, 0.5, 9.0, objects=3)

    assert "posted the same 2 links and 1 text within" in texts(facts(kinds=(LINKS, TEXTS)), context())[0]
    head, why = texts(facts(kinds=(LINKS, reposts)), context())
    assert "posted the same 2 links and reposted the same 3 posts within" in head
    assert "They also reposted the same 3 posts (8 times; chance: 0.5)." in why


def test_given_a_suspected_network_then_it_is_hedged_and_names_two_reasons() -> None:
    head, why = texts(facts(), context(0.8, **STRONG, amplified_copies=1.0))

    assert head == (
        "5 accounts on x, most of them obscure, are suspected to be a covert network: since 28 January 2021 they act "
        "together, repeat a registry entity's content without credit and name its handle so that no link arises"
    )
    assert "About obscurity. About unattributed_copies. About hidden_mentions." in why
    assert "About registry_followers" not in why
    assert "less than 1 in a billion" in why
    assert "Not found: amplified copies." in why
    assert why.endswith("This is a suspicion, not a verdict.")


@pytest.mark.parametrize(
    ("known_of", "reason"),
    [
        (context(0.2, **STRONG), "the typical member is not obscure"),
        (context(0.8, open_share=0.6, **STRONG), "most members are known openly"),
        (context(0.8, registry_followers=0.5), "ties to registry entities are not beyond chance"),
    ],
)
def test_given_no_suspicion_then_the_reason_is_stated(known_of: NetworkContext, reason: str) -> None:
    head, why = texts(facts(), known_of)

    assert "suspected" not in head
    assert f"They are not suspected of hiding: {reason}." in why


def test_given_something_that_speaks_against_it_then_the_weightiest_is_in_the_explanation() -> None:
    _, why = texts(facts(minute_clock=True), context(0.2, openness=known(verified=5), **STRONG))

    assert "Against it: the platform verified 5 of 5 members." in why
    assert "minute only" not in why


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"copy_edges": 3}, "3 pairs repeat the same originals without credit"),
        ({"copy_edges": 1}, "1 pair repeats the same originals without credit"),
    ],
)
def test_given_ties_without_co_shares_then_they_are_named(changed: dict[str, int], what: str) -> None:
    head, why = texts(facts(kinds=(), crowd_edges=0, **changed), context())

    assert "repeat the same originals without credit" in head
    assert what in why


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, "on 28 January 2021"), (4, "between 28 January and 1 February 2021"), (365, "28 January 2022")],
)
def test_given_days_then_the_period_is_as_short_as_it_can_be(days: int, expected: str) -> None:
    assert expected in texts(facts(end=START + days * DAY), context())[1]
