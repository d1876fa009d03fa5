"""Whether a worker is alive, and whether it is ready. An orchestrator asks before it restarts a worker or goes on.

Alive: the event loop answers, and no part of the worker has failed. Ready: partitions have been assigned and the worker
reads posts; if detection runs on it, its state is rebuilt. A worker without detection stands by, and is ready without.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Health:
    """Health of one worker."""

    failed: str = ""
    """What failed; empty if nothing did."""
    assigned: bool = False
    """Partitions have been assigned since this worker joined its group."""
    reads_posts: bool = False
    """Reference data have been read, and posts are being read."""
    detection_here: bool = False
    """The partition of frames is assigned to this worker."""
    rebuilding: bool = False
    rebuilt: bool = False
    """The state of detection has been rebuilt at least once."""
    frames_behind: int | None = None
    """Count of frames that detection has yet to apply; None: not known yet."""

    @property
    def alive(self) -> bool:
        """Whether the worker can go on. One that cannot should be restarted."""
        return not self.failed

    @property
    def waits_for(self) -> list[str]:
        """What the worker waits for, in words; empty if it is ready."""
        waits = []
        if self.failed:
            waits.append(self.failed)
        if not self.assigned:
            waits.append("partitions have not been assigned yet")
        elif not self.reads_posts:
            waits.append("reference data are being read")
        # detection starts with the first frame; without frames to apply there is nothing to rebuild
        if self.detection_here and (self.rebuilding or not (self.rebuilt or self.frames_behind == 0)):
            waits.append("the state of detection is being rebuilt")
        return waits
