"""Whether a worker is alive, and whether it is ready. An orchestrator asks before it restarts a worker or goes on.

Alive: the event loop answers, and no part of the worker has failed. Ready: a broker answers, the worker is a member of
its groups and reads its share of the public topics; if detection runs on it, its state is built, and it reports
progress when frames come. A worker without detection stands by, and is ready without.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_POLLED_WITHIN_S = 10.0
"""Seconds without a turn of ingest after which a worker no longer counts as reading. Chosen, not measured: a turn takes
well under a second unless it waits for a broker."""
_ANSWERED_WITHIN_S = 2.0
"""Seconds without an answer of a broker, which is asked twice a second, after which a worker is not ready. Chosen, not
measured: an answer takes milliseconds. An outage, which ends sessions, is declared later."""
_REPORTED_WITHIN_S = 5.0
"""Seconds after a frame came within which detection has reported progress, or the worker is not ready. Chosen, not
measured: a frame takes well under a second, and progress is written five times a second."""


@dataclass(slots=True)
class Health:
    """Health of one worker."""

    failed: str = ""
    """What failed; empty if nothing did."""
    ingests: bool = True
    """Whether this worker runs ingest."""
    detects: bool = True
    """Whether this worker runs any stage of detection, or stands by for it."""
    shards_missing: tuple[int, ...] = ()
    """Shards of co-sharing for which detection here has waited for long."""
    shards_due: frozenset[int] = frozenset()
    """Shards of co-sharing that were given to this worker and are not up to date yet."""
    stopping: bool = False
    """The worker is ending."""
    broker_reachable: bool = True
    """No outage is going on."""
    broker_answered_at: float = float("inf")
    """Clock time at which a broker last answered, seconds; infinity: none has been asked yet."""
    kernels_left: int = 0
    """Kernels that are yet to be compiled. The worker does nothing else meanwhile."""
    assigned: bool = False
    """This worker is a member of the group of ingest, which knows its share of the partitions."""
    polled_at: float = float("-inf")
    """Clock time at which ingest last asked for messages, seconds."""
    reads_posts: bool = False
    """Reference data have been read, and posts are being read."""
    frames_known: bool = False
    """This worker is a member of the group of detection, so it knows whether the partition of frames is here."""
    detection_here: bool = False
    """The partition of frames is assigned to this worker."""
    state_built: bool = False
    """The state of detection has been built since that partition was assigned."""
    owes_report_since: float = float("inf")
    """Clock time of the first frame that came after the last report of progress, seconds; infinity: there is none."""
    frames_wait_since: float = float("inf")
    """Clock time since which frames wait on the log and detection here takes none, seconds; infinity: none waits."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, never falling."""

    @property
    def alive(self) -> bool:
        """Whether the worker can go on. One that cannot should be restarted."""
        return not self.failed

    @property
    def polls(self) -> bool:
        """Whether ingest has asked for messages lately."""
        return self.clock() - self.polled_at <= _POLLED_WITHIN_S

    @property
    def broker_answers(self) -> bool:
        """Whether a broker has answered lately."""
        return self.broker_reachable and self.clock() - self.broker_answered_at <= _ANSWERED_WITHIN_S

    @property
    def waits_for(self) -> list[str]:
        """What the worker waits for, in words; empty if it is ready."""
        waits = []
        if self.kernels_left:
            waits.append(f"kernels are being compiled, {self.kernels_left} are left")
        if self.failed:
            waits.append(self.failed)
        if self.stopping:
            waits.append("the worker is ending")
        if not self.broker_answers:
            waits.append("the broker cannot be reached")
        if not self.ingests:
            pass
        elif not self.assigned:
            waits.append("partitions have not been assigned yet")
        elif not self.polls:
            waits.append("ingest does not read")
        elif not self.reads_posts:
            waits.append("reference data are being read")
        if self.shards_due:
            waits.append(f"shards of co-sharing are being loaded: {_listed(self.shards_due)}")
        if not self.detects:
            pass
        elif not self.frames_known:
            waits.append("where detection runs is not known yet")
        elif self.detection_here and not self.state_built:
            waits.append("the state of detection is being rebuilt")
        elif self.detection_here and self.shards_missing:
            waits.append(f"shards of co-sharing do not answer: {_listed(self.shards_missing)}")
        elif self.detection_here and self.clock() - self.owes_report_since > _REPORTED_WITHIN_S:
            waits.append("detection reports no progress")
        elif self.detection_here and self.clock() - self.frames_wait_since > _REPORTED_WITHIN_S:
            waits.append("detection takes none of the frames that wait")
        return waits


def _listed(shards: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(shards)))
