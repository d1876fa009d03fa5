"""Rejected rows: counted by reason, written to a file if the user wants one, and limited in their share."""

from collections import Counter

import msgspec
import polars as pl

from detectors.event_time.rejected_rows import ANOTHER_POST
from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.errors import TooManyBadRows
from streams.outputs.line_file import Lines
from streams.settings.settings import InputSettings

_HINTS = {
    Reason.LATE: "The dump is not in order of time. Use --unordered.",
    Reason.NOT_UTF8: "",  # the details of the following name the remedy
    Reason.BAD_TIME: "",
    Reason.ROUNDED_ID: "",
}
_COUNTED_BEFORE = (Reason.DUPLICATE, Reason.DELETED)
"""Reasons that say nothing of the format."""
PASSED = "older than the time that the state had reached"
"""How the detail of rows begins that come too late for a run that goes on from a state."""
_LEAST_ROWS = 100
"""Rows from which shares mean something at the end of a run. Chosen, not measured."""
_OTHER_FORMAT = (
    "The format is probably another one. Set it with --format, or describe the columns in --config."
)


class CountedLetters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a log of dead letters has counted, so that a later run can go on counting."""

    counts: dict[Reason, int]
    examples: dict[Reason, DeadLetter]
    rows: int
    unusable: int
    collisions: int


class DeadLetterLog:
    """Counts and keeps dead letters.

    Args:
        file: receives them, one JSON object a line; None: they are only counted.
        settings: hold the share of bad rows above which a run stops.
    """

    def __init__(self, file: Lines | None, settings: InputSettings) -> None:
        self._file = file
        self._settings = settings
        self._encoder = msgspec.json.Encoder()
        self.counts: Counter[Reason] = Counter()
        self.examples: dict[Reason, DeadLetter] = {}
        """The first dead letter of each reason."""
        self.rows = 0
        """Rows of posts seen, good and bad."""
        self._unusable = 0
        """Rows that suggest another format; a duplicate post does not."""
        self._collisions = 0
        """Rows that have the id of another post."""

    def write_to(self, file: Lines) -> None:
        """Write every dead letter from now on to a file."""
        self._file = file

    @property
    def counted(self) -> CountedLetters:
        """What was counted so far."""
        return CountedLetters(
            counts=dict(self.counts),
            examples=dict(self.examples),
            rows=self.rows,
            unusable=self._unusable,
            collisions=self._collisions,
        )

    @counted.setter
    def counted(self, counted: CountedLetters) -> None:
        self.counts = Counter(counted.counts)
        self.examples = dict(counted.examples)
        self.rows = counted.rows
        self._unusable = counted.unusable
        self._collisions = counted.collisions

    @property
    def total(self) -> int:
        """Count of dead letters."""
        return self.counts.total()

    def count_rows(self, rows: int) -> None:
        """Count rows that were read well, and stop the run if too many others were not.

        Raises:
            TooManyBadRows: too many of the rows so far cannot be used, or have the id of another post.
        """
        self.rows += rows
        if self.rows >= self._settings.bad_share_after:
            self._check()

    def check_shares(self) -> None:
        """Test the shares at the end of a run, when it may have had few rows.

        Raises:
            TooManyBadRows: as for `count_rows`.
        """
        if self.rows >= min(_LEAST_ROWS, self._settings.bad_share_after):
            self._check()

    def _check(self) -> None:
        if self._unusable > self._settings.max_bad_share * self.rows:
            raise TooManyBadRows(self._too_many())
        if self.counts[Reason.LATE] > self._settings.max_late_share * self.rows:
            late = self.examples[Reason.LATE]
            why = "the dump is not in order of time. Use --unordered."
            if late.detail.startswith(PASSED):
                why = f"they are {late.detail}."
            raise TooManyBadRows(
                f"{late.source}: {self.counts[Reason.LATE]:,} of {self.rows:,} rows came too late: {why}"
            )
        if self._collisions > self._settings.max_collision_share * self.rows:
            raise TooManyBadRows(self._colliding())

    def without_posts(self) -> str:
        """Why a run used no row, in words."""
        if not self.total:
            return "holds no post. Check that its export has finished."
        worst, count = self.counts.most_common(1)[0]
        return (
            f"none of {self.rows:,} rows can be used. The most frequent reason is '{worst.value}' ({count:,} rows: "
            f"{self.examples[worst].detail})."
        )

    def add(self, letter: DeadLetter) -> None:
        """Keep a dead letter, and count it as a row."""
        self.rows += 1
        self._unusable += 1
        self.keep(letter)

    def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter that is not a row of posts: it counts by reason, but not against the limit."""
        self._count(letter.reason, 1, letter)
        if self._file is not None:
            self._write(letter)

    def set_aside(self, source: str, rows: pl.DataFrame, reason: Reason, detail: str) -> None:
        """Keep rows that were read well but came late or twice, with the columns `detectors.post_columns.POSTS`."""
        if not len(rows):
            return
        if reason is Reason.COLLISION:
            self._collisions += len(rows) if detail == ANOTHER_POST else 0
        elif reason not in _COUNTED_BEFORE:
            self._unusable += len(rows)
        plain = rows.select(pl.exclude("account", "account_key", "post_key", "row_key"))
        # without a file, one example is enough
        shown = plain if self._file is not None else plain[:1]
        for number, row in enumerate(shown.iter_rows(named=True)):
            raw = msgspec.json.encode({k: v for k, v in row.items() if v is not None}).decode()
            letter = DeadLetter(
                source=source,
                position=0,
                reason=reason,
                detail=detail,
                raw=raw[:RAW_LIMIT],
                raw_bytes=len(raw.encode()),
            )
            if number == 0:
                self._count(reason, len(rows), letter)
            if self._file is not None:
                self._write(letter)

    def _count(self, reason: Reason, rows: int, example: DeadLetter) -> None:
        self.counts[reason] += rows
        self.examples.setdefault(reason, example)

    def _write(self, letter: DeadLetter) -> None:
        assert self._file is not None  # noqa: S101 - for the type checker; callers look first
        try:
            line = self._encoder.encode(letter)
        except UnicodeEncodeError:  # the name of the input is not UTF-8
            source = letter.source.encode("utf-8", "replace").decode()
            line = self._encoder.encode(msgspec.structs.replace(letter, source=source))
        self._file.write(line + b"\n")

    def _colliding(self) -> str:
        first = self.examples[Reason.COLLISION]
        return (
            f"{first.source}: {self._collisions:,} of {self.rows:,} rows have the id of another post, of another "
            "account or another time. Check that ids are whole (a spreadsheet rounds long numbers) and that they are "
            "not counted by channel or server. A column with other ids can be named in [source]; "
            "input.max_collision_share allows more."
        )

    def _too_many(self) -> str:
        worst, count = max(
            (
                (reason, count)
                for reason, count in self.counts.items()
                if reason not in (*_COUNTED_BEFORE, Reason.COLLISION)
            ),
            key=lambda item: item[1],
        )
        first = self.examples[worst]
        hint = _HINTS.get(worst, _OTHER_FORMAT)
        place = f", the first at record {first.position}" if first.position else ""
        return (
            f"{first.source}: {self._unusable:,} of {self.rows:,} rows cannot be used. The most frequent "
            f"reason is '{worst.value}' ({count:,} rows{place}: {first.detail}). {hint}"
        )
