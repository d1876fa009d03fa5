"""Where there is no terminal, a run says how far it is every few seconds, also while it is busy."""

import io
import time

import pytest
from rich.console import Console

from streams.ordering import progress_bar
from streams.ordering.ordered_posts import ReadProgress
from streams.ordering.progress_bar import ProgressBar


@pytest.mark.parametrize(("shown", "terminal"), [(True, False), (False, False), (True, True)])
def test_lines_are_printed_where_there_is_no_bar(
    monkeypatch: pytest.MonkeyPatch, shown: bool, terminal: bool
) -> None:
    monkeypatch.setattr(progress_bar, "EVERY_S", 0.02)
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal)
    reached = ReadProgress()
    reached.posts = 1_234
    with ProgressBar(console, shown=shown, task="reading") as bar:
        deadline = time.monotonic() + 10
        bar.show(reached)
        # the run says nothing more, and the lines go on
        while (
            file.getvalue().count("reading: ") < 3 and shown and not terminal and time.monotonic() < deadline
        ):
            time.sleep(0.01)
    said = file.getvalue()
    assert ("1,234 posts" in said and said.count("reading: ") >= 3) == (shown and not terminal)
    time.sleep(0.06)
    assert file.getvalue() == said  # none after the end
