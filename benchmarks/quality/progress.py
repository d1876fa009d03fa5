"""A line on standard error for each job, with a dot every few seconds, so that nothing runs in silence."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_DOT_S = 4.0


@contextmanager
def announced(name: str) -> Iterator[None]:
    """Show that a job runs, and how long it took."""
    done = threading.Event()
    start = time.perf_counter()
    print(f"{name} ", end="", file=sys.stderr, flush=True)

    def dots() -> None:
        while not done.wait(_DOT_S):
            print(".", end="", file=sys.stderr, flush=True)

    thread = threading.Thread(target=dots, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        print(f" {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
