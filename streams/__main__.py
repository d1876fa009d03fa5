"""The program, as `lockstep` and as `python -m streams`: signs of life begin before what takes long to load."""

import sys

from streams.allocators import give_memory_back
from streams.heartbeat import heartbeat


def main() -> None:
    """Run the program."""
    heartbeat.begin_for(sys.argv[1:])
    give_memory_back()
    from streams.command.program import main as run  # noqa: PLC0415 - it takes seconds to load on a busy machine

    run()


if __name__ == "__main__":
    main()
