"""Cost and quality of the rhythm detector on generated worlds.

    python -m benchmarks.rhythm [ACCOUNTS] [POSTS] [SEED]

The worlds last seven days. They hold people of several time zones with skewed activity, breaking news, schedulers
that post on the quarter hour, the audience of a show, conversations and hyperactive accounts. Planted groups post
together three to five times a day, within seconds. In the world without groups, any pair is a mistake. A small world
compiles the kernels before the clock starts.
"""

import sys
import time

import numpy as np

from benchmarks.rhythm.evaluation import evaluated
from benchmarks.rhythm.worlds import TimedGroups, groups, people, together
from benchmarks.runs.measure import peak_memory_bytes


def main() -> int:
    """Run the command line; return the exit status."""
    given = [int(argument) for argument in sys.argv[1:]]
    accounts, count, seed = [*given, *(100_000, 1_000_000, 1)[len(given) :]]
    random = np.random.default_rng(seed)
    evaluated(together(people(random, 2_000, 20_000), groups(random, 2_000, [5] * 20, 8).posts))
    noise = people(random, accounts, count)
    for jitter in (0, 8, 20, 40):
        planted = groups(random, accounts, [3] * 20 + [10] * 14, jitter) if jitter else TimedGroups(noise, {})
        posts = together(noise, planted.posts) if jitter else noise
        start, wall = time.process_time(), time.perf_counter()
        found = evaluated(posts)
        took, wall = time.process_time() - start, time.perf_counter() - wall
        member = planted.groups
        true = [
            member.get(a, -1) == member.get(b, -2)
            for a, b in zip(found.a.tolist(), found.b.tolist(), strict=True)
        ]
        seen = {
            x
            for a, b, yes in zip(found.a.tolist(), found.b.tolist(), true, strict=True)
            if yes
            for x in (a, b)
        }
        print(
            f"{len(posts.times):,} posts, jitter {jitter or '-'} s: {took:.2f} s CPU ({wall:.2f} s), "
            f"{took / len(posts.times) * 1e6:.2f} µs a post; {found.tested:,} accounts tested, "
            f"{found.crowded} + {found.overfull} bins left out; {len(true)} pairs, {len(true) - sum(true)} false, "
            f"{len(seen)} of {len(member)} members in one"
        )
    print(f"at most {peak_memory_bytes() / 1e6:.0f} MB, the generator included")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
