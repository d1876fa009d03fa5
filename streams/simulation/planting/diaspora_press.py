"""`diaspora-press`: three obscure "news" accounts that run a state agency's articles as their own."""

import numpy as np

from streams.simulation.background.names import PLACES
from streams.simulation.background.people import DAY, HOUR
from streams.simulation.institutions.desks import NOBODY
from streams.simulation.planting.covert import Planting, carry, followed, hire_covert, jitter

_SPANISH = 1
_OWN = (0.1, 0.15, 0.25, 0.35)
"""Share of posts that are each account's own, by stealth."""
_TITLES = ("Noticias {place}", "Diario {place}", "{place} al D\u00eda")


def plant(planting: Planting) -> None:
    """Plant the three accounts.

    Each has 4-8 posts a day (half at stealth 3). Most days' posts are the same in all three: near-copies of the
    agency's articles, minutes to hours later and without a working credit; a few are stories on the small site
    of a company of the agency's house. Diplomats are among their few followers.
    """
    cast, rng, state = planting.cast, planting.rng, planting.states[0]
    book, style = cast.book, planting.style
    members = hire_covert(planting, 3, _SPANISH, 1, np.array([rng.integers(5, 10), rng.integers(5, 10), 80]))
    places = rng.choice(PLACES, 3, replace=False).tolist()
    for who, place, title in zip(members.tolist(), places, _TITLES, strict=True):
        shown = cast.show(who)
        shown.display_name = title.format(place=place)
        shown.handle = shown.display_name.lower().replace(" ", "_").replace("\u00ed", "i")
        cast.known.add(who)
    least, most = (2, 5) if planting.stealth < 2 else (2, 4) if planting.stealth == 2 else (1, 2)
    followed(planting, members, state.diplomats, rng.integers(least, most + 1, 3))
    stayed = {int(one) for tie in cast.ties for one in tie.follower[np.isin(tie.followee, members)]}
    gone = [who for who in state.diplomats.tolist() if who not in stayed]
    cast.follow(np.array(gone[:2]), members[:2], left=True)

    desk, used = state.desk(_SPANISH), set[int]()
    own_share = _OWN[planting.stealth]
    zone_s = int(cast.people.zone_s[members[0]])
    for day in range(planting.days):
        posts = rng.integers(4, 9, 3) if planting.stealth < 3 else rng.integers(2, 5, 3)
        own = np.maximum(np.round(posts * own_share), rng.random(3) < 0.3).astype(np.int64)
        shared = posts - own
        operations = max(int(shared.max()), round(float(shared.mean()) / style.participation))
        takes = [set(rng.choice(operations, count, replace=False).tolist()) for count in shared.tolist()]
        # the same editor's day for all three
        starts = day * DAY + (rng.uniform(8, 21, operations) * HOUR - zone_s) % DAY
        for operation, start in enumerate(starts.tolist()):
            who = members[[operation in taken for taken in takes]]
            at = start + jitter(planting, len(who))
            story = desk.recent(rng, start, used) if rng.random() < 0.85 else NOBODY
            if story != NOBODY:
                carry(planting, desk, story, who, at, link=state.outlet_site)
                continue
            topic = int(cast.people.topics[members[0], 0])
            article, headline = book.publish(np.array([topic]), np.array([state.outlet_site]), 20)
            book.post(
                at,
                who,
                saying=book.edit(int(headline[0]), topic, style.edits, len(who)),
                article=np.where(rng.random(len(who)) < 0.5 + style.registry_links, article[0], -1),
            )
        who = np.repeat(members, own)
        at = day * DAY + (rng.uniform(8, 21, len(who)) * HOUR - zone_s) % DAY
        topics = cast.people.topics[who, rng.integers(0, 3, len(who))]
        pages, _ = book.publish(topics, np.full(len(who), state.outlet_site))
        linked = np.where(rng.random(len(who)) < style.registry_links, pages, -1)
        book.post(at, who, saying=book.say(topics), article=linked)
