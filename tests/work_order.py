"""In which order, and by how many processes, `make test` runs the tests: those that wait beside those that compute.

Tests of the live service wait much of the time, for sessions to end or a broker to come back; all others keep a core
busy. So there are twice as many processes as cores. Half of them begin with the tests that wait, the others with those
that compute; whoever has done its half helps with the other. What takes longest comes first, so that no process ends
late.

A test that waits is a piece of work by itself. Tests that compute go by their file, since they share its fixtures.
"""

import os
from collections.abc import Sequence

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

DISTRIBUTION = "loadscope"
"""The value of `--dist` that asks for this order."""

WAITING = "tests/integration/"

LONGEST = tuple(
    f"tests/{name}.py"
    for name in (
        "integration/test_outages",
        "integration/test_prometheus",
        "integration/test_chaos",
        "integration/test_desk_live",
        "integration/test_collectors",
        "integration/test_acting",
        "integration/test_equivalence",
        "integration/test_ingest_mastodon",
        "integration/test_ingest_jetstream",
        "integration/test_secured_service",
        "integration/test_doctor_live",
        "integration/test_pseudonyms",
        "streams/replay/test_shards",
        "streams/replay/state/test_kept_runs",
        "streams/live/state/test_cut_runs",
        "streams/desk/test_desk_in_browser",
        "streams/kernels/test_kernels",
        "streams/replay/test_stopped_runs",
        "detectors/test_context_pipeline",
        "streams/live/detection/test_detection_arrangements",
        "distribution/test_simulated_cluster",
        "detectors/synchrony/test_co_sharing",
        "detectors/state/test_state",
        "detectors/test_refer",
    )
)
"""Files with the tests that take longest, the longest first (as measured). This matters to the time only."""


def processes() -> int:
    """Twice the cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 2 * cores


class WaitingBesideComputing(LoadScopeScheduling):
    """Gives each process its next piece of work."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._first_waits: dict[WorkerController, bool] = {}

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        super().add_node_collection(node, collection)
        self._first_waits[node] = len(self._first_waits) % 2 == 0

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(WAITING) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Bring the next piece of this process to the front, and assign it."""
        wanted = self._first_waits[node]
        fitting = [scope for scope in self.workqueue if scope.startswith(WAITING) == wanted]
        chosen = min(fitting or self.workqueue, key=_place)
        self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        """Keep one test waiting behind the one that runs, and no more: others may be free earlier."""
        if self.workqueue and self._pending_of(self.assigned_work[node]) >= 2:
            return
        super()._reschedule(node)


def _place(scope: str) -> int:
    file = scope.partition("::")[0]
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)
