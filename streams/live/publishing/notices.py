"""What a user of `lockstep publish` or `lockstep ingest` reads about an outage: that it waits, and that it goes on."""

from collections.abc import Callable


class Notices:
    """Takes the place of a worker's log where there is a person to read.

    Args:
        say: called with one line.
        doing: what waits meanwhile.
    """

    def __init__(self, say: Callable[[str], None], doing: str = "Publishing") -> None:
        self._say = say
        self._doing = doing

    def warning(self, event: str, **more: object) -> None:
        """The brokers cannot be reached, or something was written again."""
        if "reason" in more and "servers" in more:
            self._say(
                f"Kafka: {more['servers']} {more['reason']} {self._doing} waits until the broker is back."
            )
        else:
            self._say(
                "Kafka: some records were written again after a fault. Workers count each post and follow event once."
            )

    def info(self, event: str, **more: object) -> None:
        """The brokers are back."""
        self._say(f"Kafka: the broker is back after {more.get('seconds')} s. {self._doing} goes on.")
