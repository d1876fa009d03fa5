"""Stage timing hooks. Detectors read no clock; drivers pass in a hook that measures the time of each stage."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class StageTimer(Protocol):
    """Makes a context that is entered when a stage begins and left when it ends."""

    def __call__(self, stage: str) -> AbstractContextManager[None]:
        """A context around the work of `stage`."""
        ...


def untimed(stage: str) -> AbstractContextManager[None]:
    """Does nothing: the hook for runs that are not measured."""
    return nullcontext()
