"""What pseudonyms cost: CPU seconds for the posts of a dump.

    python -m benchmarks.pseudonyms FILE

Prints posts, CPU seconds to decode them and to put pseudonyms in, and posts a CPU second of the latter.
"""

import sys
import time

from streams.privacy.keys import PseudonymKey, new_key
from streams.privacy.pseudonyms import Pseudonyms
from streams.privacy.records import PseudonymRecords
from streams.sources import open_source


def main() -> int:
    """Run the command line; return the exit status."""
    names = PseudonymRecords(Pseudonyms(PseudonymKey(bytes.fromhex(new_key()))))
    begun = time.process_time()
    posts = 0
    replacing = 0.0
    for batch in open_source(sys.argv[1]).batches():
        before = time.process_time()
        names.posts(batch.posts)
        replacing += time.process_time() - before
        posts += len(batch.posts)
    decoding = time.process_time() - begun - replacing
    print(f"{posts:,} posts: decoded in {decoding:.2f} s, pseudonyms in {replacing:.2f} s", end="")
    print(f" ({posts / max(replacing, 1e-9):,.0f} posts a CPU second)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
