"""What labelled data allow: accounts that share objects with other accounts of their operation within a time.

Recall cannot go far above this share, whatever the method: an account that shares fewer than three objects with the
rest of its operation leaves hardly any trace of working with it. So recall divided by the ceiling, the *attained*
share, compares data sets that recall alone does not.
"""

import gzip
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

OBJECTS = 3
"""Distinct objects that an account must share with others."""
WINDOW_S = 7_200
"""Seconds within which an object must be shared by two accounts."""
_LEAST_TEXT, _MOST_TEXT = 20, 70
"""Characters of a normalised text: with fewer it is no object, and no more of them are compared."""
_LINK = re.compile(r"https?://\S*")
_BETWEEN_WORDS = re.compile(r"[^\w#@]+")


class _Post(msgspec.Struct):
    account_id: str
    created_at: str
    text: str = ""
    repost_of: str = ""
    urls: list[str] = []


def ceiling(
    posts: Path, accounts: Collection[str], objects: int = OBJECTS, window_s: float = WINDOW_S
) -> float:
    """Share of `accounts` that share enough objects with any of the others in time.

    Args:
        posts: canonical JSONL, gzipped.
        accounts: ids of the accounts of one operation, without platform; those without a post count as well.
        objects: distinct objects that an account must share.
        window_s: greatest distance in time between the two posts.
    """
    members = frozenset(accounts)
    if not members:
        return 0.0
    counts: Counter[str] = Counter()
    for shares in _shares(posts, members).values():
        counts.update(_met(shares, window_s))
    return sum(count >= objects for count in counts.values()) / len(members)


def _shares(posts: Path, members: Collection[str]) -> dict[str, list[tuple[float, str]]]:
    """Time and account of every share of an object by a member."""
    decoder = msgspec.json.Decoder(_Post)
    shares: dict[str, list[tuple[float, str]]] = defaultdict(list)
    with gzip.open(posts, "rb") as lines:
        for line in lines:
            post = decoder.decode(line)
            if post.account_id in members:
                time = datetime.fromisoformat(post.created_at).timestamp()
                for shared in _objects(post):
                    shares[shared].append((time, post.account_id))
    return shares


def _objects(post: _Post) -> Iterator[str]:
    """The text; or for a short one what is reposted; or, where there is no text, the links."""
    words = _LINK.sub("", unicodedata.normalize("NFKC", post.text).casefold())
    text = _BETWEEN_WORDS.sub(" ", words).strip()
    if len(text) >= _LEAST_TEXT:
        yield "text " + text[:_MOST_TEXT]
    elif post.repost_of:
        yield "repost " + post.repost_of
    elif not text:
        yield from {"link " + link for link in post.urls}


def _met(shares: list[tuple[float, str]], window_s: float) -> set[str]:
    """Accounts with a share of this object within the window of a share by another account."""
    ordered = sorted(shares)
    return {
        *_after_another(ordered, window_s),
        *_after_another(((-time, account) for time, account in reversed(ordered)), window_s),
    }


def _after_another(shares: Iterable[tuple[float, str]], window_s: float) -> Iterator[str]:
    """Accounts with a share at most so long after the latest share of another account."""
    latest: tuple[float, str] | None = None
    other: tuple[float, str] | None = None  # the latest share of another account than `latest`
    for time, account in shares:
        before = other if latest is not None and latest[1] == account else latest
        if before is not None and time - before[0] <= window_s:
            yield account
        if latest is not None and latest[1] != account:
            other = latest
        latest = (time, account)
