"""Made-up worlds with a pool: many accounts of which now these, now those share an object within a minute."""

import numpy as np

from tests.detectors.post_worlds import DAY, START, URL, Post

PEOPLE = 300
POOL = tuple(range(PEOPLE, PEOPLE + 60))
DAYS = 12
_OWN = 1 << 20


def people(draw: np.random.Generator, days: int = DAYS, accounts: int = PEOPLE) -> list[Post]:
    """Ordinary accounts: half of their posts are their own, half are about objects that two to eight of them share.

    As in organic sets, about one share in eight follows another within a minute or two; the others follow over a day.
    """
    posts = [
        Post(
            START + int(draw.integers(0, days * DAY)),
            int(draw.integers(0, accounts)),
            ((URL, _OWN + number),),
        )
        for number in range(days * accounts)
    ]
    for thing in range(days * accounts // 5):
        when = START + int(draw.integers(0, (days - 1) * DAY))
        for account in draw.choice(accounts, int(draw.integers(2, 9)), replace=False).tolist():
            lag = int(draw.integers(0, 90)) if draw.random() < 0.12 else int(draw.integers(0, DAY))
            posts.append(Post(when + lag, account, ((URL, thing),)))
    return posts


def pool(
    draw: np.random.Generator,
    members: tuple[int, ...] = POOL,
    bursts: int = 240,
    of: int = 4,
    days: int = DAYS,
    spread_s: int = 50,
    first: int = 1 << 24,
) -> list[Post]:
    """Bursts of `of` members drawn anew each time, and a post of its own for every third share."""
    posts = []
    for burst in range(bursts):
        when = START + int(draw.integers(0, (days - 1) * DAY))
        for account in draw.choice(members, of, replace=False).tolist():
            posts.append(Post(when + int(draw.integers(0, spread_s)), account, ((URL, first + burst),)))
    for number in range(bursts * of // 3):
        account = int(draw.choice(members))
        when = START + int(draw.integers(0, days * DAY))
        posts.append(Post(when, account, ((URL, first + (1 << 22) + number),)))
    return posts


def with_accounts_swapped(draw: np.random.Generator, posts: list[Post]) -> list[Post]:
    """The same posts, with accounts swapped among all posts of a day: only activity and bursts stay."""
    posts = sorted(posts)
    day = np.array([post.time // DAY for post in posts])
    accounts = np.array([post.account for post in posts])
    for each in np.unique(day):
        accounts[day == each] = draw.permutation(accounts[day == each])
    return [post._replace(account=int(account)) for post, account in zip(posts, accounts, strict=True)]


def moved(draw: np.random.Generator, posts: list[Post]) -> list[Post]:
    """The same posts, each moved by 30 to 120 minutes."""
    return [post._replace(time=post.time + int(draw.integers(30, 120)) * 60) for post in posts]
