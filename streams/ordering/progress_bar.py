"""The progress of a run on a terminal. It disappears at the end, and is absent where there is no terminal."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from streams.ordering.ordered_posts import ReadProgress as Reached

_WIDTH = 16


class ProgressBar:
    """A bar on standard error.

    Args:
        console: where to draw.
        shown: False to draw nothing at all.
        task: what runs.
    """

    def __init__(self, console: Console, *, shown: bool, task: str = "reading") -> None:
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

    def __enter__(self) -> "ProgressBar":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, reached: Reached) -> None:
        """Draw how far the run has come."""
        if self._bar.disable:
            return
        seconds = time.perf_counter() - self._start
        parts = [f"{reached.posts:,} posts"]
        if reached.posts:
            parts.append(f"{reached.posts / max(seconds, 1e-9):,.0f}/s")
        if reached.event_time is not None:
            parts.append(f"at {reached.event_time:%Y-%m-%d %H:%M}")
        parts.append(f"{reached.alerts:,} alerts")
        total = reached.bytes_total
        self._bar.update(
            self._task,
            total=total,
            completed=min(reached.bytes_read, total) if total else reached.bytes_read,
            share=f"{reached.bytes_read / total:.0%}" if total else f"{reached.bytes_read / 1e6:,.1f} MB",
            reached=" \u00b7 ".join(parts),
        )
