"""Whether a worker is alive, and whether it is ready: what an orchestrator asks before it restarts one or goes on.

Alive: the event loop answers, and no part of the worker has failed. Ready: the worker has its share of the public
partitions and reads posts; if detection runs here, its state is rebuilt. A worker that detection does not run on is
ready without: it stands by.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Health:
    """Of one worker."""

    failed: str = ""
    """What failed; empty: nothing."""
    has_share: bool = False
    """Partitions have been shared out, and this worker was among those asked."""
    reading: bool = False
    """Reference data have been read, so that posts are."""
    owns: bool = False
    """The partition of frames is here."""
    rebuilding: bool = False
    rebuilt: bool = False
    """The state of detection was brought up to the log at least once."""
    frames_behind: int | None = None
    """Frames that detection has yet to apply; None: not known yet."""

    @property
    def alive(self) -> bool:
        """Whether the worker can go on. One that cannot should be restarted."""
        return not self.failed

    @property
    def waits_for(self) -> list[str]:
        """What it is not ready for, in words; empty: it is ready."""
        waits = []
        if self.failed:
            waits.append(self.failed)
        if not self.has_share:
            waits.append("partitions have not been shared out yet")
        elif not self.reading:
            waits.append("reference data are being read")
        # detection begins with the first frame that comes: with nothing to apply there is nothing to rebuild
        if self.owns and (self.rebuilding or not (self.rebuilt or self.frames_behind == 0)):
            waits.append("the state of detection is being rebuilt")
        return waits
