"""The rows of a load as arrays: who posts when, on which object. Texts are added when the load is written."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from benchmarks.workload.words import zipf_index
from detectors.arrays.dtypes import I64

ATTENTION_S = 6 * 3600
"""Mean time from the appearance of an object to a share of it, seconds."""
_SHARES = (0.20, 0.25, 0.45, 0.10)
_DAY = 86_400
_MOST_POPULAR = 50


class Kind(IntEnum):
    """The kind of a post."""

    PLAIN = 0
    LINK = 1
    REPOST = 2
    REPLY = 3


@dataclass(frozen=True, slots=True)
class LoadRows:
    """Posts as parallel arrays."""

    at: I64
    """Seconds since the start of the load."""
    account: I64
    kind: I64
    target: I64
    """A link's article, or the post reposted or answered; -1 for plain posts."""
    body: I64
    """The fixed body that is the post's text; -1: a text of its own."""
    original: I64
    """The number of this post as a target of reposts; -1: it is none."""

    def __len__(self) -> int:
        return len(self.at)

    def take(self, index: I64) -> "LoadRows":
        """The rows at `index`, in that order."""
        return LoadRows(*(getattr(self, column.name)[index] for column in fields(self)))

    @staticmethod
    def concat(parts: Sequence["LoadRows"]) -> "LoadRows":
        """All rows of `parts`, one part after the other."""
        return LoadRows(
            *(np.concatenate([getattr(part, c.name) for part in parts]) for c in fields(LoadRows))
        )


@dataclass(frozen=True, slots=True)
class LoadObjects:
    """Objects to share, with the time at which each appeared, seconds since the start."""

    post_birth: I64
    post_author: I64
    article_birth: I64


def organic(
    rng: np.random.Generator, size: int, users: int, span_s: int, zipf: float, headline: float
) -> tuple[LoadRows, LoadObjects]:
    """Draw the uncoordinated posts.

    The first plain posts are the originals that reposts and replies point at; popularity falls with their
    number. Body k is the text of original k; the bodies after those are the articles' headlines.

    Args:
        rng: where the draws come from.
        size: posts.
        users: accounts; number k is (k + 1) ** -0.8 as active as the first.
        span_s: length of the load in seconds.
        zipf: exponent of popularity, of posts and of articles.
        headline: share of links posted under the article's own headline.
    """
    kind = rng.choice(len(_SHARES), size, p=_SHARES)
    kind[:1] = Kind.PLAIN
    plain = np.flatnonzero(kind == Kind.PLAIN)
    originals = plain[: max(1, size // 20)]
    links = kind == Kind.LINK
    aimed = (kind == Kind.REPOST) | (kind == Kind.REPLY)

    account = zipf_index(rng, users, 0.8, size)
    at = daily_times(rng, size, span_s)
    articles = max(1, size // 50)
    objects = LoadObjects(at[originals], account[originals], daily_times(rng, articles, span_s))

    target = np.full(size, -1)
    target[aimed] = zipf_index(rng, len(originals), zipf, int(aimed.sum()))
    target[links] = zipf_index(rng, articles, zipf, int(links.sum()))
    at[aimed] = _later(rng, objects.post_birth[target[aimed]], span_s)
    at[links] = _later(rng, objects.article_birth[target[links]], span_s)

    original = np.full(size, -1)
    original[originals] = np.arange(len(originals))
    body = original.copy()
    reposts = kind == Kind.REPOST
    body[reposts] = target[reposts]
    titled = links & (rng.random(size) < headline)
    body[titled] = len(originals) + target[titled]
    return LoadRows(at, account, kind, target, body, original), objects


@dataclass(frozen=True, slots=True)
class Dials:
    """How planted groups act."""

    actions: int = 25
    """Joint actions of a group."""
    participation: float = 0.7
    """Probability that a member takes part in an action."""
    jitter_s: int = 30
    """Longest delay between the start of an action and a member's post, seconds."""
    popular: float = 0.0
    """Share of repost and link actions on one of the 50 most popular ordinary objects."""
    edited: float = 0.5
    """Probability that one word of a copied text is changed."""


@dataclass(frozen=True, slots=True)
class PlantedGroup:
    """The posts of one group; the objects and texts that it adds are numbered from zero."""

    rows: LoadRows
    kind: str
    members: I64
    unseen_posts: int
    """New repost targets: outside the load, numbered from `len(objects.post_birth)` on."""
    new_articles: int
    texts: int
    """How many texts the group copies."""
    copies: I64
    """The text of each copy; copies are numbered from 0 in `rows.body`."""


def group(
    rng: np.random.Generator, kind: str, members: I64, objects: LoadObjects, span_s: int, dials: Dials
) -> PlantedGroup:
    """Draw the joint actions of one group and its members' ordinary posts.

    Args:
        rng: where the draws come from.
        kind: `repost`, `link`, `text` or `mixed`.
        members: account numbers.
        objects: the organic objects, for actions on popular ones.
        span_s: length of the load in seconds.
        dials: how the group acts.
    """
    posts, articles = len(objects.post_birth), len(objects.article_birth)
    actions = dials.actions
    modes = (Kind.REPOST, Kind.LINK, Kind.PLAIN)
    fixed = {"repost": Kind.REPOST, "link": Kind.LINK, "text": Kind.PLAIN}
    mode = rng.choice(modes, actions) if kind == "mixed" else np.full(actions, int(fixed[kind]))
    start = rng.integers(0, max(1, span_s - dials.jitter_s), actions)
    aim = np.full(actions, -1)

    known = (rng.random(actions) < dials.popular) & (mode != Kind.PLAIN)
    for number in np.flatnonzero(known):
        births = objects.post_birth if mode[number] == Kind.REPOST else objects.article_birth
        aim[number] = rng.integers(min(_MOST_POPULAR, len(births)))
        start[number] = rng.integers(births[aim[number]], max(span_s, births[aim[number]] + 1))
    fresh_posts, fresh_links = (~known & (mode == wanted) for wanted in (Kind.REPOST, Kind.LINK))
    aim[fresh_posts] = posts + np.arange(fresh_posts.sum())
    aim[fresh_links] = articles + np.arange(fresh_links.sum())

    action, who = np.nonzero(rng.random((actions, len(members))) < dials.participation)
    at = np.minimum(start[action] + rng.integers(0, dials.jitter_s + 1, len(action)), span_s - 1)
    text = mode[action] == Kind.PLAIN
    body = np.full(len(action), -1)
    body[text] = np.arange(text.sum())
    joint = LoadRows(at, members[who], mode[action], aim[action], body, np.full(len(action), -1))

    usual = np.repeat(members, rng.integers(3, 12, len(members)))
    none = np.full(len(usual), -1)
    times = daily_times(rng, len(usual), span_s)
    ordinary = LoadRows(times, usual, np.full(len(usual), int(Kind.PLAIN)), none, none, none)
    return PlantedGroup(
        LoadRows.concat([joint, ordinary]),
        kind,
        members,
        int(fresh_posts.sum()),
        int(fresh_links.sum()),
        actions,
        action[text],
    )


def daily_times(rng: np.random.Generator, size: int, span_s: int) -> I64:
    """Draw seconds in [0, span_s); the evening is three times as likely as the early morning."""
    hours = np.arange(24)
    weights = 1 + 0.5 * np.cos((hours - 19) / 24 * 2 * np.pi)
    days = rng.integers(0, -(-span_s // _DAY), size)
    hour = rng.choice(24, size, p=weights / weights.sum())
    return np.asarray((days * _DAY + hour * 3600 + rng.integers(0, 3600, size)) % span_s, dtype=np.int64)


def _later(rng: np.random.Generator, birth: I64, span_s: int) -> I64:
    """Draw times after the appearance of an object: an exponential delay, cut off at the end of the load."""
    room = 1 - np.exp(-(span_s - birth) / ATTENTION_S)
    delay = -ATTENTION_S * np.log1p(-rng.random(len(birth)) * room)
    later: I64 = np.minimum(birth + delay.astype(np.int64), span_s - 1)
    return later
