"""One operation has one case id, which stays while its networks come, join and go."""

from detectors.cases.case_book import CaseBook
from detectors.cases.relations import Relation
from detectors.networks.networks import Network
from detectors.state.capture import capture, restore


def network(number: int, opened_at: int | None = None) -> Network:
    return Network(number, f"net-{number:012x}", number if opened_at is None else opened_at, {number})


def relation(first: int, second: int, objects: float = 0.6) -> Relation:
    return Relation(first, second, 0.0, objects, 7, 0, most_objects=True)


ALIVE = {number: network(number) for number in range(5)}


def ids(book: CaseBook) -> list[str]:
    return [book.case_id(each)[-1] for each in ALIVE.values()]


def test_given_networks_that_nothing_relates_then_each_is_a_case() -> None:
    book = CaseBook()
    assert ids(book) == ["0", "1", "2", "3", "4"]
    assert book.case_id(ALIVE[3]) == "case-000000000003"
    assert book.facts(ALIVE[3], ALIVE).related == []


def test_given_related_networks_then_they_have_the_id_of_the_oldest_and_keep_it() -> None:
    book = CaseBook()
    book.regroup([relation(2, 4), relation(1, 2)], ALIVE)
    assert ids(book) == ["0", "1", "1", "3", "1"]
    book.regroup([], ALIVE)
    assert ids(book) == ["0", "1", "1", "3", "1"]
    book.forget(ALIVE[1])
    rest = {number: each for number, each in ALIVE.items() if number != 1}
    assert book.case_id(ALIVE[4])[-1] == "1"
    assert [other.network_id for other in book.facts(ALIVE[2], rest).related] == [ALIVE[4].network_id]


def test_given_the_same_relations_in_another_order_then_the_cases_are_the_same() -> None:
    one, two = CaseBook(), CaseBook()
    found = [relation(0, 3), relation(3, 4), relation(1, 2)]
    one.regroup(found, ALIVE)
    two.regroup(reversed(found), ALIVE)
    assert ids(one) == ids(two) == ["0", "1", "1", "0", "0"]


def test_given_related_networks_then_the_closest_come_first_and_at_most_ten() -> None:
    alive = {number: network(number) for number in range(20)}
    book = CaseBook()
    book.regroup([relation(0, number, number / 100) for number in range(1, 20)], alive)
    related = book.facts(alive[0], alive).related
    assert [other.object_jaccard for other in related] == [number / 100 for number in range(19, 9, -1)]
    assert (
        related[0].reason == "They share 7 objects, most of what one of them shares, with few other accounts."
    )


def test_given_a_network_that_another_took_in_then_both_cases_are_the_older_one() -> None:
    book = CaseBook()
    ids(book)
    assert book.take_in(ALIVE[0], ALIVE[3]) == "case-000000000000"
    assert book.case_id(ALIVE[3])[-1] == "0"


def test_the_cases_are_saved_and_restored() -> None:
    book, after = CaseBook(), CaseBook()
    book.regroup([relation(1, 2)], ALIVE)
    restore(after, capture(book))
    assert ids(after) == ids(book)
    assert after.facts(ALIVE[1], ALIVE) == book.facts(ALIVE[1], ALIVE)
