"""Keeps the state of a run at intervals and when it is stopped, and lets another run go on from it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
from rich.console import Console

from detectors.state.capture import State, capture, restore
from detectors.state.state_forms import StateError
from schemas.errors import UsageError
from streams.ordering.order_state import OrderState
from streams.ordering.source_places import SourcePlace
from streams.outputs.line_file import LineFile
from streams.outputs.output_files import STDOUT
from streams.privacy.keys import keys_of
from streams.replay.replay import Replay
from streams.replay.state.run_marks import (
    FileMark,
    RunMarks,
    check_same,
    checked_inputs,
    mark_of,
    option_marks,
    settings_marks,
)
from streams.replay.state.state_folder import ANEW, StateFolder
from streams.replay.stopping import Stop
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.report_posts import ReportPosts
from streams.settings.options import DetectingOptions, ReadingOptions
from streams.settings.settings import Settings
from streams.version import VERSION

_TIMES = 20.0
"""The run between two states takes this many times as long as keeping one, which costs 5% at most. Chosen, not
measured."""


class StateKeeping:
    """The state of one run.

    Args:
        folder: locked.
        settings: of the run.
        reading: options of the run.
        detecting: options of the run.
        inputs: of the run.
        report: whether a report is asked for.

    Raises:
        UsageError: the folder has the state of another run, or the run reads what cannot be read twice.
        InputError: an input has changed, or the state is damaged.
    """

    def __init__(
        self,
        folder: StateFolder,
        settings: Settings,
        reading: ReadingOptions,
        detecting: DetectingOptions,
        inputs: list[str],
        *,
        report: bool,
    ) -> None:
        self._folder = folder
        name = str(folder.path)
        self._settings = settings_marks(settings)
        self._every_s = settings.input.state_every_s
        key = keys_of(settings.privacy)[0].id if settings.privacy.pseudonymise else "none"
        self._options = option_marks(
            {
                "the key of pseudonyms": key,
                "--format": reading.format or "none",
                "--unordered": reading.unordered,
                "--exact": detecting.exact,
            },
            {
                "--registry": reading.registry,
                "--follows": reading.follows,
                "--accounts": reading.accounts,
                "--erased": reading.erased,
                "input.short_links": settings.input.short_links,
                "--suppressions": reading.suppressions,
                "--reviews": reading.reviews,
            },
        )
        self._found = folder.read()
        self._before: RunMarks | None = None
        self._grown: frozenset[str] = frozenset()
        kept_inputs: Mapping[str, FileMark] = {}
        unfinished: list[str] = []
        if self._found is not None:
            self._before, places = _read(self._found, name)
            check_same(name, self._before, self._settings, self._options)
            kept_inputs = self._before.inputs
            unfinished = [path for path, place in places.items() if not place.ended]
            if report and self._before.report_files is None:
                raise UsageError(
                    f"--state: {name} was kept without --report, so the posts that a report shows are not there. {ANEW}"
                )
        self._inputs, self._grown = checked_inputs(name, kept_inputs, inputs, unfinished)
        self._outputs: dict[str, LineFile] = {}
        self._begun_at = self._kept_at = time.monotonic()
        self._took_s = 0.0

    @property
    def goes_on(self) -> bool:
        """Whether there is a state to go on from."""
        return self._before is not None

    @property
    def run_id(self) -> str | None:
        """Id of the run that goes on; None: it is a new one."""
        return None if self._before is None else self._before.run_id

    @property
    def seconds_before(self) -> float:
        """Seconds that the run took until the state was kept."""
        return 0.0 if self._before is None else self._before.seconds

    @property
    def report_files(self) -> list[str]:
        """Files of posts for the report that were kept."""
        return [] if self._before is None else self._before.report_files or []

    def due(self) -> bool:
        """Whether it is time to keep the state."""
        return time.monotonic() - self._kept_at >= max(self._every_s, _TIMES * self._took_s)

    @contextmanager
    def lines(self, option: str, path: str, stop: Stop, console: Console) -> Iterator[LineFile]:
        """An output of lines, behind what it held when the state was kept.

        Args:
            option: that names it.
            path: of the file.
            stop: of the run.
            console: is informed if lines are elsewhere.

        Raises:
            InputError: the file has changed since.
            OutputError: it cannot be opened.
        """
        before = None if self._before is None else self._before.outputs.get(option)
        kept: int | None = None
        if before is not None and before.path == path and path != STDOUT:
            mark_of(option, path, before, str(self._folder.path))
            kept = before.size
        elif self.goes_on:
            where = "were not written" if before is None else f"went to {before.path}"
            console.print(f"{option}: {path} gets what is found from now on; the lines before {where}.")
        with stop.lines(path, kept) as file:
            self._outputs[option] = file
            yield file

    def go_on(self, run: Replay, networks: LatestAlerts) -> None:
        """Bring a run to where the state was kept.

        Raises:
            StateError: the state is damaged.
        """
        state = self._found
        assert state is not None  # noqa: S101 - for the type checker: `goes_on` says so
        try:
            restore(networks, state["networks"])
            run.go_on(state, state["order"], self._grown)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(
                f"--state: {self._folder.path}: the saved state is damaged: {type(error).__name__}: {error}. {ANEW}"
            ) from error
        except StateError as error:
            raise StateError(f"--state: {self._folder.path}: {error}. {ANEW}") from error
        self._found = None  # it is as large as the memory of the run

    def keep(self, order: OrderState, run: Replay, networks: LatestAlerts, posts: ReportPosts | None) -> None:
        """Keep the state between two batches.

        Args:
            order: where reading is.
            run: all posts before are applied.
            networks: found so far.
            posts: for the report; None: none is asked for.

        Raises:
            OutputError: the state, or an output that belongs to it, cannot be written.
        """
        begun = time.monotonic()
        for file in self._outputs.values():
            file.sync()
        marks = RunMarks(
            version=VERSION,
            run_id=run.run_id,
            settings=self._settings,
            options=self._options,
            inputs=self._inputs,
            outputs={
                option: FileMark(path=file.path, size=file.size, digest=file.digest)
                for option, file in self._outputs.items()
            },
            report_files=None if posts is None else posts.kept(),
            seconds=self.seconds_before + begun - self._begun_at,
        )
        state: State = run.captured()
        state |= {"marks": msgspec.msgpack.encode(marks), "networks": capture(networks), "order": order.state}
        self._folder.write(state)
        self._kept_at = time.monotonic()
        self._took_s = self._kept_at - begun


def _read(state: State, folder: str) -> tuple[RunMarks, dict[str, SourcePlace]]:
    try:
        marks = msgspec.msgpack.decode(state["marks"], type=RunMarks)
        places = msgspec.msgpack.decode(state["order"]["places"], type=dict[str, SourcePlace])
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise StateError(
            f"--state: {folder}: the saved state is damaged, or of another version: {error}. {ANEW}"
        ) from error
    return marks, places
