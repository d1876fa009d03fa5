"""What a consumer holds of epochs that are not closed yet.

Messages may come in any order, late and more than once: a producer that starts again from its snapshot sends what it
sent before, and so does one that was taken for dead and goes on. Both send the same rows, since what a stage emits for
an epoch follows from its input alone. Where it does not, the state of somebody is wrong, and nothing is released.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from detectors.exchange.epoch_messages import Columns, EpochMark, EpochRows, checksum_of
from schemas.errors import LockstepError

_REMEMBERED = 1_024
"""Closed epochs whose checksums are remembered, to see that repeats are the same: a week of ticks. Chosen."""


class Diverged(LockstepError):
    """A producer sent two different versions of one epoch, or rows that its mark does not promise."""


@dataclass(slots=True)
class _Sent:
    """What one producer has sent for one epoch."""

    frames: dict[int, tuple[int, Columns]] = field(default_factory=dict)
    """By number: checksum and rows."""
    mark: EpochMark | None = None
    first: int = 0
    """Place of the first message in the log that the consumer reads."""

    @property
    def complete(self) -> bool:
        return self.mark is not None and len(self.frames) >= self.mark.frames


class EpochInbox:
    """Frames and marks of several producers.

    Args:
        producers: all that must close an epoch, in the order in which their rows are released.
        after: event time; epochs that end there or earlier have been applied.
    """

    def __init__(self, producers: Sequence[str], after: int) -> None:
        self._producers = list(producers)
        self._after = after
        self._sent: dict[tuple[int, str], _Sent] = {}
        self._known: dict[tuple[int, str], int] = {}
        self.repeats = 0
        """Count of messages that had come before."""

    @property
    def needed_from(self) -> int | None:
        """Place of the earliest message that belongs to an epoch that is not applied; None if there is none."""
        return min((sent.first for sent in self._sent.values()), default=None)

    def add(self, message: EpochRows | EpochMark, place: int) -> None:
        """Take a message.

        Args:
            message: from one of the producers.
            place: its place in the log that the consumer reads.

        Raises:
            Diverged: the producer has sent something else before.
        """
        key = (message.epoch, message.producer)
        if message.epoch <= self._after:
            self.repeats += 1
            known = self._known.get(key)
            if isinstance(message, EpochMark) and known is not None and known != message.checksum:
                raise Diverged(f"{message.producer} closed epoch {message.epoch} twice, with other rows.")
            return
        sent = self._sent.setdefault(key, _Sent(first=place))
        if isinstance(message, EpochMark):
            self.repeats += sent.mark is not None
            if sent.mark not in (None, message):
                raise Diverged(f"{message.producer} closed epoch {message.epoch} twice, with other rows.")
            sent.mark = message
        else:
            checksum = message.checksum
            before = sent.frames.get(message.number)
            self.repeats += before is not None
            if before is not None and before[0] != checksum:
                raise Diverged(
                    f"{message.producer} sent frame {message.number} of epoch {message.epoch} twice."
                )
            sent.frames[message.number] = (checksum, message.columns)

    def closed(self, epoch: int) -> bool:
        """Whether all producers have closed an epoch, and all their frames are in."""
        return all(self.closed_by(epoch, producer) for producer in self._producers)

    def closed_by(self, epoch: int, producer: str) -> bool:
        """Whether one producer has closed an epoch, and all its frames are in."""
        sent = self._sent.get((epoch, producer))
        return sent is not None and sent.complete

    def take(self, epoch: int) -> list[list[Columns]]:
        """The rows of a closed epoch, by producer and frame; it counts as applied from now on.

        Raises:
            Diverged: the frames of a producer are not those that its mark promises.
        """
        taken = []
        for producer in self._producers:
            sent = self._sent.pop((epoch, producer))
            if sent.mark is None:
                raise ValueError(f"epoch {epoch} is not closed")
            frames = [sent.frames[number] for number in sorted(sent.frames)]
            if len(frames) != sent.mark.frames or checksum_of([c for c, _ in frames]) != sent.mark.checksum:
                raise Diverged(f"the frames of {producer} for epoch {epoch} are not those that it closed.")
            self._known[epoch, producer] = sent.mark.checksum
            taken.append([columns for _, columns in frames])
        self._after = epoch
        while len(self._known) > _REMEMBERED * len(self._producers):
            del self._known[next(iter(self._known))]
        return taken
