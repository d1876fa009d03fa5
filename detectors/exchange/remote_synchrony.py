"""The stage of synchrony for detection whose shards run elsewhere: it sends shares and waits for what they give."""

from collections import deque
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from detectors.config import DetectionConfig
from detectors.exchange.epoch_messages import Columns
from detectors.exchange.stretches import GIVEN, SettledShares, settled_of
from detectors.exchange.synchrony_rows import ReceivedSynchrony, SynchronyRows
from detectors.exchange.synchrony_shard import LineageLost
from detectors.shards import VIRTUAL_SHARDS, parted
from detectors.synchrony.co_share_kernels import Shares, picked
from detectors.synchrony.open_epoch import NO_SHARES
from detectors.synchrony.share_log import LOGGED
from detectors.synchrony.synchrony_stage import Push, Synchrony, joined

SHARES_A_STRETCH = 1 << 15
"""Shares in one stretch, at most: 950 kB, so that each shard gets its own in one message of less than 1 MiB."""


class Shards(Protocol):
    """The shards of synchrony, wherever they are."""

    @property
    def count(self) -> int:
        """Of the shards."""
        ...

    def begin(self) -> tuple[str, int]:
        """The name of a new lineage, and the place from which on its answers will stand."""
        ...

    def settle(
        self, lineage: str, step: int, end: int, stretch: Sequence[Columns], place: int
    ) -> tuple[list[Columns], int]:
        """Hand a stretch of event time to all shards, and wait for their answers.

        Args:
            lineage: of the stretches.
            step: number of the stretch.
            end: event time at which it ends, seconds.
            stretch: columns of `stretches.STRETCH_DTYPES`, by shard.
            place: where the answers to this stretch stand, or later.

        Returns:
            The answers, columns of `stretches.ANSWER_DTYPES` by shard, and the place for the next stretch.

        Raises:
            LineageLost: a shard cannot go on.
        """
        ...


class _Piece(NamedTuple):
    """A push, or a part of one that is too large for a stretch."""

    until: int
    shares: Shares
    last: bool
    """Whether it is the last part of its push."""


class _Planned(NamedTuple):
    """A stretch that has not been handed out yet."""

    pieces: list[_Piece]
    end: int


class _Ahead(NamedTuple):
    """What all shards found at one time that detection has not reached yet."""

    until: int
    last: bool
    rows: list[SynchronyRows | None]
    """By shard; None: it had nothing to settle."""


class RemoteSynchrony(ReceivedSynchrony):
    """The stage of synchrony where its shards run elsewhere.

    Its state says which stretches were handed out. So detection that goes on from an earlier state hands out the same
    ones again; the shards leave them out, and their answers are still there.

    Args:
        config: as for `SynchronyStage`.
        shards: where they are.
    """

    looks_ahead: ClassVar[bool] = True
    not_state: ClassVar[frozenset[str]] = ReceivedSynchrony.not_state | {
        "_shards",
        "_tick_s",
        "_planned",
        "_ahead",
    }

    def __init__(self, config: DetectionConfig, shards: Shards) -> None:
        super().__init__(config)
        self._shards = shards
        self.lineage, self._place = shards.begin()
        self._count = shards.count
        self._tick_s = config.time.tick_s
        self.step = 0
        """The latest stretch that was handed out."""
        self._reached = 0
        """Event time of the latest push, seconds; while shares wait, no tick since has passed."""
        self._posts = 0
        self._accounts = 0
        """Numbers of posts and accounts in shares so far are below these."""
        # both are empty whenever event time has reached what was expected, so also where state is saved
        self._planned: deque[_Planned] = deque()
        self._ahead: deque[_Ahead] = deque()

    def expect(self, pushes: Sequence[Push], end: int) -> None:
        """As for `SynchronyStage`. What is expected is handed out together, as far as it fits."""
        if self._planned or self._ahead:
            raise LineageLost("the shards settled shares at a time that detection did not reach.")
        pieces: list[_Piece] = []
        room = SHARES_A_STRETCH
        for push in pushes:
            for piece in _pieces(push):
                if pieces and len(piece.shares.time) > room:
                    self._planned.append(_Planned(pieces, pieces[-1].until))
                    pieces, room = [], SHARES_A_STRETCH
                pieces.append(piece)
                room -= len(piece.shares.time)
        last_tick = end - end % self._tick_s  # shares after it are in no push yet
        if pieces or (self.waiting and last_tick > self._reached):
            self._planned.append(_Planned(pieces, last_tick))

    def push(self, shares: Shares, until: int, quiet_until: int = 0) -> Synchrony:
        """As for `SynchronyStage`.

        Raises:
            LineageLost: a shard cannot go on. Detection has to begin anew.
        """
        if not len(shares.time) and not self.waiting:
            return self.nothing()
        if not self._ahead and not self._planned:
            self.expect([Push(until, shares)] if len(shares.time) else [], max(until, quiet_until))
        found = []
        while True:
            while not self._ahead:
                self._hand_out()
            ahead = self._ahead.popleft()
            rows = (one or self._nothing_of(shard) for shard, one in enumerate(ahead.rows))
            found.append(self._taken(list(rows)))
            if ahead.last:
                break
        self._reached = until
        if ahead.until != until:
            raise LineageLost(f"the shards settled shares at {ahead.until}, and detection at {until}.")
        return joined(found)

    def _hand_out(self) -> None:
        """Hand the next stretch to the shards, and keep what they found."""
        if not self._planned:
            raise LineageLost("the shards settled nothing where detection waits.")
        if self._count != self._shards.count:
            raise LineageLost(f"there were {self._count} shards and are {self._shards.count} now.")
        planned = self._planned.popleft()
        self.step += 1
        stretch = self._by_shard(planned.pieces)
        answers, self._place = self._shards.settle(self.lineage, self.step, planned.end, stretch, self._place)
        found: dict[tuple[int, int], list[SynchronyRows | None]] = {}
        for shard, answer in enumerate(answers):
            for settled in self._checked(shard, answer, len(planned.pieces)):
                found.setdefault(settled[:2], [None] * self._count)[shard] = settled.rows
        for until, given in sorted(found):
            last = given == 0 or planned.pieces[given - 1].last
            self._ahead.append(_Ahead(until, last, found[until, given]))

    def _by_shard(self, pieces: list[_Piece]) -> list[Columns]:
        """The columns of a stretch, by shard."""
        columns: list[list[Columns]] = [[] for _ in range(self._count)]
        given = np.zeros((self._count, len(pieces)), GIVEN)
        for number, (until, shares, _) in enumerate(pieces):
            rows, begins = parted(shares.object, self._count)
            given["until"][:, number] = until
            given["shares"][:, number] = np.diff(begins)
            for shard, (begin, end) in enumerate(zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True)):
                columns[shard].append(tuple(picked(shares, rows[begin:end])))
            if len(rows):
                self._posts = max(self._posts, int(shares.post.max()) + 1)
                self._accounts = max(self._accounts, int(shares.account.max()) + 1)
        return [
            (given[shard], *map(np.concatenate, zip(*columns[shard], strict=True)))
            if pieces
            else (given[shard], *NO_SHARES)
            for shard in range(self._count)
        ]

    def _nothing_of(self, shard: int) -> SynchronyRows:
        """The rows of a shard that had nothing to settle: it stands as before."""
        parts = VIRTUAL_SHARDS // self._count
        status = self._status[shard * parts : (shard + 1) * parts].copy()
        status["logged"] = 0
        nothing = self.nothing()
        return SynchronyRows(nothing.co_shares, nothing.exposures, np.zeros(0, LOGGED), status)

    def _checked(self, shard: int, answer: Columns, pieces: int) -> list[SettledShares]:
        """What settled on a shard.

        Raises:
            LineageLost: it cannot be an answer to the shares so far. Kernels take its numbers unseen.
        """
        try:
            settled = settled_of(answer)
        except ValueError as error:
            raise LineageLost(f"shard {shard}: {error}.") from error
        _, co_shares, exposures, logged, _ = answer
        for records, names, end in (
            (co_shares, ("later_post", "earlier_post"), self._posts),
            (co_shares, ("later", "earlier"), self._accounts),
            (exposures, ("post",), self._posts),
            (exposures, ("account",), self._accounts),
            (logged, ("post",), self._posts),
            (logged, ("account",), self._accounts),
        ):
            for name in names:
                numbers = records[name]
                if len(numbers) and (int(numbers.min()) < 0 or int(numbers.max()) >= end):
                    raise LineageLost(
                        f"shard {shard}: an answer names {name} {int(numbers.max())}, of {end}."
                    )
        for one in settled:
            if len(one.rows.status) != VIRTUAL_SHARDS // self._count or not 0 <= one.given <= pieces:
                raise LineageLost(f"shard {shard}: an answer is of other parts or pushes.")
            if int(one.rows.status["logged"].sum()) != len(one.rows.logged):
                raise LineageLost(f"shard {shard}: an answer logs other shares than it counts.")
        return settled


def _pieces(push: Push) -> list[_Piece]:
    """A push in pieces that fit a stretch."""
    until, shares = push
    count = len(shares.time)
    found = []
    for begin in range(0, count, SHARES_A_STRETCH):
        piece = picked(shares, slice(begin, begin + SHARES_A_STRETCH))
        last = begin + SHARES_A_STRETCH >= count
        found.append(_Piece(until if last else int(piece.time[-1]), piece, last))
    return found
