"""The judge of a chaos run finds answers that said ready and were not true, and no others."""

import itertools
import json
from datetime import UTC, datetime

from benchmarks.chaos.faults import Fault
from benchmarks.chaos.prober import Probe
from benchmarks.chaos.truth import NOTICE_S, PROGRESS_S, READS_S, false_ready
from benchmarks.chaos.world import _due

OUTAGE = Fault("freeze broker", begin=100.0, end=130.0, recovered_s=5.0)
LONG_AFTER = 1_000.0


def probe(at: float, *, ready: bool = True, owner: bool = False) -> Probe:
    return Probe(at, 7, 200, 200 if ready else 503, "", owner)


def progress(*times: float) -> list[bytes]:
    return [
        json.dumps(
            {"worker_id": "host-name-7-ab12", "at": datetime.fromtimestamp(at, UTC).isoformat()}
        ).encode()
        for at in times
    ]


def test_given_an_outage_then_ready_is_false_once_a_worker_has_had_time_to_notice() -> None:
    at = [99.0, 100.0 + NOTICE_S - 1, 100.0 + NOTICE_S + 1, 129.0, 131.0]

    found = false_ready([probe(second) for second in at], [OUTAGE], [], [], LONG_AFTER)

    assert len(found) == 2
    assert false_ready([probe(second, ready=False) for second in at], [OUTAGE], [], [], LONG_AFTER) == []


def test_given_an_owner_that_says_ready_then_it_has_to_report_progress_unless_it_is_disturbed() -> None:
    owner = [probe(200.0, owner=True)]

    assert len(false_ready(owner, [], progress(150.0, 201.0 + PROGRESS_S), [], LONG_AFTER)) == 1
    assert false_ready(owner, [], progress(199.0 + PROGRESS_S), [], LONG_AFTER) == []
    assert false_ready([probe(200.0)], [], [], [], LONG_AFTER) == []
    killed = Fault("kill owner", begin=203.0, end=203.1, recovered_s=9.0)
    assert false_ready(owner, [killed], [], [], LONG_AFTER) == []
    assert false_ready(owner, [], [], [], until=204.0) == []  # no posts come any more


def test_given_posts_that_wait_and_nothing_is_committed_then_ready_is_false() -> None:
    def commits(moves: bool) -> list[tuple[float, int, int]]:
        return [(300.0 + second, 50 + moves * second, 500) for second in range(int(READS_S) + 3)]

    probes = [probe(300.0 + second) for second in range(20)]

    assert len(false_ready(probes, [], [], commits(moves=False), LONG_AFTER)) == 1
    assert false_ready(probes, [], [], commits(moves=True), LONG_AFTER) == []
    assert false_ready([*probes, probe(305.0, ready=False)], [], [], commits(moves=False), LONG_AFTER) == []
    assert false_ready(probes, [], [], [(at, 50, 50) for at, _, _ in commits(moves=False)], LONG_AFTER) == []


def test_posts_are_sent_at_a_rate_and_in_bursts() -> None:
    due = _due(10_000, rate=50.0, seed=3)

    assert due == sorted(due)
    assert 0.1 < sum(a == b for a, b in itertools.pairwise(due)) / len(due) < 0.3
