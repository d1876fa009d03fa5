"""Rejected rows: counted by reason, written to a file if the user wants one, and limited in their share."""

from collections import Counter
from typing import BinaryIO

import msgspec
import polars as pl

from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.errors import TooManyBadRows
from streams.settings.settings import InputSettings


class DeadLetterLog:
    """Counts and keeps dead letters.

    Args:
        file: receives them, one JSON object a line; None: they are only counted.
        settings: hold the share of bad rows above which a run stops.
    """

    def __init__(self, file: BinaryIO | None, settings: InputSettings) -> None:
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

    def write_to(self, file: BinaryIO) -> None:
        """Write every dead letter from now on to a file."""
        self._file = file

    @property
    def total(self) -> int:
        """Count of dead letters."""
        return self.counts.total()

    def count_rows(self, rows: int) -> None:
        """Count rows that were read well, and stop the run if too many others were not.

        Raises:
            TooManyBadRows: too many of the rows so far cannot be used.
        """
        self.rows += rows
        limit = self._settings.max_bad_share
        if self.rows >= self._settings.bad_share_after and self._unusable > limit * self.rows:
            raise TooManyBadRows(self._too_many())

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
        if reason is not Reason.DUPLICATE:
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

    def _too_many(self) -> str:
        worst, count = max(
            ((reason, count) for reason, count in self.counts.items() if reason is not Reason.DUPLICATE),
            key=lambda item: item[1],
        )
        first = self.examples[worst]
        hint = (
            "The dump is not in order of time. Use --unordered."
            if worst is Reason.LATE
            else "The format is probably another one. Set it with --format, or describe the columns in --config."
        )
        place = f", the first at record {first.position}" if first.position else ""
        return (
            f"{first.source}: {self._unusable:,} of {self.rows:,} rows cannot be used. The most frequent "
            f"reason is '{worst.value}' ({count:,} rows{place}: {first.detail}). {hint}"
        )
