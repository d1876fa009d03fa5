"""A line for each of the first suspected networks as soon as it is raised: nobody has to wait for the end of a run."""

from rich.console import Console
from rich.text import Text

from schemas.alerts import Alert, Severity
from streams.heartbeat import heartbeat
from streams.reports.who_and_what import what, who

MOST = 3
"""Networks that have a line; all of them are in the table at the end. Chosen: they should not fill a screen."""


class FirstSuspects:
    """Speaks of suspected networks while a run goes on.

    Args:
        console: where to.
        shown: False to say nothing.
    """

    def __init__(self, console: Console, *, shown: bool) -> None:
        self._console = console
        self._left = MOST if shown else 0
        self._known: set[str] = set()

    def see(self, alert: Alert) -> None:
        """Say who is suspected, if this is the first alert that suspects its network."""
        if not self._left or alert.severity is Severity.INFO or alert.network_id in self._known:
            return
        self._left -= 1
        self._known.add(alert.network_id)
        until = f"{alert.event_time_end:%Y-%m-%d %H:%M}"
        line = f"suspected covert in data up to {until} UTC: {who(alert)}, {what(alert)}"
        self._console.print(Text(line), soft_wrap=True)
        heartbeat.spoke()
