"""Runs a generator from the command line and reports its speed."""

import sys
import time
from collections.abc import Callable


def timed_generation(generate: Callable[[], int]) -> int:
    """Run a generator and print its posts and seconds on stderr.

    Args:
        generate: writes the posts and returns their number.

    Returns:
        The exit status: 2 if the generator refuses its arguments with a ValueError.
    """
    started = time.perf_counter()
    try:
        posts = generate()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    seconds = time.perf_counter() - started
    print(f"{posts:,} posts in {seconds:.1f} s ({posts / seconds:,.0f} posts/s)", file=sys.stderr)
    return 0
