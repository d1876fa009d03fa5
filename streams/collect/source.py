"""What a live source must provide: messages of one connection after another, and how they are decoded."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import msgspec
import polars as pl

from schemas.dead_letters import DeadLetter
from schemas.errors import InputError


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in a source, from which it goes on."""

    time_us: int = 0
    """Time of the event, microseconds since 1970 UTC; 0: not known."""
    seq: int = 0
    """Number that the source gave the event; 0: it numbers none."""
    post_id: str = ""
    """The source's own id of the post; empty: it does not go by ids."""


class Message(NamedTuple):
    """One message as it came."""

    kind: str
    """What the source calls it; empty where it has one kind only."""
    data: bytes


OPENED = Message("opened", b"")
"""What a source gives first on each connection: it is open. It is not decoded."""


@dataclass(slots=True)
class Events:
    """What a run of messages says."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS`."""
    first: Position | None = None
    position: Position | None = None
    """Of the first and of the last event; None: no message has a place."""
    reached: int = 0
    """Event time before which everything has come, seconds since 1970 UTC; 0: not known."""
    follows: pl.DataFrame | None = None
    """The fields of follow events as text."""
    profiles: pl.DataFrame | None = None
    """The fields of account profiles, `observed_at` as text."""
    deletions: pl.DataFrame | None = None
    """Posts that were deleted: platform, post_id, account_id, and `created_at`, when it was noticed, as text."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    """Messages that go to no topic, such as likes: how many of each kind."""


class SourceFault(InputError):
    """A connection failed or ended; the next one goes on.

    Args:
        words: what happened, a sentence without its end.
        refused: the source does not accept the request, so that the same one hardly helps.
        wait_s: seconds that the source asks to wait; None: it names none.
    """

    def __init__(self, words: str, *, refused: bool = False, wait_s: float | None = None) -> None:
        super().__init__(words)
        self.refused = refused
        self.wait_s = wait_s


class LiveSource(Protocol):
    """One live source."""

    name: str
    """What messages to the user call it."""
    gaps: int
    """How often it went on from a later place than it was asked to, so that events are missing."""

    def messages(self, position: Position | None) -> AsyncGenerator[Message]:
        """Connect, and give `OPENED` and then the messages of this connection.

        Args:
            position: after which to go on; some messages before it may come again. None: from now on.

        Raises:
            SourceFault: the connection failed, ended or brings nothing any more.
        """
        ...

    def resumed(self, before: Position, first: Position) -> None:
        """Take note of the first event that came after it was asked to go on at a place."""
        ...

    def decode(self, messages: Sequence[Message], first_number: int) -> Events:
        """Decode messages, all at once.

        Args:
            messages: in the order in which they came; at least one.
            first_number: number of the first one in this run, for dead letters.
        """
        ...
