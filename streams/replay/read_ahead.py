"""An iterator that works ahead in a thread of its own, by a limited number of items."""

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """The items of `source`, in their order, made in a background thread.

    An error of the source is raised in place of its item. When the `with` block ends, the source stops after its
        current
    item.

    Args:
        source: the iterator; nothing else may use it or its state until the end.
        items: how many finished items may wait.
    """

    def __init__(self, source: Iterator[T], items: int) -> None:
        self._source = source
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
            return

    def _items(self) -> Iterator[T]:
        while True:
            entry = self._ready.get()
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
