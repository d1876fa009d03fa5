"""Consoles that print text as it is, for summaries and tables."""

import os
import sys

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 110


def text_console(*, stderr: bool) -> Console:
    """A console that prints markup as it is, and wraps lines later when it writes to a file."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_WITHOUT_TERMINAL
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)
