"""The shipped data sets: alerts as they were, and exact pairs as another program finds them."""

from pathlib import Path

import pytest

from benchmarks.oracle import compare
from tests.golden_alerts import ROOT, SETS, found, golden
from tests.streams.conftest import Lockstep

ORACLES = ROOT / "tests" / "fixtures" / "coortweet"


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_the_networks_found_are_those_found_before(name: str) -> None:
    """After a change of detection that is meant: `make golden`, and look at the difference."""
    assert found(name) == golden(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        pytest.param("coortweet_russian", {"coortweet_russian_60s": "url"}, marks=pytest.mark.long),
        (
            "coortweet_german",
            {"coortweet_german_url_60s": "url", "coortweet_german_hashtag_60s": "hashtag_sequence"},
        ),
    ],
)
def test_exact_pairs_are_those_of_coortweet(
    name: str, kinds: dict[str, str], lockstep: Lockstep, tmp_path: Path
) -> None:
    data = ROOT / "examples" / "data" / f"{name}.csv.gz"
    done = lockstep("replay", data, *SETS[name], "--exact", "--pairs", "pairs.csv")
    assert done.returncode == 0
    for oracle, kind in kinds.items():
        result = compare(tmp_path / "pairs.csv", ORACLES / f"{oracle}.pairs.csv", kind)
        assert result.equal, result
