"""How the command line ends: every expected fault is a message and an exit status.

Exit status: 0 done, 1 an input, an output or the broker failed, 2 wrong usage, 130 interrupted by Ctrl-C, 143 ended by
SIGTERM, 141 the reader of a pipe has gone.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from schemas.errors import LockstepError, UsageError
from streams.outputs.plain_text import plain_lines
from streams.version import DISTRIBUTION

OF_LIVE = frozenset({"aiokafka", "faust", "mode", "structlog"})
"""Packages of the extra `[live]`, by the names under which they are imported."""


@contextmanager
def reported_faults() -> Iterator[None]:
    """Turn every expected fault into a message and an exit status."""
    try:
        yield
    except LockstepError as error:
        print_message(str(error))
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OF_LIVE:
            raise
        print_message(
            f"this command is for the live service and needs {error.name}, which is not installed. Install Lockstep "
            f"with it: pip install '{DISTRIBUTION}[live]'"
        )
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print_message("interrupted at once; the outputs may hold less than was found")
        raise typer.Exit(130) from None
    except MemoryError:
        print_message("out of memory; `lockstep doctor` shows which settings limit it")
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # the interpreter must flush nothing into the closed pipe when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None


def exit_on_failures(failures: Sequence[LockstepError]) -> None:
    """Print why a run failed and exit with its status; do nothing if it did not fail.

    A fault of an input or an output is 1, even where the run was interrupted as well: only a clean interruption has
    the status of its signal.
    """
    for failure in failures:
        print_message(str(failure))
    if failures:
        raise typer.Exit(min(getattr(failure, "status", 1) for failure in failures))


def print_message(message: str) -> None:
    """Print a message to standard error."""
    # it may quote the data
    print(f"lockstep: {plain_lines(message)}", file=sys.stderr)
