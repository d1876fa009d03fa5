"""The `lockstep` program under test, run as a user runs it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runs.measure import Usage, measure


class ProgramError(Exception):
    """A run ended with a status other than 0; the message has the command and the last line it wrote."""


@dataclass(frozen=True, slots=True)
class Program:
    """The console script of an environment."""

    path: Path
    code: Path | None = None
    """Another checkout, whose packages the program is to use; None: those it has."""

    @classmethod
    def beside_python(cls) -> "Program":
        """The script installed in the environment of the running interpreter."""
        return cls(Path(sys.executable).parent / "lockstep")

    def run(self, *arguments: str | Path, timeout_s: float | None = None) -> Usage:
        """Run a subcommand and measure it.

        Raises:
            ProgramError: it cannot be started or fails.
        """
        environment = None if self.code is None else {"PYTHONPATH": str(self.code)}
        return checked([str(self.path), *map(str, arguments)], timeout_s, environment)


def checked(
    command: Sequence[str], timeout_s: float | None = None, environment: Mapping[str, str] | None = None
) -> Usage:
    """Measure a command that must succeed.

    Args:
        command: program and arguments.
        timeout_s: seconds after which it is killed.
        environment: variables that it has beside those of this process.

    Raises:
        ProgramError: it cannot be started or fails.
    """
    try:
        usage = measure(command, timeout_s=timeout_s, environment=environment)
    except OSError as error:
        raise ProgramError(f"{command[0]} does not start: {error.strerror}") from error
    if usage.status != 0:
        lines = usage.stderr.strip().splitlines()
        said = lines[-1] if lines else "nothing on stderr"
        raise ProgramError(f"{' '.join(command[:3])} ... ended with status {usage.status}: {said}")
    return usage
