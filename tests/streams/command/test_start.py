"""A command loads what it needs, and nothing else."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = """
import gc
import sys
from streams.command.program import main
sys.argv = ["lockstep", *sys.argv[1:]]
try:
    main()
finally:
    print(f"gc:{gc.get_stats()[0]['collections']}", end=" ", file=sys.stderr)
    print(*(name for name in sys.modules if sys.modules[name] is not None), file=sys.stderr)
"""


def loaded(*words: str | Path) -> set[str]:
    """Modules that are loaded when a command has ended, and `gc:` with how often Python searched for garbage."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, words)], capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["replay", "--help"], ["worker", "--help"]])
def test_help_loads_no_library_that_computes(words: list[str]) -> None:
    assert (
        loaded(*words) & {"numpy", "polars", "numba", "scipy", "igraph", "faust", "aiokafka", "jinja2"}
        == set()
    )


@pytest.mark.slow
def test_a_short_replay_loads_no_library_that_only_others_need(tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv"
    dice = random.Random(1)  # noqa: S311 - a seeded world, not a secret
    rows = [
        f"o{dice.randrange(60)},a{dice.randrange(30)},p{row},{1_700_000_000 + 90 * row}" for row in range(200)
    ]
    posts.write_text("\n".join(["object_id,account_id,content_id,timestamp_share", *rows, ""]))

    modules = loaded("replay", posts, "--no-progress", "--alerts", tmp_path / "alerts.jsonl")

    assert {"polars", "numba"} <= modules
    unneeded = {
        "matplotlib",
        "faust",
        "aiokafka",
        "jinja2",
        "prometheus_client",
        "scipy.special",
        "scipy.sparse",
    }
    assert modules & unneeded == set()
    assert "numba.np.arraymath" not in modules  # numba's own code that kernels are compiled from


@pytest.mark.slow
def test_a_replay_that_finds_a_network_loads_no_sparse_matrices(world: Path, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.jsonl"

    modules = loaded("replay", world, "--no-progress", "--alerts", alerts)

    assert alerts.read_text()
    assert {"igraph", "polars"} <= modules
    assert modules & {"scipy.sparse", "jinja2", "faust", "aiokafka"} == set()
    (searches,) = (int(word.removeprefix("gc:")) for word in modules if word.startswith("gc:"))
    assert searches < 150, "Python searches what was loaded for garbage"
