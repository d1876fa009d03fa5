"""Logs of a worker: JSON lines on stderr for machines, plain lines when stderr is a terminal.

Every line names the worker and the prefix of its topics, which names the run. Messages of libraries go the same way.
A message that repeats is written a few times a minute, and then only counted. No line holds a post, an account or an
object: lines name messages by topic, partition and offset.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from streams.live.telemetry.progress_lines import MARK

_KINDS = 1_000
"""Kinds of messages that are counted; with more, counting starts again. Chosen, not measured."""
_TEMPLATE = "_template"


class RepeatLimit:
    """Writes the first messages of a kind and leaves out the rest. The next one has the count of those left out.

    Messages are of one kind if their level and event are the same; their values may differ.

    Args:
        most: messages of a kind in `every_s` seconds.
        every_s: seconds.
        clock: seconds, never falling.
    """

    def __init__(
        self, most: int = 5, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}
        """Clock time since which each kind is counted, and the count."""

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """As a processor of structlog.

        Raises:
            structlog.DropEvent: the message is left out.
        """
        if event.pop(MARK, False):
            return event
        kind = (str(event.get("level", method)), str(event.pop(_TEMPLATE, event.get("event", ""))))
        now = self._clock()
        with self._lock:
            if len(self._seen) >= _KINDS and kind not in self._seen:
                self._seen.clear()
            since, came = self._seen.get(kind, (now, 0))
            left_out = 0
            if now - since >= self._every_s:
                left_out = max(0, came - self._most)
                since, came = now, 0
            self._seen[kind] = since, came + 1
            if came >= self._most:
                raise structlog.DropEvent
        if left_out:
            event["left_out"] = left_out
        return event


def set_up(worker: str, prefix: str, stream: TextIO | None = None) -> Any:
    """Send all logs of this process to `stream`, or to stderr.

    Args:
        worker: id of the worker.
        prefix: of its topics.
        stream: None: stderr. A terminal gets lines for people.

    Returns:
        The logger of the worker.
    """
    stream = stream if stream is not None else sys.stderr
    renderer: Any = structlog.processors.JSONRenderer(sort_keys=False)
    if stream.isatty():
        # other formatters show local variables, which may hold posts
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            RepeatLimit(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if stream.isatty() else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    log = structlog.get_logger().bind(worker=worker, prefix=prefix)
    root = logging.getLogger()
    root.handlers[:] = [_Forward(log)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    return log


class _Forward(logging.Handler):
    """Forwards what libraries log by `logging`.

    Clients of aiokafka say hundreds of times a second that a broker is away. The watch of the brokers says it once, so
    theirs is left out, but not what a person has to mend.
    """

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("aiokafka") and "uthoriz" not in record.getMessage():
            return
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        template = f"{record.name}: {record.msg}"
        bound = self._log.bind(logger=record.name, **{_TEMPLATE: template}, **more)
        bound.log(record.levelno, record.getMessage())
