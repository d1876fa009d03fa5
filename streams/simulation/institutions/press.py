"""The press and its readers: wires, newsrooms, news accounts, local sites, and people who share their articles."""

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
"""Share of wire articles that newsrooms and news accounts publish without credit."""
_EDITS = 0.04


@dataclass(frozen=True, slots=True)
class Press:
    """The ordinary press of a world."""

    wires: list[Desk]
    """Ordinary news wires, one for each language. No registry lists them."""


def add_press(cast: Cast, rng: np.random.Generator, states: list[State]) -> Press:
    """Enter the ordinary press, and the people who share its articles and those of the agencies."""
    wires = [_wire(cast, rng, language) for language in range(len(_WIRES))]
    _newsrooms(cast, rng, wires, states)
    _news_accounts(cast, rng, wires, states)
    _local_sites(cast, rng, wires)
    for state in states:
        for desk in state.desks:
            _readers_share(cast, rng, desk)
    for wire in wires:
        _readers_share(cast, rng, wire)
    return Press(wires)


def post_with_credit(
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
    """Let accounts publish articles of a desk, each with a credit.

    A credit is a mention, a link, or the publisher's name before or after the text.

    Args:
        cast: the world.
        rng: draws the kind of each credit.
        desk: the publisher of the articles.
        chosen: articles, by their row in the desk.
        at: when each is posted, seconds since the start.
        who: the account that posts each.
        own_site: a site where each has a page of its own, which the post links instead of the desk's page.
        uncredited: share of posts that do not name the source.
    """
    log, size = cast.log, len(chosen)
    if size == 0:
        return
    said = log.edit(desk.headline[chosen], desk.topic[chosen], _EDITS, size)
    way = rng.choice(4, size, p=(0.25, 0.35, 0.25, 0.15))
    way[rng.random(size) < uncredited] = -1
    mention = np.where(way == 0, desk.account, -1)
    article = np.where(way == 1, desk.article[chosen], -1)
    if own_site is not None:
        own, _ = log.publish(desk.topic[chosen], own_site, 3)
        article = np.where(way == 1, article, own)
    before = np.where(way == 2, desk.reports, -1)
    after = np.where(way == 3, desk.named, np.where(way == 0, desk.via, -1))
    log.post(at, who, saying=said, mention=mention, article=article, before=before, after=after)


def _wire(cast: Cast, rng: np.random.Generator, language: int) -> Desk:
    title = _WIRES[language]
    domain, handle = title.lower().replace(" ", "-") + ".example", title.lower().replace(" ", "_")
    # account and site belong together, and their profiles say so
    role = ("coordinated", f"wire-{language + 1}")
    account = int(cast.add_accounts(rng, 1, language, *role, audience=int(rng.uniform(5e4, 5e5)))[0])
    profile = cast.profile_of(account)
    profile.handle, profile.display_name, profile.verified = handle, title, True
    pages = cast.site(rng, domain, language, *role, title)
    cast.people.topics[pages[0]] = cast.people.topics[account]
    return run_desk(cast, rng, title, handle, language, account, pages, 24)


def _newsrooms(cast: Cast, rng: np.random.Generator, wires: list[Desk], states: list[State]) -> None:
    """Add two newsrooms: papers with one owner that publish wire articles minutes apart, each on its own site."""
    size = 12 if cast.everyday().size >= 2_500 else 5
    for number in range(1, 3):
        members = cast.people.choose_for_role(rng, size, "coordinated", f"newsroom-{size}-{number}")
        cast.people.audience[members] = np.exp(rng.uniform(7.5, 11.5, size)).astype(np.int64)
        language = int(cast.people.language[members[0]])
        house, *papers = (name.capitalize() for name in words(rng, size + 1))
        sites = np.array([cast.log.site(f"{paper.lower()}-daily.example") for paper in papers])
        for who, paper in zip(members.tolist(), papers, strict=True):
            profile = cast.profile_of(who)
            profile.display_name, profile.verified = f"{paper} Daily", True
            profile.description = f"A paper of the {house} group"
        source = wires[language]
        stories = np.flatnonzero(rng.random(len(source.at)) < 0.25)
        foreign = states[0].desk(language)
        for desk, ran in ((source, stories), (foreign, np.flatnonzero(rng.random(len(foreign.at)) < 0.05))):
            for story in ran.tolist():
                takes = np.flatnonzero(rng.random(size) < 0.6)
                at = desk.at[story] + rng.uniform(300, HOUR) + rng.gamma(2.0, 300, len(takes))
                post_with_credit(
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
    """Let single people pass on news all day, from a wire and from an agency."""
    days = cast.span_s / DAY
    for number in range(max(3, min(24, cast.everyday().size // 500))):
        who = cast.people.choose_for_role(rng, 1, "organic", "news-account")
        language = int(cast.people.language[who[0]])
        cast.people.audience[who] = int(np.exp(rng.uniform(4, 10)))
        agency = states[number % len(states)].desk(language)
        for desk, a_day, uncredited in ((wires[language], 4, _UNCREDITED_WIRE), (agency, 2, 0.0)):
            times = min(len(desk.at), rng.poisson(a_day * days))
            chosen = rng.choice(len(desk.at), times, replace=False)
            at = desk.at[chosen] + 60 + rng.lognormal(8.2, 1.0, times)
            post_with_credit(cast, rng, desk, chosen, at, np.repeat(who, times), uncredited=uncredited)


def _local_sites(cast: Cast, rng: np.random.Generator, wires: list[Desk]) -> None:
    """Add small local papers on the web: own articles, and wire articles with credit. A quarter belongs to a chain."""
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
        article, headline = cast.log.publish(topics, np.full(own, site), rng.integers(12, 27, own))
        at = rng.uniform(6 * HOUR, 22 * HOUR, own) + rng.integers(0, max(1, cast.span_s // DAY), own) * DAY
        cast.log.post(at, np.full(own, account), saying=headline, article=article)
        _readers_share_local(cast, rng, language, at, article, headline)
        if not in_chain:
            _wire_pages(cast, rng, wires[language], np.array([account]), np.array([site]), 3 * days)
    members = np.flatnonzero(np.array([group == f"chain-{chained}-1" for group in cast.people.group]))
    sites = np.array([cast.log.sites.index(cast.public_id(int(who))) for who in members])
    _wire_pages(cast, rng, wires[0], members, sites, 2 * days)


def _readers_share_local(
    cast: Cast, rng: np.random.Generator, language: int, at: Floats, article: I64, headline: I64
) -> None:
    """Let people share the articles of a local paper: about one post for each article, many for a few articles."""
    people = cast.people
    able = np.flatnonzero((people.language == language) & ~people.added)
    appeal = np.minimum(rng.pareto(1.5, len(at)) * 0.5, 30) * min(1.0, len(able) / 2_000)
    story = np.repeat(np.arange(len(at)), rng.poisson(appeal))
    who = rng.choice(able, len(story))
    read = at[story] + 60 + rng.lognormal(8.5, 1.2, len(story))
    there = (read >= people.begins_s[who]) & (read < people.ends_s[who])
    story = story[there]
    cast.log.post(read[there], who[there], saying=headline[story], article=article[story])


def _wire_pages(
    cast: Cast, rng: np.random.Generator, wire: Desk, accounts: I64, sites: I64, times: float
) -> None:
    """Let sites publish wire articles, with the wire's name before the text; sites of a chain do so minutes apart."""
    for story in rng.choice(len(wire.at), min(len(wire.at), rng.poisson(times)), replace=False).tolist():
        takes = rng.random(len(accounts)) < (0.8 if len(accounts) > 1 else 1.0)
        size = int(takes.sum())
        article, _ = cast.log.publish(np.full(size, wire.topic[story]), sites[takes], 3)
        said = cast.log.edit(int(wire.headline[story]), int(wire.topic[story]), _EDITS, size)
        at = wire.at[story] + rng.uniform(600, 4 * HOUR) + rng.gamma(2.0, 200, size)
        cast.log.post(at, accounts[takes], saying=said, article=article, before=wire.reports)


def _readers_share(cast: Cast, rng: np.random.Generator, desk: Desk) -> None:
    """Let people share articles: with the share button (headline and link), in their own words, or by hand.

    One in 25 copies the text and does not name the source.
    """
    log, people = cast.log, cast.people
    # news accounts have their own way to credit, see `_news_accounts`
    ordinary = (np.array(people.label) == "organic") & (np.array(people.group) != "news-account")
    able = np.flatnonzero((people.language == desk.language) & ~people.added & ordinary)
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
    button, own_words, by_hand = way < 0.75, (way >= 0.75) & (way < 0.88), (way >= 0.88) & (way < 0.96)
    said = np.where(own_words, log.say(desk.topic[story]), desk.headline[story])
    article = np.where(button | own_words, desk.article[story], -1)
    mention = np.where(by_hand, desk.account, -1)
    log.post(at, who, saying=said, article=article, mention=mention, after=np.where(by_hand, desk.via, -1))
