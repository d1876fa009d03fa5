"""The figures of one run under load and kills."""

from dataclasses import dataclass, field

from benchmarks.soak.prometheus_figures import PrometheusFigures


@dataclass(slots=True)
class Soak:
    """What a run did to the alerts, and what Prometheus saw of it."""

    posts: int = 0
    """Posts published."""
    minutes: float = 0.0
    """How long publishing took."""
    kills: list[float] = field(default_factory=list)
    """When a worker was killed, seconds since 1970 UTC."""
    alerts: int = 0
    """Alerts on the topic."""
    lost: int = 0
    """Alerts of the backtest that are not on the topic."""
    invented: int = 0
    """Alerts on the topic that are not in the backtest."""
    changed: int = 0
    """Alerts in both, with different content."""
    dead_letters: int = 0
    statuses: list[int] = field(default_factory=list)
    """Exit statuses of the workers that were stopped in order at the end."""
    prometheus: PrometheusFigures | None = None

    @property
    def is_well(self) -> bool:
        """Nothing was lost, invented or changed, and the workers stopped without an error."""
        return not (self.lost or self.invented or self.changed or any(self.statuses))
