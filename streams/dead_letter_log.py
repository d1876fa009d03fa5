"""Where rejected rows go: a file if one was asked for, a count by reason in any case, and a limit."""

from collections import Counter
from types import TracebackType

import msgspec
import polars as pl

from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.errors import TooManyBadRows, UsageError
from streams.settings import InputSettings


class DeadLetterLog:
    """Counts and keeps dead letters.

    Args:
        path: JSONL file to write them to, or None.
        settings: the share of bad rows above which a run stops.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, path: str | None, settings: InputSettings) -> None:
        self._settings = settings
        self._encoder = msgspec.json.Encoder()
        self.counts: Counter[Reason] = Counter()
        self.examples: dict[Reason, DeadLetter] = {}
        """The first of each reason."""
        self.rows = 0
        """Rows seen, good and bad."""
        try:
            self._file = open(path, "wb") if path is not None else None  # noqa: SIM115 - closed in __exit__
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from error

    def __enter__(self) -> "DeadLetterLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def total(self) -> int:
        """Count of dead letters."""
        return self.counts.total()

    def saw(self, rows: int) -> None:
        """Count rows that were read well; stop when too many others were not.

        Raises:
            TooManyBadRows: most of what was read cannot be used.
        """
        self.rows += rows
        limit = self._settings.max_bad_share
        if self.rows >= self._settings.bad_share_after and self.total > limit * self.rows:
            raise TooManyBadRows(self._too_many())

    def add(self, letter: DeadLetter) -> None:
        """Keep one that is counted as a row of its own."""
        self.rows += 1
        self._keep(letter)

    def set_aside(self, source: str, rows: pl.DataFrame, reason: Reason, detail: str) -> None:
        """Keep rows that were read well, but came late or twice; `rows` as in `detectors.frames.POSTS`."""
        if not len(rows):
            return
        plain = rows.select(pl.exclude("account", "account_key", "post_key", "row_key"))
        for row in plain.iter_rows(named=True):
            raw = msgspec.json.encode({k: v for k, v in row.items() if v is not None}).decode()
            self._keep(
                DeadLetter(
                    source=source,
                    position=0,
                    reason=reason,
                    detail=detail,
                    raw=raw[:RAW_LIMIT],
                    raw_bytes=len(raw.encode()),
                )
            )

    def _keep(self, letter: DeadLetter) -> None:
        self.counts[letter.reason] += 1
        self.examples.setdefault(letter.reason, letter)
        if self._file is not None:
            self._file.write(self._encoder.encode(letter) + b"\n")

    def _too_many(self) -> str:
        worst, count = self.counts.most_common(1)[0]
        first = self.examples[worst]
        hint = (
            "The dump is not in order of time: give --unordered."
            if worst is Reason.LATE
            else "The format is probably another one: see --format, or give a column mapping in --config."
        )
        return (
            f"{first.source}: {self.total:,} of {self.rows:,} rows cannot be used, mostly ({count:,}) for the reason "
            f"'{worst.value}', the first at record {first.position}: {first.detail}. {hint}"
        )
