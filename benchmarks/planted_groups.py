"""Groups that act together: covert ones at four levels of stealth, and open ones that hide nothing."""

from dataclasses import dataclass

import numpy as np

from benchmarks.planted_organic import Organic
from benchmarks.planted_people import DAY, HOUR
from benchmarks.planted_prose import Ints


@dataclass(frozen=True, slots=True)
class Style:
    """How a group acts."""

    operations: int
    jitter_s: float
    """Mean delay of a member's post after the start of an operation."""
    participation: float
    """Chance that a member takes part in an operation."""
    copied: float
    """Chance that a member takes over the operation's text; else the words are the member's own."""
    edits: float
    """Share of words that differ between copies."""
    tagged: float
    """Share of operations with two hashtags of their own."""
    borrowed: float = 0.0
    """Share of operations that push an article which others share too."""
    reposted: float = 0.0
    """Share of the other operations in which one member posts and the others repost it."""
    own_links: bool = False
    """Each member links its own site's version of the text (newspapers carrying one agency)."""


STEALTH = (
    Style(12, 10, 0.95, 1.0, 0.0, 0.4, reposted=0.25),
    Style(10, 60, 0.8, 0.99, 0.03, 0.4, reposted=0.25),
    Style(8, 300, 0.6, 0.93, 0.08, 0.4, borrowed=0.5, reposted=0.25),
    Style(6, 1800, 0.4, 0.6, 0.15, 0.4, borrowed=0.5, reposted=0.25),
)
"""Stealth 0-3: later, fewer and more varied posts, and from 2 on half of them on what is popular anyway."""

OWN_POSTS = (10, 20, 40, 60)
"""Everyday posts a covert member makes over the period, by stealth."""

SIZES = {3: 4, 10: 2, 50: 2}
"""Covert groups planted for each size and stealth."""

OPEN = {
    "fans": (60, 5, Style(8, 240, 0.5, 0.5, 0.0, 1.0, reposted=0.4)),
    "newsroom": (12, 2, Style(40, 600, 0.6, 0.85, 0.03, 0.1, own_links=True)),
    "company": (5, 5, Style(30, 15, 0.9, 0.9, 0.0, 0.2)),
}
"""Openly coordinated groups: accounts each, groups, style."""


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that act together."""

    members: Ints
    style: Style


def enlist_all(world: Organic) -> list[Group]:
    """Choose the members of all groups and set how they live otherwise. Before `world.live()`."""
    people, rng = world.people, world.rng
    groups = []
    for size, times in SIZES.items():
        for stealth, style in enumerate(STEALTH):
            for number in range(1, times + 1):
                members = people.enlist(rng, size, "io", f"covert-{size}-s{stealth}-{number}")
                people.rate[members] = OWN_POSTS[stealth] / (world.span_s / DAY)
                people.audience[members] = rng.integers(2, 60, size)
                groups.append(Group(members, style))
    for name, (size, times, style) in OPEN.items():
        for number in range(1, times + 1):
            members = people.enlist(rng, size, "coordinated", f"{name}-{size}-{number}")
            if name != "fans":
                people.audience[members] = np.exp(rng.uniform(7.5, 11.5, size)).astype(np.int64)
            groups.append(Group(members, style))
    return groups


def act(world: Organic, group: Group) -> None:
    """Enter the operations of one group, at any time of its members' waking day."""
    rng, book, style = world.rng, world.book, group.style
    members = group.members
    topic = int(world.people.topics[members[0], 0])
    zone_s, wakes_s = int(world.people.zone_s[members[0]]), int(world.people.wakes_s[members[0]])
    sites = np.array([book.site(f"site{len(book.sites)}.example") for _ in range(len(members))])
    days = max(1, world.span_s // DAY)
    for _ in range(style.operations):
        local = wakes_s + rng.uniform(1, 14) * HOUR - zone_s
        start = rng.integers(0, days) * DAY + local % DAY
        who = np.flatnonzero(rng.random(len(members)) < style.participation)
        at = start + rng.gamma(2.0, style.jitter_s / 2, len(who))
        text = int(book.say(np.array([topic]))[0])
        copies = book.edit(text, topic, style.edits, len(who))
        own = book.say(np.full(len(who), topic))
        said = np.where(rng.random(len(who)) < style.copied, copies, own)
        names = [f"campaign{len(book.tag_sets)}", f"now{len(book.tag_sets)}"]
        tags = book.tags(names) if rng.random() < style.tagged else -1
        if rng.random() < style.borrowed:
            article = _borrowed(world, topic, start)
            copies = np.full(len(who), world.headline[article])
            said = np.where(rng.random(len(who)) < style.copied, copies, own)
            book.post(at, members[who], saying=said, article=article, tags=tags)
        elif len(who) and rng.random() < style.reposted:
            first = book.post(at[:1], members[who[:1]], saying=text, tags=tags)
            later = at[0] + rng.gamma(2.0, style.jitter_s / 2, len(who) - 1)
            book.post(later, members[who[1:]], shares=int(first[0]))
        elif style.own_links:
            articles, _ = book.publish(np.full(len(who), topic), sites[who])
            book.post(at, members[who], saying=said, article=articles, tags=tags)
        else:
            articles, _ = book.publish(np.array([topic]), sites[:1])
            book.post(at, members[who], saying=said, article=int(articles[0]), tags=tags)


def _borrowed(world: Organic, topic: int, at: float) -> int:
    """Any of the topic's articles of the last twelve hours, popular or not (or the latest one)."""
    age = at - world.article_at
    of_topic = world.article_topic == topic
    recent = np.flatnonzero(of_topic & (age >= 0) & (age < 12 * HOUR))
    if len(recent) == 0:
        recent = np.flatnonzero(of_topic)[np.argsort(np.abs(age[of_topic]))[:1]]
    return int(world.rng.choice(recent))
