"""A world of many small groups, so that alerts come all along."""

import random

from tests.streams.small_world import START, Post, post

DAY_S = 86_400


def group_world(
    groups: int = 10, days: int = 10, others: int = 150, seed: int = 3, **more: object
) -> list[Post]:
    """Posts in order of time: every group shares links within seconds on two days; `others` share on their own.

    `more` goes into every post; a long field lets a few posts fill a block of the reader.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    shares: list[tuple[int, str, str]] = []
    for group in range(groups):
        for number in range(12):
            begin = START + (group * days // groups + number % 2) * DAY_S + rng.randrange(DAY_S - 100)
            for member in range(4):
                url = f"https://news{group}.example/{number}"
                shares.append((begin + rng.randrange(40), f"g{group}m{member}", url))
    for number in range(others):
        for _ in range(10):
            at = START + rng.randrange(days * DAY_S)
            shares.append((at, f"other{number}", f"https://site.example/{rng.randrange(2_000)}"))
    shares.sort()
    return [post(number, account, at, url, **more) for number, (at, account, url) in enumerate(shares)]
