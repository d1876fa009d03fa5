"""Groups that act together, on text and links of their own or on what is popular anyway."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import DAY, HOUR
from streams.simulation.planting.stealth import Style


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that act together."""

    members: I64
    style: Style


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
            article = borrowed(world, topic, start, rng)
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


def borrowed(world: Organic, topic: int, at: float, rng: np.random.Generator) -> int:
    """Any of the topic's articles of the last twelve hours, popular or not (or the latest one)."""
    age = at - world.article_at
    of_topic = world.article_topic == topic
    recent = np.flatnonzero(of_topic & (age >= 0) & (age < 12 * HOUR))
    if len(recent) == 0:
        recent = np.flatnonzero(of_topic)[np.argsort(np.abs(age[of_topic]))[:1]]
    return int(rng.choice(recent))
