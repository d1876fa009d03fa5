"""What was assessed of a network stands until something newer is known, whatever becomes of the network."""

from dataclasses import replace

from detectors.covertness.assessed_before import AssessedBefore, Sighting
from detectors.covertness.covertness import covertness
from detectors.covertness.member_obscurity import MemberObscurity, ObscurityUnknown
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms.term import NotAssessed
from detectors.networks.networks import Network
from tests.detectors.alerts.network_samples import DAY, START, context, network

FEW_POSTS = ObscurityUnknown("obscurity (few posts)", lowest=False)
NO_CONTRAST = ObscurityUnknown("obscurity (all are unknown)", lowest=True)
COPIES = {"unattributed_copies": 1e-9}


def sighting(members: int = 5, posts: int = 40, followers: int = 20, first: int = 0) -> Sighting:
    return Sighting(list(range(first, first + members)), posts, followers, members)


def assess(
    before: AssessedBefore, known: NetworkContext, of: Network, seen: Sighting, day: int = 0
) -> NetworkContext:
    completed = before.completed(of, known, seen)
    before.keep(of, completed, seen, covertness(completed).score, START + day * DAY)
    return completed


def assessed(known: NetworkContext | None = None) -> AssessedBefore:
    """Network 1 was assessed at `START`: obscure, with strong copies."""
    before = AssessedBefore()
    assess(before, known or context(**COPIES), network(), sighting())
    return before


def unknown() -> NetworkContext:
    return replace(
        context(),
        obscurity=FEW_POSTS,
        answers={"unattributed_copies": NotAssessed("what they publish (few posts)")},
    )


def test_given_terms_that_become_unknown_one_by_one_then_each_keeps_its_own_date() -> None:
    before = assessed()

    first = assess(before, replace(context(**COPIES), obscurity=FEW_POSTS), network(), sighting(posts=41), 1)
    second = assess(before, unknown(), network(), sighting(posts=41), 2)

    assert {name: kept.at for name, kept in first.kept.items()} == {"obscurity": START}
    assert {name: kept.at for name, kept in second.kept.items()} == {
        "obscurity": START,
        "unattributed_copies": START + DAY,
    }
    assert second.assessed_at == START
    assert covertness(second).score == covertness(context(**COPIES)).score
    assert {term.name for term in covertness(second).terms if term.assessed_at} == set(second.kept)


def test_given_something_newer_then_it_counts_though_it_is_lower() -> None:
    before = assessed()

    newer = assess(before, context(0.1, unattributed_copies=0.5), network(), sighting(posts=41), 1)

    assert newer.kept == {}
    assert covertness(newer).score == covertness(context(0.1, unattributed_copies=0.5)).score


def test_given_a_lower_obscurity_when_nothing_new_was_seen_of_the_members_then_the_former_stands() -> None:
    before = assessed()

    faded = assess(before, context(0.3, **COPIES), network(), sighting(), 1)
    seen = assess(before, context(0.3, **COPIES), network(), sighting(followers=90_000), 2)

    assert isinstance(faded.obscurity, MemberObscurity)
    assert (faded.obscurity.value, list(faded.kept)) == (0.8, ["obscurity"])
    assert isinstance(seen.obscurity, MemberObscurity)
    assert (seen.obscurity.value, seen.kept) == (0.3, {})


def test_given_members_as_little_known_as_all_others_then_that_is_known_and_stands_too() -> None:
    before = assessed(replace(context(unattributed_copies=1e-12), obscurity=NO_CONTRAST))

    later = assess(before, unknown(), network(), sighting(), 1)

    assert later.lowest
    assert covertness(later).suspected


def test_given_other_accounts_then_what_was_assessed_is_not_about_them() -> None:
    before = assessed()

    assert assess(before, unknown(), network(), sighting(first=4), 1).kept == {}


def test_given_members_that_are_allowed_for_a_while_then_what_was_assessed_is_there_afterwards() -> None:
    before = assessed()
    allowed = replace(context(), obscurity=None, answers={}, open_share=1.0)

    assert covertness(assess(before, allowed, network(), sighting(), 1)).score == 0
    assert covertness(assess(before, unknown(), network(), sighting(), 2)).suspected


def test_given_a_network_merged_into_one_of_which_less_is_known_then_the_stronger_assessment_stands() -> None:
    before = assessed()
    heir = network(9, number=2)
    assess(before, unknown(), heir, sighting(9), 1)

    before.hand_over(network(), heir)

    assert covertness(assess(before, unknown(), heir, sighting(9), 2)).suspected
    assert assess(before, unknown(), network(), sighting(), 2).kept == {}


def test_given_a_network_merged_into_a_suspected_one_then_that_one_keeps_its_own() -> None:
    before = assessed(context(0.2, **COPIES))
    heir = network(9, number=2)
    assess(before, context(**COPIES), heir, sighting(9), 1)

    before.hand_over(network(), heir)

    assert assess(before, unknown(), heir, sighting(9), 2).assessed_at == START + DAY


def test_given_a_part_that_splits_off_then_what_was_assessed_of_the_whole_stands_for_both() -> None:
    before = assessed()
    part = network(3, number=2)

    before.share(network(), part)

    assert covertness(assess(before, unknown(), part, sighting(3), 1)).suspected
    assert covertness(assess(before, unknown(), network(), sighting(), 1)).suspected


def test_given_a_network_that_has_ended_or_ties_that_are_gone_then_nothing_stands() -> None:
    before, ended = assessed(), assessed()
    before.forget_ties()
    ended.forget(network())

    assert list(assess(before, unknown(), network(), sighting(), 1).kept) == ["obscurity"]
    assert assess(ended, unknown(), network(), sighting(), 1).kept == {}
