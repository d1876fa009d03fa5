"""The notebook of the examples runs from top to bottom, and shows what it says it shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.streams.conftest import Lockstep, lockstep

__all__ = ["lockstep"]
NOTEBOOK = Path(__file__).parents[2] / "examples" / "networks.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_and_finds_the_three_accounts(lockstep: Lockstep, tmp_path: Path) -> None:
    world = ("simulate", "diaspora-press", "--accounts", "1500", "--days", "4", "--out", "out/diaspora-press")
    assert lockstep(*world).returncode == 0
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102 - our own notebook
    assert len(names["members"]) == 3
    assert len(names["copies"]) > 0
    assert names["copies"]["original_text"].null_count() == 0
    assert set(names["own"].members["account"]) == {"forum:a", "forum:b", "forum:c"}
    assert (
        (tmp_path / "out" / "notebook-report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    )
