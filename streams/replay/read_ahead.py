"""The thread of a replay that works ahead by a limited number of items."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_LOOK_S = 0.2
"""Seconds between two looks whether to wait any longer. Chosen, not measured."""
_CLOSING_S = 1.0
"""Seconds that the source has to finish its current item at the end. It may wait for input for ever."""


class ReadAhead(Generic[T]):
    """The items of `source`, in their order, made in a background thread.

    An error of the source is raised in place of its item. When the `with` block ends, the source stops after its
    current item.

    Args:
        source: the iterator; nothing else may use it or its state until the end.
        items: how many finished items may wait.
        enough: asked while no item is ready: whether to end without waiting for it.
    """

    def __init__(self, source: Iterator[T], items: int, enough: Callable[[], bool] = lambda: False) -> None:
        self._source = source
        self._enough = enough
        self._ready: queue.Queue[_Item[T] | _End] = queue.Queue(items)
        self._stopped = threading.Event()
        # a daemon, so that the program can end while this thread waits for input
        self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._items()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        try:
            while True:  # make room, so that the source can put its last item
                self._ready.get_nowait()
        except queue.Empty:
            self._thread.join(_CLOSING_S)

    def _items(self) -> Iterator[T]:
        while True:
            try:
                entry = self._ready.get(timeout=_LOOK_S)
            except queue.Empty:
                if self._enough():
                    return
                continue
            if isinstance(entry, _Item):
                yield entry.value
                continue
            if entry.error is not None:
                raise entry.error
            return

    def _work(self) -> None:
        end = _End(None)
        try:
            for value in self._source:
                if self._stopped.is_set():
                    break
                self._ready.put(_Item(value))
        except BaseException as error:
            end = _End(error)
        finally:
            close = getattr(self._source, "close", None)
            if close is not None:
                close()
        if not self._stopped.is_set():
            self._ready.put(end)


class _Item(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error
