"""Markdown tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a table, padded to be readable as plain text; the first column is left-aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    rule = [("-" * width if place == 0 else "-" * (width - 1) + ":") for place, width in enumerate(widths)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    return "\n".join([line(header), line(rule), *(line(row) for row in rows)])


@dataclass(frozen=True, slots=True)
class FixedColumns:
    """The columns of a markdown table whose rows are printed one by one, before the later ones are known.

    Args:
        widths: width of each column by its name; a longer cell moves the rest of its row.
    """

    widths: Mapping[str, int]

    @property
    def header(self) -> str:
        """The first two lines of the table."""
        rule = [
            "-" * max(width, 3) if place in self._left else "-" * (width - 1) + ":"
            for place, width in enumerate(self.widths.values())
        ]
        return self.line(list(self.widths)) + "\n" + self.line(rule)

    @property
    def _left(self) -> tuple[int, int]:
        """The columns of words: the first, a name, and the last, a remark."""
        return 0, len(self.widths) - 1

    def line(self, cells: Sequence[str]) -> str:
        """One row; the first and the last column are left-aligned."""
        padded = [
            cell.ljust(width) if place in self._left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, self.widths.values(), strict=True))
        ]
        return "| " + " | ".join(padded) + " |"
