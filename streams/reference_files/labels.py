"""`--labels`: for backtests, which accounts are part of an operation according to someone else."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.errors import InputError, UsageError
from schemas.values import account_name
from streams.privacy.records import PseudonymRecords
from streams.sources.files.compressed import ByteInput

_SEPARATOR_LINE = re.compile(r'\A"?sep=[^\r\n]"?\r?\n', re.IGNORECASE)
"""The line by which spreadsheets announce the separator of a CSV."""
_COLUMNS = ("account_id", "label")
_SEPARATORS = (",", ";", "\t", "|")
_ROUNDED = re.compile(r"(?:[^:]+:)?\d(?:\.\d+)?[eE]\+?\d+")
_DECIMALS = re.compile(r"^((?:[^:]+:)?\d+)\.0+$")


@dataclass(frozen=True, slots=True)
class Labels:
    """The label of each labelled account.

    Args:
        label_of: label by account: `platform:id`, or the bare id for any platform.
        positive: the label of accounts that should be found.
    """

    label_of: dict[str, str]
    positive: str

    def __len__(self) -> int:
        return len(self.label_of)

    @property
    def positives(self) -> int:
        """Count of accounts that should be found."""
        return sum(label == self.positive for label in self.label_of.values())

    def entry(self, account: str) -> str | None:
        """The name under which `platform:id` is labelled: with its platform, else as the bare id; None: not at all."""
        if account in self.label_of:
            return account
        bare = account.partition(":")[2]
        return bare if bare in self.label_of else None

    def entries(self, accounts: Iterable[str]) -> set[str]:
        """The labelled accounts among these."""
        return {entry for account in accounts if (entry := self.entry(account)) is not None}

    def is_positive(self, entry: str) -> bool:
        """Whether a labelled account should be found."""
        return self.label_of[entry] == self.positive


def read_labels(path: str, positive: str, names: PseudonymRecords | None = None) -> Labels:
    """Read a CSV with the columns `account_id` and `label`; further columns, such as `group`, are ignored.

    Args:
        path: of the file.
        positive: the label of accounts that should be found.
        names: puts pseudonyms into the accounts; None: names stay.

    Raises:
        InputError: the file cannot be read, lacks a column, has a row without account or label, or gives one
            account two labels.
        UsageError: no account has the label `positive`.
    """
    stream = ByteInput(path)
    try:
        text = b"".join(block.data for block in stream.blocks()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{stream.name}: byte {error.start + 1:,} is not UTF-8. Save the labels as UTF-8."
        ) from error
    text = _SEPARATOR_LINE.sub("", text.lstrip(), count=1).lstrip()
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, delimiter=separator)
    columns = [re.sub(r"[\s-]+", "_", column.strip().lower()) for column in rows.fieldnames or ()]
    # the first of several columns of one name counts
    rows.fieldnames = [
        name if name not in columns[:at] else f"{name}_{at}" for at, name in enumerate(columns)
    ]
    label_of: dict[str, str] = {}
    try:
        missing = [column for column in _COLUMNS if column not in rows.fieldnames]
        if missing:
            raise InputError(
                f"{stream.name}: column {' and '.join(missing)} is missing. Its first line must be "
                "account_id,label or account_id,label,group, with commas, semicolons, tabs or bars between them."
            )
        for row in rows:
            account, label = ((row[column] or "").strip() for column in _COLUMNS)
            if _ROUNDED.fullmatch(account):
                raise InputError(
                    f"{stream.name}: account {account} in line {rows.line_num} is rounded: a spreadsheet has cut off "
                    "its digits. Save the labels again with account ids as text."
                )
            account = account_name(_DECIMALS.sub(r"\1", account))
            if not account or not label:
                raise InputError(
                    f"{stream.name}: line {rows.line_num} has no {'label' if account else 'account_id'}."
                )
            if names is not None:
                if ":" not in account:
                    raise InputError(
                        f"{stream.name}: account {account} in line {rows.line_num} has no platform. A pseudonym goes "
                        "with the platform: write x:123."
                    )
                account = names.account(account)
            if label_of.setdefault(account, label) != label:
                raise InputError(
                    f"{stream.name}: account {account} is labelled {label_of[account]}, and in line "
                    f"{rows.line_num} {label}. Remove one of them."
                )
    except csv.Error as error:
        raise InputError(f"{stream.name}: line {rows.line_num} is not CSV: {error}.") from error
    if not label_of:
        raise InputError(f"{stream.name}: holds no label.")
    labels = Labels(label_of, positive)
    if not labels.positives:
        known = ", ".join(sorted(set(label_of.values()))[:10])
        raise UsageError(
            f"--positive: no account in {stream.name} is labelled {positive!r}. Its labels are: {known}."
        )
    return labels
