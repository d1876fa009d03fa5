"""Runs a command that may say nothing for long, and says every few seconds that it still runs.

    python deploy/heartbeat.py WORDS COMMAND...

The status is that of the command.
"""

import subprocess
import sys
import time
from collections.abc import Sequence

EVERY_S = 4.0
"""Seconds between two lines. Chosen, not measured: nobody should wait five without a sign."""


def run(words: str, command: Sequence[str]) -> int:
    """Run the command; returns its status."""
    begun = time.monotonic()
    with subprocess.Popen(command) as process:  # noqa: S603 - what make names
        while True:
            try:
                return process.wait(EVERY_S)
            except subprocess.TimeoutExpired:
                print(f"   {words}: {time.monotonic() - begun:.0f} s", flush=True)
            except KeyboardInterrupt:
                # the command has the signal as well
                return process.wait() or 130


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
