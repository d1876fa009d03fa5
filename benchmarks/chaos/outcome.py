"""The figures of a chaos run."""

import statistics
from dataclasses import dataclass, field

from benchmarks.chaos.faults import Fault


@dataclass(slots=True)
class Chaos:
    """What a run did to the alerts, and how true health was."""

    minutes: float = 0.0
    posts: int = 0
    faults: list[Fault] = field(default_factory=list)
    happened: dict[str, float] = field(default_factory=dict)
    """What happened midway, seconds after the start."""
    alerts: int = 0
    lost: int = 0
    """Alerts of the replay that are not on the topic."""
    invented: int = 0
    changed: int = 0
    differences: list[str] = field(default_factory=list)
    """Of each alert that changed: its id and revision, and each field with what the replay and the topic have."""
    late: int = 0
    """Dead letters of posts that came too late; a replay has none."""
    duplicates: int = 0
    """Dead letters of records that a collector wrote twice after an outage."""
    other_dead_letters: int = 0
    probes: int = 0
    not_live: int = 0
    """Probes of a running worker that it did not answer, or answered with not alive."""
    false_ready: list[str] = field(default_factory=list)
    ended_by_themselves: list[str] = field(default_factory=list)
    """Last lines of workers that ended though nobody ended them. They were started anew."""
    late_kernels: int = 0
    """Kernels that a worker compiled at work."""
    done_after_s: float = 0.0
    """Seconds from the last post until everything was applied."""
    statuses: list[int] = field(default_factory=list)
    """Exit statuses of the workers that were stopped in order at the end."""
    rules_pending: dict[str, int] = field(default_factory=dict)
    """Seconds that the condition of each alert rule held, before it fires."""
    rules_fired: dict[str, int] = field(default_factory=dict)
    """Seconds that each alert rule fired."""

    @property
    def is_well(self) -> bool:
        """Nothing was lost, invented, changed or late, and health was true."""
        return not (
            self.lost or self.invented or self.changed or self.late or self.other_dead_letters or self.false_ready
            or self.ended_by_themselves
            or any(self.statuses) or any(fault.recovered_s == float("inf") for fault in self.faults)
        )  # fmt: skip

    def figures(self) -> dict[str, object]:
        """For people and programs."""
        kinds = sorted({fault.kind for fault in self.faults})
        by_kind = {kind: [fault for fault in self.faults if fault.kind == kind] for kind in kinds}
        return {
            "minutes": self.minutes,
            "posts": self.posts,
            "alerts": self.alerts,
            "lost, invented, changed": [self.lost, self.invented, self.changed],
            "what changed": self.differences,
            "late": self.late,
            "dead letters: duplicates, others": [self.duplicates, self.other_dead_letters],
            "midway, seconds after the start": {name: round(at) for name, at in self.happened.items()},
            "faults": {
                kind: {
                    "times": len(faults),
                    "longest, s": round(max(fault.end - fault.begin for fault in faults), 1),
                    "ready after s, median and most": [
                        round(statistics.median(fault.recovered_s for fault in faults), 1),
                        round(max(fault.recovered_s for fault in faults), 1),
                    ],
                    "SIGTERM to exit s": round(max(fault.exit_s for fault in faults), 1),
                }
                for kind, faults in by_kind.items()
            },
            "probes": self.probes,
            "probes without a live answer": self.not_live,
            "ready when it was not": len(self.false_ready),
            "of these": self.false_ready[:10],
            "workers that ended by themselves": self.ended_by_themselves,
            "kernels compiled at work": self.late_kernels,
            "all applied after s": self.done_after_s,
            "exit statuses": self.statuses,
            "rules pending, s": self.rules_pending,
            "rules that fired, s": self.rules_fired,
            "is well": self.is_well,
        }
