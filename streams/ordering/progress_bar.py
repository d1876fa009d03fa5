"""The progress of a run: a bar on a terminal, which disappears at the end; elsewhere a line every few seconds."""

import threading
import time
from contextlib import ExitStack
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from detectors.covertness.words import plural
from streams.heartbeat import heartbeat
from streams.ordering.ordered_posts import ReadProgress as Reached

_WIDTH = 16
EVERY_S = 4.0
"""Seconds between two lines where there is no terminal. Chosen, not measured: nobody should wait five."""


class ProgressBar:
    """Progress on standard error.

    Args:
        console: where to show it.
        shown: False to show nothing at all.
        task: what runs.
    """

    def __init__(self, console: Console, *, shown: bool, task: str = "reading") -> None:
        self._console = console
        self._name = task
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(_WIDTH),
            TextColumn("{task.fields[share]}"),
            TextColumn("{task.fields[reached]}"),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task: TaskID = self._bar.add_task(task, total=None, share="", reached="")
        self._start = time.perf_counter()
        self._line = ""
        self._ended = threading.Event()
        self._lines: threading.Thread | None = None
        self._others = ExitStack()
        if shown and not console.is_terminal:
            self._lines = threading.Thread(target=self._print_lines, name="progress lines", daemon=True)

    def __enter__(self) -> "ProgressBar":
        self._others.enter_context(heartbeat.held())
        self._bar.start()
        if self._lines is not None:
            self._lines.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if self._lines is None:
            heartbeat.spoke()
        self._ended.set()
        if self._lines is not None:
            self._lines.join()
        self._others.close()

    def show(self, reached: Reached) -> None:
        """Show how far the run has come."""
        if self._bar.disable and self._lines is None:
            return
        seconds = time.perf_counter() - self._start
        parts = [plural(reached.posts, "post")]
        if reached.posts:
            parts.append(f"{reached.posts / max(seconds, 1e-9):,.0f}/s")
        if reached.event_time is not None:
            parts.append(f"at {reached.event_time:%Y-%m-%d %H:%M}")
        parts.append(plural(reached.alerts, "alert"))
        total = reached.bytes_total
        share = f"{reached.bytes_read / total:.0%}" if total else f"{reached.bytes_read / 1e6:,.1f} MB"
        self._line = f"{share}, {', '.join(parts)}"
        self._bar.update(
            self._task,
            total=total,
            completed=min(reached.bytes_read, total) if total else reached.bytes_read,
            share=share,
            reached=" \u00b7 ".join(parts),
        )

    def _print_lines(self) -> None:
        # the first line comes when the heartbeat would have spoken
        wait = max(0.0, EVERY_S - heartbeat.silent_s)
        while not self._ended.wait(wait):
            wait = EVERY_S
            seconds = time.perf_counter() - self._start
            line = f"{self._name}: {seconds:.0f} s" + (f", {self._line}" if self._line else "")
            self._console.print(Text(line), soft_wrap=True)
            heartbeat.spoke()
