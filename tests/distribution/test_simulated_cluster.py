"""Whatever fails on the way, a cluster raises the alerts of one process."""

import os

import pytest

from tests.distribution.plain_run import plain_run
from tests.distribution.simulator import Cluster

RUNS = int(os.environ.get("LOCKSTEP_SIMULATED_RUNS", "30"))
"""`make soak` asks for 1,000."""


def test_the_world_has_alerts_to_compare() -> None:
    plain = plain_run()
    assert len(plain.alerts) >= 4
    assert sum(len(shares.time) for shares in plain.shares.values()) >= 800


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(10))
def test_given_any_faults_then_the_alerts_are_those_of_one_process(batch: int) -> None:
    faults = repeats = 0
    for seed in range(batch, RUNS, 10):
        cluster = Cluster(plain_run(), seed, workers=1 + seed % 4, ingests=1 + seed % 3)
        assert cluster.run() == plain_run().alerts, f"seed {seed}"
        faults += cluster.faults.total()
        repeats += cluster.repeats
    assert faults > 0
    assert repeats > 0
