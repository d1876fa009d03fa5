"""Marks by place, and long forms of tests, which only `make soak` runs."""

from pathlib import Path

import pytest

from tests.long_runs import LONG

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
