"""`paid-placement`: dozens of small sites publish articles of a state's company and agency as their own."""

import numpy as np

from streams.simulation.background.names import words
from streams.simulation.background.people import DAY, HOUR
from streams.simulation.institutions.desks import NONE, Desk
from streams.simulation.planting.covert import Planting, jitter

_GROUPS = ((60, 0), (40, 1), (25, 0))
"""Sites in a world of 20,000, and language."""
_OWN_PAGES = (1, 2, 3, 4)
"""Own pages that a site publishes a day, by stealth."""


def plant(planting: Planting) -> None:
    """Plant three groups of sites.

    A placement is one release (6-12 a week, by stealth). All sites that take part publish nearly the same text and do
    not name the source. Some of the pages link a site of the state's companies. Hardly anybody links to the pages.
    """
    for number, (size, language) in enumerate(_GROUPS, start=1):
        _group(planting, planting.sized(size, 12), language, number)


def _group(planting: Planting, size: int, language: int, number: int) -> None:
    cast, rng, style = planting.cast, planting.rng, planting.style
    log, state = cast.log, planting.states[0]
    accounts, sites = [], []
    for at, name in enumerate(words(rng, size)):
        title = f"{name.capitalize()} {('Today', 'Actual')[language]}"
        domain = f"{title.lower().replace(' ', '')}{number}{at}.example"
        account, site = cast.site(rng, domain, language, "io", planting.group_name(size, number), title)
        accounts.append(account)
        sites.append(site)
    members, pages_of = np.array(accounts), np.array(sites)
    if number % 2 == 1:
        cast.created_together(rng, members)

    sources: list[Desk] = [state.desk(language), state.company] if language == 0 else [state.desk(language)]
    used: dict[str, set[int]] = {desk.name: set() for desk in sources}
    for _ in range(max(4, round(style.operations * planting.days / 7))):
        start = rng.integers(planting.days) * DAY + rng.uniform(6, 22) * HOUR
        desk = sources[int(rng.integers(len(sources)))]
        story = desk.recent(rng, start, used[desk.name])
        if story == NONE:
            continue
        takes = rng.random(size) < style.participation
        placed = int(takes.sum())
        topic = int(desk.topic[story])
        article, _ = log.publish(np.full(placed, topic), pages_of[takes], 3)
        target = state.outlet_site if rng.random() < 0.5 else state.company.site
        linked, _ = log.publish(np.array([topic]), np.array([target]), 3)
        also = np.where(rng.random(placed) < style.registry_links, linked[0], -1)
        copies = log.edit(int(desk.headline[story]), topic, style.edits, placed)
        own = log.say(np.full(placed, topic), 20)
        said = np.where(rng.random(placed) < style.copied, copies, own)
        post_at = start + jitter(planting, placed)
        log.post(post_at, members[takes], saying=said, article=article, also=also)
        # now and then an ordinary account links one
        readers = rng.choice(cast.everyday(), rng.poisson(0.5))
        log.post(
            start + rng.exponential(DAY / 2, len(readers)) + HOUR,
            readers,
            saying=log.say(np.full(len(readers), topic)),
            article=rng.choice(article, len(readers)) if placed else -1,
        )
    own_pages = rng.poisson(_OWN_PAGES[planting.stealth] * planting.days, size)
    who = np.repeat(np.arange(size), own_pages)
    topics = cast.people.topics[members[who], rng.integers(0, 3, len(who))]
    article, headline = log.publish(topics, pages_of[who], 18)
    at_own = rng.integers(0, planting.days, len(who)) * DAY + rng.uniform(6, 22, len(who)) * HOUR
    log.post(at_own, members[who], saying=headline, article=article)
