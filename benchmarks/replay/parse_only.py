"""The limit of a replay: reads a file like `lockstep replay`, decodes every batch, and does nothing else.

    python -m benchmarks.replay.parse_only FILE

Prints the number of posts.
"""

import sys

from streams.sources import open_source


def main() -> int:
    """Run the command line; return the exit status."""
    print(sum(batch.posts.height for batch in open_source(sys.argv[1]).batches()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
