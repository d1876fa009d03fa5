"""How the command line ends: every fault that a user can cause or meet is a message and an exit status.

Exit status: 0 done, 1 an input, an output or the broker failed, 2 wrong usage, 130 interrupted, 141 the reader of a
pipe has gone.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from schemas.errors import LockstepError, UsageError
from streams.outputs.plain_text import plain_lines


@contextmanager
def faults_told() -> Iterator[None]:
    """Turn every expected fault into a message and an exit status."""
    try:
        yield
    except LockstepError as error:
        say(str(error))
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except KeyboardInterrupt:
        say("interrupted; outputs hold what was found until then")
        raise typer.Exit(130) from None
    except MemoryError:
        say("out of memory; `lockstep doctor` tells which settings bound it")
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # nothing may be flushed into the closed pipe when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None


def end(failures: Sequence[LockstepError]) -> None:
    """Say why a run failed, if it did."""
    for failure in failures:
        say(str(failure))
    if failures:
        raise typer.Exit(1)


def say(message: str) -> None:
    """Tell the user something on standard error."""
    # what comes from the data is in there, too
    print(f"lockstep: {plain_lines(message)}", file=sys.stderr)
