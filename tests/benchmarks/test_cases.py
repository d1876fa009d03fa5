"""Groups are counted by the cases that their members are in."""

from benchmarks.planted.cases import CaseFigures, case_figures
from streams.simulation.records.canonical import Label


def group(name: str, label: str = "io", size: int = 6) -> list[Label]:
    return [Label(f"{name}{number}", label, name) for number in range(size)]


def accounts(name: str, *numbers: int) -> list[str]:
    return [f"{name}{number}" for number in numbers]


def test_groups_in_one_case_in_several_and_in_none_are_told_apart() -> None:
    labels = [*group("a"), *group("b"), *group("c"), *group("d", "coordinated"), *group("e", "organic")]
    networks = [
        ("case-1", accounts("a", 0, 1, 2)),
        ("case-1", accounts("a", 3, 4, 5)),  # in pieces, but one case
        ("case-2", accounts("b", 0, 1, 2)),
        ("case-3", accounts("b", 3, 4, 5)),  # two cases
        ("case-4", [*accounts("d", 0, 1, 2), *accounts("c", 0, 1), *accounts("e", 0, 1, 2)]),
    ]
    assert case_figures(networks, labels) == CaseFigures(4, 2, 1, 1, 5, 4, 0)


def test_a_case_that_holds_two_groups_is_counted() -> None:
    labels = [*group("a"), *group("b")]
    networks = [("case-1", accounts("a", 0, 1, 2)), ("case-1", accounts("b", 0, 1, 2))]
    assert case_figures(networks, labels).cases_of_several_groups == 1
