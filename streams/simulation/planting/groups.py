"""Groups that act together, on their own texts and links or on what is popular anyway."""

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


def run_operations(world: Organic, group: Group) -> None:
    """Enter the operations of one group, while its members are awake."""
    rng, log, style = world.rng, world.log, group.style
    members = group.members
    topic = int(world.people.topics[members[0], 0])
    zone_s, wakes_s = int(world.people.zone_s[members[0]]), int(world.people.wakes_s[members[0]])
    sites = np.array([log.site(f"site{len(log.sites)}.example") for _ in range(len(members))])
    days = max(1, world.span_s // DAY)
    for _ in range(style.operations):
        local = wakes_s + rng.uniform(1, 14) * HOUR - zone_s
        start = rng.integers(0, days) * DAY + local % DAY
        who = np.flatnonzero(rng.random(len(members)) < style.participation)
        at = start + rng.gamma(2.0, style.jitter_s / 2, len(who))
        text = int(log.say(np.array([topic]))[0])
        copies = log.edit(text, topic, style.edits, len(who))
        own = log.say(np.full(len(who), topic))
        said = np.where(rng.random(len(who)) < style.copied, copies, own)
        names = [f"campaign{len(log.tag_sets)}", f"now{len(log.tag_sets)}"]
        tags = log.tags(names) if rng.random() < style.tagged else -1
        if rng.random() < style.borrowed:
            article = recent_article(world, topic, start, rng)
            copies = np.full(len(who), world.headline[article])
            said = np.where(rng.random(len(who)) < style.copied, copies, own)
            log.post(at, members[who], saying=said, article=article, tags=tags)
        elif len(who) and rng.random() < style.reposted:
            first = log.post(at[:1], members[who[:1]], saying=text, tags=tags)
            later = at[0] + rng.gamma(2.0, style.jitter_s / 2, len(who) - 1)
            log.post(later, members[who[1:]], shares=int(first[0]))
        elif style.own_links:
            articles, _ = log.publish(np.full(len(who), topic), sites[who])
            log.post(at, members[who], saying=said, article=articles, tags=tags)
        else:
            articles, _ = log.publish(np.array([topic]), sites[:1])
            log.post(at, members[who], saying=said, article=int(articles[0]), tags=tags)


def recent_article(world: Organic, topic: int, at: float, rng: np.random.Generator) -> int:
    """Draw an article of the topic that is at most twelve hours old, popular or not; if none is, the nearest one."""
    age = at - world.article_at
    of_topic = world.article_topic == topic
    recent = np.flatnonzero(of_topic & (age >= 0) & (age < 12 * HOUR))
    if len(recent) == 0:
        recent = np.flatnonzero(of_topic)[np.argsort(np.abs(age[of_topic]))[:1]]
    return int(rng.choice(recent))
