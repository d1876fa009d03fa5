"""Small worlds, one a scenario, made once."""

from collections.abc import Callable

import pytest

from streams.simulation.folder import write_world
from streams.simulation.scenarios import Plan
from tests.streams.simulation.worlds import Folder

Worlds = Callable[[str], Folder]


def plan(scenario: str, **changes: int) -> Plan:
    return Plan(scenario, **{"seed": 3, "accounts": 700, "days": 2, **changes})


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """A small world of a scenario, at stealth 0: copies are word for word."""
    made: dict[str, Folder] = {}

    def world(scenario: str) -> Folder:
        if scenario not in made:
            folder = tmp_path_factory.mktemp(scenario) / "out"
            write_world(plan(scenario, stealth=0), folder)
            made[scenario] = Folder(folder)
        return made[scenario]

    return world
