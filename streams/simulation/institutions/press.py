"""Who openly carries what others publish: wires, newsrooms, news accounts, local sites, people with a share button."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.cast import Cast
from streams.simulation.background.names import words
from streams.simulation.background.people import DAY, HOUR
from streams.simulation.background.prose import Floats
from streams.simulation.institutions.desks import Desk, run_desk
from streams.simulation.institutions.states import State

_WIRES = ("Corvid Wire", "Hilo Sur", "Lanyu Wire")
_UNCREDITED_WIRE = 0.3
"""Share of wire copy that newsrooms and news accounts run without a credit."""
_EDITS = 0.04


@dataclass(frozen=True, slots=True)
class Press:
    """What the ordinary press of a world is made of."""

    wires: list[Desk]
    """Ordinary news wires, one a language, in no registry."""


def open_press(cast: Cast, rng: np.random.Generator, states: list[State]) -> Press:
    """Enter the ordinary press, and people who pass its articles and those of agencies on."""
    wires = [_wire(cast, rng, language) for language in range(len(_WIRES))]
    _newsrooms(cast, rng, wires, states)
    _news_accounts(cast, rng, wires, states)
    _local_sites(cast, rng, wires)
    for state in states:
        for desk in state.desks:
            _passed_on(cast, rng, desk)
    for wire in wires:
        _passed_on(cast, rng, wire)
    return Press(wires)


def credited(
    cast: Cast,
    rng: np.random.Generator,
    desk: Desk,
    chosen: I64,
    at: Floats,
    who: I64,
    *,
    own_site: I64 | None = None,
    uncredited: float = 0.0,
) -> None:
    """Let accounts carry articles of a desk, each with a credit of its kind.

    A credit is a mention, a link, or the publisher's name before or after the text.

    Args:
        cast: the world.
        rng: draws how each is credited.
        desk: whose articles.
        chosen: which of them.
        at: when.
        who: carries them.
        own_site: site on which each has a page of its own, linked instead of the desk's.
        uncredited: share of posts that say nothing of the source.
    """
    book, size = cast.book, len(chosen)
    if size == 0:
        return
    said = book.edit(desk.headline[chosen], desk.topic[chosen], _EDITS, size)
    way = rng.choice(4, size, p=(0.25, 0.35, 0.25, 0.15))
    way[rng.random(size) < uncredited] = -1
    mention = np.where(way == 0, desk.account, -1)
    article = np.where(way == 1, desk.article[chosen], -1)
    if own_site is not None:
        own, _ = book.publish(desk.topic[chosen], own_site, 3)
        article = np.where(way == 1, article, own)
    before = np.where(way == 2, desk.reports, -1)
    after = np.where(way == 3, desk.named, np.where(way == 0, desk.via, -1))
    book.post(at, who, saying=said, mention=mention, article=article, before=before, after=after)


def _wire(cast: Cast, rng: np.random.Generator, language: int) -> Desk:
    title = _WIRES[language]
    domain, handle = title.lower().replace(" ", "-") + ".example", title.lower().replace(" ", "_")
    # its account and its site are one house, and say so
    role = ("coordinated", f"wire-{language + 1}")
    account = int(cast.hire(rng, 1, language, *role, audience=int(rng.uniform(5e4, 5e5)))[0])
    shown = cast.show(account)
    shown.handle, shown.display_name, shown.verified = handle, title, True
    pages = cast.site(rng, domain, language, *role, title)
    cast.people.topics[pages[0]] = cast.people.topics[account]
    return run_desk(cast, rng, title, handle, language, account, pages, 24)


def _newsrooms(cast: Cast, rng: np.random.Generator, wires: list[Desk], states: list[State]) -> None:
    """Groups of papers of one house: most of a morning's wire stories, minutes apart, on sites of their own."""
    size = 12 if cast.everyday().size >= 2_500 else 5
    for number in range(1, 3):
        members = cast.people.enlist(rng, size, "coordinated", f"newsroom-{size}-{number}")
        cast.people.audience[members] = np.exp(rng.uniform(7.5, 11.5, size)).astype(np.int64)
        language = int(cast.people.language[members[0]])
        house, *papers = (name.capitalize() for name in words(rng, size + 1))
        sites = np.array([cast.book.site(f"{paper.lower()}-daily.example") for paper in papers])
        for who, paper in zip(members.tolist(), papers, strict=True):
            shown = cast.show(who)
            shown.display_name, shown.verified = f"{paper} Daily", True
            shown.description = f"A paper of the {house} group"
        source = wires[language]
        stories = np.flatnonzero(rng.random(len(source.at)) < 0.25)
        foreign = states[0].desk(language)
        for desk, ran in ((source, stories), (foreign, np.flatnonzero(rng.random(len(foreign.at)) < 0.05))):
            for story in ran.tolist():
                takes = np.flatnonzero(rng.random(size) < 0.6)
                at = desk.at[story] + rng.uniform(300, HOUR) + rng.gamma(2.0, 300, len(takes))
                credited(
                    cast,
                    rng,
                    desk,
                    np.full(len(takes), story),
                    at,
                    members[takes],
                    own_site=sites[takes],
                    uncredited=_UNCREDITED_WIRE if desk is source else 0.0,
                )


def _news_accounts(cast: Cast, rng: np.random.Generator, wires: list[Desk], states: list[State]) -> None:
    """People who pass on news all day, from a wire and from agencies, each on its own."""
    days = cast.span_s / DAY
    for number in range(max(3, min(24, cast.everyday().size // 500))):
        who = cast.people.enlist(rng, 1, "organic", "news-account")
        language = int(cast.people.language[who[0]])
        cast.people.audience[who] = int(np.exp(rng.uniform(4, 10)))
        agency = states[number % len(states)].desk(language)
        for desk, a_day, uncredited in ((wires[language], 4, _UNCREDITED_WIRE), (agency, 2, 0.0)):
            times = min(len(desk.at), rng.poisson(a_day * days))
            chosen = rng.choice(len(desk.at), times, replace=False)
            at = desk.at[chosen] + 60 + rng.lognormal(8.2, 1.0, times)
            credited(cast, rng, desk, chosen, at, np.repeat(who, times), uncredited=uncredited)


def _local_sites(cast: Cast, rng: np.random.Generator, wires: list[Desk]) -> None:
    """Small local papers on the web: stories of their own and wire copy with a credit; some belong to a chain."""
    count = max(10, min(80, cast.everyday().size // 200))
    chained = count // 4
    days = cast.span_s / DAY
    names = words(rng, count)
    for number in range(count):
        in_chain = number < chained
        language = 0 if in_chain else int(rng.integers(2))
        label, group = ("coordinated", f"chain-{chained}-1") if in_chain else ("organic", "local-site")
        title = f"{names[number].capitalize()} {'Courier' if language == 0 else 'Hoy'}"
        domain = f"{title.lower().replace(' ', '-')}{number}.example"
        account, site = cast.site(rng, domain, language, label, group, title)
        own = rng.poisson(3 * days)
        topics = cast.people.topics[account, rng.integers(0, 3, own)]
        article, headline = cast.book.publish(topics, np.full(own, site), rng.integers(12, 27, own))
        at = rng.uniform(6 * HOUR, 22 * HOUR, own) + rng.integers(0, max(1, cast.span_s // DAY), own) * DAY
        cast.book.post(at, np.full(own, account), saying=headline, article=article)
        _read_locally(cast, rng, language, at, article, headline)
        if not in_chain:
            _wire_pages(cast, rng, wires[language], np.array([account]), np.array([site]), 3 * days)
    members = np.flatnonzero(np.array([group == f"chain-{chained}-1" for group in cast.people.group]))
    sites = np.array([cast.book.sites.index(cast.public_id(int(who))) for who in members])
    _wire_pages(cast, rng, wires[0], members, sites, 2 * days)


def _read_locally(
    cast: Cast, rng: np.random.Generator, language: int, at: Floats, article: I64, headline: I64
) -> None:
    """People link the stories of a local paper by the share button: about one post a story, many for some."""
    people = cast.people
    able = np.flatnonzero((people.language == language) & ~people.hired)
    appeal = np.minimum(rng.pareto(1.5, len(at)) * 0.5, 30) * min(1.0, len(able) / 2_000)
    story = np.repeat(np.arange(len(at)), rng.poisson(appeal))
    who = rng.choice(able, len(story))
    read = at[story] + 60 + rng.lognormal(8.5, 1.2, len(story))
    there = (read >= people.begins_s[who]) & (read < people.ends_s[who])
    story = story[there]
    cast.book.post(read[there], who[there], saying=headline[story], article=article[story])


def _wire_pages(
    cast: Cast, rng: np.random.Generator, wire: Desk, accounts: I64, sites: I64, times: float
) -> None:
    """Sites carry wire stories, named before the text; those of a chain do so within minutes of one another."""
    for story in rng.choice(len(wire.at), min(len(wire.at), rng.poisson(times)), replace=False).tolist():
        takes = rng.random(len(accounts)) < (0.8 if len(accounts) > 1 else 1.0)
        size = int(takes.sum())
        article, _ = cast.book.publish(np.full(size, wire.topic[story]), sites[takes], 3)
        said = cast.book.edit(int(wire.headline[story]), int(wire.topic[story]), _EDITS, size)
        at = wire.at[story] + rng.uniform(600, 4 * HOUR) + rng.gamma(2.0, 200, size)
        cast.book.post(at, accounts[takes], saying=said, article=article, before=wire.reports)


def _passed_on(cast: Cast, rng: np.random.Generator, desk: Desk) -> None:
    """People pass articles on by the share button (headline and link), in words of their own, or by hand.

    A few (1 in 25) take over a text without saying from where.
    """
    book, people = cast.book, cast.people
    # who carries news by profession credits it, see above
    ordinary = (np.array(people.label) == "organic") & (np.array(people.group) != "news-account")
    able = np.flatnonzero((people.language == desk.language) & ~people.hired & ordinary)
    weight = np.minimum(people.rate[able], 40)
    appeal = np.minimum(rng.pareto(1.4, len(desk.at)) * 2, 60) * min(1.0, len(able) / 2_000)
    story = np.repeat(np.arange(len(desk.at)), rng.poisson(appeal))
    if len(story) == 0:
        return
    who = rng.choice(able, len(story), p=weight / weight.sum())
    at = desk.at[story] + 30 + rng.lognormal(8.0, 1.2, len(story))
    there = (at >= people.begins_s[who]) & (at < people.ends_s[who])
    story, who, at = story[there], who[there], at[there]
    way = rng.random(len(story))
    button, told, by_hand = way < 0.75, (way >= 0.75) & (way < 0.88), (way >= 0.88) & (way < 0.96)
    said = np.where(told, book.say(desk.topic[story]), desk.headline[story])
    article = np.where(button | told, desk.article[story], -1)
    mention = np.where(by_hand, desk.account, -1)
    book.post(at, who, saying=said, article=article, mention=mention, after=np.where(by_hand, desk.via, -1))
