"""Marks by place: everything in tests/integration needs a real Kafka broker."""

from pathlib import Path

import pytest

_INTEGRATION = Path(__file__).parent / "integration"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need Kafka, so that `make check` can leave them out."""
    for item in items:
        if _INTEGRATION in item.path.parents:
            item.add_marker("kafka")
