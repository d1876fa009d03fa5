"""`diaspora-press`: three obscure "news" accounts that run a state agency's articles as their own."""

import numpy as np

from streams.simulation.background.names import PLACES
from streams.simulation.background.people import DAY, HOUR
from streams.simulation.institutions.desks import NONE
from streams.simulation.planting.covert import (
    Planting,
    add_covert_members,
    give_planted_followers,
    jitter,
    publish_as_own,
)

_SPANISH = 1
_OWN = (0.1, 0.15, 0.25, 0.35)
"""Share of each account's posts that are its own, by stealth."""
_TITLES = ("Noticias {place}", "Diario {place}", "{place} al D\u00eda")


def plant(planting: Planting) -> None:
    """Plant the three accounts.

    Each posts 4-8 times a day (half as often at stealth 3). Most posts are the same in all three: near-copies of the
    agency's articles, minutes to hours later, without a credit that works as a mention. A few are articles on the small
    site of a company that belongs to the agency. Diplomats are among their few followers.
    """
    cast, rng, state = planting.cast, planting.rng, planting.states[0]
    log, style = cast.log, planting.style
    members = add_covert_members(
        planting, 3, _SPANISH, 1, np.array([rng.integers(5, 10), rng.integers(5, 10), 80])
    )
    places = rng.choice(PLACES, 3, replace=False).tolist()
    for who, place, title in zip(members.tolist(), places, _TITLES, strict=True):
        profile = cast.profile_of(who)
        profile.display_name = title.format(place=place)
        profile.handle = profile.display_name.lower().replace(" ", "_").replace("\u00ed", "i")
        cast.followers_known.add(who)
    least, most = (2, 5) if planting.stealth < 2 else (2, 4) if planting.stealth == 2 else (1, 2)
    give_planted_followers(planting, members, state.diplomats, rng.integers(least, most + 1, 3))
    current = {
        int(follower)
        for follows in cast.given_follows
        for follower in follows.follower[np.isin(follows.followee, members)]
    }
    former = [who for who in state.diplomats.tolist() if who not in current]
    cast.follow(np.array(former[:2]), members[:2], left=True)

    desk, used = state.desk(_SPANISH), set[int]()
    own_share = _OWN[planting.stealth]
    zone_s = int(cast.people.zone_s[members[0]])
    for day in range(planting.days):
        posts = rng.integers(4, 9, 3) if planting.stealth < 3 else rng.integers(2, 5, 3)
        own = np.maximum(np.round(posts * own_share), rng.random(3) < 0.3).astype(np.int64)
        shared = posts - own
        operations = max(int(shared.max()), round(float(shared.mean()) / style.participation))
        takes = [set(rng.choice(operations, count, replace=False).tolist()) for count in shared.tolist()]
        # all three follow the working day of one editor
        starts = day * DAY + (rng.uniform(8, 21, operations) * HOUR - zone_s) % DAY
        for operation, start in enumerate(starts.tolist()):
            who = members[[operation in taken for taken in takes]]
            at = start + jitter(planting, len(who))
            story = desk.recent(rng, start, used) if rng.random() < 0.85 else NONE
            if story != NONE:
                publish_as_own(planting, desk, story, who, at, link=state.outlet_site)
                continue
            topic = int(cast.people.topics[members[0], 0])
            article, headline = log.publish(np.array([topic]), np.array([state.outlet_site]), 20)
            log.post(
                at,
                who,
                saying=log.edit(int(headline[0]), topic, style.edits, len(who)),
                article=np.where(rng.random(len(who)) < 0.5 + style.registry_links, article[0], -1),
            )
        who = np.repeat(members, own)
        at = day * DAY + (rng.uniform(8, 21, len(who)) * HOUR - zone_s) % DAY
        topics = cast.people.topics[who, rng.integers(0, 3, len(who))]
        pages, _ = log.publish(topics, np.full(len(who), state.outlet_site))
        linked = np.where(rng.random(len(who)) < style.registry_links, pages, -1)
        log.post(at, who, saying=log.say(topics), article=linked)
