"""Parts of an alert record: the coordination score, members, signals and suggested actions."""

import msgspec
import numpy as np
import pytest

from detectors.accounts import AccountStore
from detectors.alerts.members import members_shown
from detectors.alerts.network_facts import KindFacts
from detectors.alerts.scores.coordination_score import coordination_terms, score
from detectors.alerts.signals import said_once, signals_together
from detectors.alerts.texts.suggested_actions import suggested_actions
from detectors.covertness.covertness import covertness
from detectors.covertness.network_context import MemberContext, NetworkContext
from detectors.networks.networks import Network
from schemas.alerts import Action, Suppression
from schemas.evidence import ScoreTerm
from schemas.networks import MemberRole
from schemas.shares import TraceKind
from tests.detectors.alerts.network_samples import START, context, facts

NO_ONE = MemberContext(handle=None, created=None, followers=None, registry=None, allowed=False)
TWENTY = KindFacts(TraceKind.URL, 600, 20, 5.0, 9.0, objects=2)


def test_the_terms_of_coordination_are_plain_ratios() -> None:
    of = facts(kinds=(TWENTY,), objects_per_edge=np.array([4.0]), median_gap_s=600.0, crowd_edges=0, edges=4)
    values = {term.name: term.value for term in coordination_terms(of)}

    # 1 - 5/20; 1 - 1/4; half at ten minutes; 4 ties where a tree of 5 has 4, and 8 are whole
    assert values == {"beyond_chance": 0.75, "repetition": 0.75, "synchrony": 0.5, "cohesion": 0.5}
    assert score(coordination_terms(of)) == 0.6625


def test_given_ties_without_co_shares_then_they_count_as_one_in_a_hundred_false() -> None:
    beyond = {term.name: term for term in coordination_terms(facts(kinds=(), copy_edges=3))}["beyond_chance"]

    assert beyond.value == 0.99
    assert "without co-shares" in beyond.summary


def test_given_peripheral_members_then_the_firmer_the_further_beyond_the_gate() -> None:
    network = Network(1, "net-1", START, core={0}, peripheral={1: 30.0, 2: 10.0, 3: 0.0, 4: 1e9})
    of = facts(network=network)
    accounts = AccountStore()
    accounts.names.extend(f"x:a{number}" for number in range(5))
    known = NetworkContext((NO_ONE,) * 5, None, {}, 0.0)

    shown = members_shown(of, known, accounts, 10.0, {})

    assert [(each.account_id, each.membership) for each in shown] == [
        ("x:a0", 1.0),
        ("x:a4", 0.9),
        ("x:a1", 0.75),
        ("x:a2", 0.5),
        ("x:a3", 0.1),
    ]
    assert [each.role for each in shown] == [MemberRole.CORE] + 4 * [MemberRole.PERIPHERAL]


def test_given_pairs_that_pass_the_gate_then_they_are_a_signal_with_the_weakest_chance() -> None:
    of = facts(kinds=(TWENTY,), edges=2, edge_surprise=np.array([20.0, 10.0]))
    co_share, gate = signals_together(of)

    assert (co_share.detector, co_share.score, co_share.observed, co_share.expected) == (
        "co_share.url",
        0.75,
        20,
        5,
    )
    assert (gate.detector, gate.observed, gate.expected, gate.score) == ("pair_gate", 2, 0.02, 0.5)
    assert gate.p_value == pytest.approx(np.exp(-10.0), rel=1e-3)
    assert [signal.detector for signal in signals_together(facts())] == ["co_share.url"]


def test_given_a_suspicion_then_actions_are_suggested_that_can_be_undone() -> None:
    def actions(known: NetworkContext, muted: Suppression | None = None) -> list[Action]:
        suggested = suggested_actions(covertness(known), muted)
        assert all(each.reversible for each in suggested)
        return [each.action for each in suggested]

    assert actions(context(registry_followers=1.0)) == [Action.REVIEW]
    assert actions(context(hidden_mentions=1e-12)) == [Action.REVIEW, Action.WATCH]
    assert actions(context(registry_followers=1e-12)) == [Action.REVIEW, Action.WATCH, Action.LABEL]
    assert actions(context(registry_followers=1e-12), Suppression(rule_id="r1", reason="known to us")) == []


def test_given_a_signal_whose_sentence_is_that_of_its_term_then_it_is_said_once() -> None:
    (signal, *_) = signals_together(facts(kinds=(TWENTY,)))
    term = ScoreTerm(name=signal.detector, value=0.5, weight=1.0, summary=signal.summary)

    assert [each.summary for each in said_once([signal], [term])] == [""]
    assert said_once([signal], [msgspec.structs.replace(term, summary="from before")]) == [signal]
    assert said_once([signal], []) == [signal]
