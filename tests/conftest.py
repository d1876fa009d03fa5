"""Marks by place, the order of `make test`, and long forms of tests, which only `make soak` runs."""

from pathlib import Path

import pytest

from tests.long_runs import LONG
from tests.work_order import DISTRIBUTION, WaitingBesideComputing, processes

_INTEGRATION = Path(__file__).parent / "integration"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that need Kafka, so that `make check` can leave them out. Leave out long forms."""
    if not LONG:
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    for item in items:
        if _INTEGRATION in item.path.parents:
            item.add_marker("kafka")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Processes of `-n auto`: more than cores where some of them wait."""
    return processes() if config.getoption("dist") == DISTRIBUTION else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> WaitingBesideComputing | None:
    """Who runs what next in `make test`."""
    return WaitingBesideComputing(config, log) if config.getoption("dist") == DISTRIBUTION else None
