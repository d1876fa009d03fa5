"""What covert groups have in common: how members are added, who follows them, how they publish a text."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.cast import Cast
from streams.simulation.background.people import DAY
from streams.simulation.background.prose import Floats
from streams.simulation.institutions.desks import NONE, Desk
from streams.simulation.institutions.states import State
from streams.simulation.planting.stealth import STEALTH, Style


@dataclass(frozen=True, slots=True)
class Planting:
    """A world into which a scenario plants its groups."""

    cast: Cast
    rng: np.random.Generator
    states: list[State]
    scenario: str
    stealth: int
    accounts: int
    """Ordinary accounts requested."""

    @property
    def style(self) -> Style:
        """How groups act at the requested stealth."""
        return STEALTH[self.stealth]

    @property
    def days(self) -> int:
        """Whole days of the world."""
        return max(1, self.cast.span_s // DAY)

    def group_name(self, size: int, number: int) -> str:
        """The name of a planted group in the labels."""
        return f"{self.scenario}-{size}-s{self.stealth}-{number}"

    def sized(self, size: int, least: int) -> int:
        """Scale a group size given for a world of 20,000 accounts to this world; at least `least`."""
        return max(least, round(size * self.accounts / 20_000))


def add_covert_members(planting: Planting, size: int, language: int, number: int, audience: I64) -> I64:
    """Add the members of a covert group with `audience` followers each; every other group was created together."""
    cast, rng = planting.cast, planting.rng
    members = cast.add_accounts(rng, size, language, "io", planting.group_name(size, number), audience)
    if number % 2 == 1:
        cast.created_together(rng, members)
    return members


def give_planted_followers(planting: Planting, members: I64, diplomats: I64, registry: I64) -> None:
    """Give members their followers: some diplomats, some other members, the rest ordinary people.

    Args:
        planting: the world.
        members: of one group.
        diplomats: registry followers are drawn from these.
        registry: how many of them follow each member, at most all its followers.
    """
    cast, rng = planting.cast, planting.rng
    others = cast.everyday()
    for who, wanted in zip(members.tolist(), registry.tolist(), strict=True):
        audience = int(cast.people.audience[who])
        known = min(wanted, audience, len(diplomats))
        mates = min(len(members) - 1, int((audience - known) * rng.uniform(0, 0.3)))
        cast.give_followers(rng, who, diplomats, known)
        cast.give_followers(rng, who, members, mates)
        cast.give_followers(rng, who, others, audience - known - mates)


def publish_as_own(
    planting: Planting,
    desk: Desk,
    story: int,
    who: I64,
    at: Floats,
    *,
    link: int = NONE,
) -> I64:
    """Let members publish a desk's text as if it were theirs; return the posts.

    Some say it in words of their own; some credit it in a way that no platform links; some link the site `link`
    (its number in the log), under a page of their own.
    """
    log, rng, style, size = planting.cast.log, planting.rng, planting.style, len(who)
    topic = int(desk.topic[story])
    takes_over = rng.random(size) < style.copied
    copies = log.edit(int(desk.headline[story]), topic, style.edits, size)
    said = np.where(takes_over, copies, log.say(np.full(size, topic)))
    half = np.where(takes_over & (rng.random(size) < style.half_credits), rng.choice(desk.half, size), -1)
    article = np.full(size, -1)
    if link != NONE:
        pages, _ = log.publish(np.full(size, topic), np.full(size, link), 3)
        article = np.where(rng.random(size) < style.registry_links / 3, pages, -1)
    return log.post(at, who, saying=said, after=half, article=article)


def jitter(planting: Planting, size: int) -> Floats:
    """Draw for each of `size` members the delay between the start of an operation and its post, seconds."""
    return planting.rng.gamma(2.0, planting.style.jitter_s / 2, size)
