"""The scenarios by name, and how a world is made: background, planted groups, follow graph, profiles, labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64
from schemas.errors import UsageError
from schemas.registry import RegistryEntity
from streams.simulation.background.cast import Cast
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import DAY, populate
from streams.simulation.background.world_log import START, WorldLog
from streams.simulation.institutions.press import add_press
from streams.simulation.institutions.states import make_states
from streams.simulation.planting import diaspora_press, paid_placement, spam_amplifier, troll_farm
from streams.simulation.planting.covert import Planting
from streams.simulation.planting.groups import run_operations
from streams.simulation.planting.open_groups import choose_open_groups
from streams.simulation.planting.stealth import STEALTH
from streams.simulation.records.canonical import Label
from streams.simulation.records.follow_graph import change_since_start, follow_events
from streams.simulation.records.public_profiles import names_of, profiles, with_followers
from streams.simulation.records.rendering import render, with_final_counts

_LEAST_ACCOUNTS = 500
_MOST_ACCOUNTS = 1_000_000
_MOST_DAYS = 60
_POSTS_AN_ACCOUNT_A_DAY = 300_000 / 20_000 / 7


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a scenario plants; `plant` is None where it plants nothing."""

    summary: str
    plant: Callable[[Planting], None] | None


SCENARIOS = {
    "diaspora-press": Scenario(
        'three obscure "news" accounts that run a state agency\'s articles as their own; some diplomats follow them',
        diaspora_press.plant,
    ),
    "troll-farm": Scenario(
        "groups of 10-200 accounts in three languages, in shifts, that push a state's content without credit",
        troll_farm.plant,
    ),
    "spam-amplifier": Scenario(
        "2,400 accounts with no or few followers that repost and copy what an agency says",
        spam_amplifier.plant,
    ),
    "paid-placement": Scenario(
        "a state company's articles on dozens of small sites, nearly the same and without credit",
        paid_placement.plant,
    ),
    "quiet": Scenario("nothing is planted", None),
}
"""Every scenario has ordinary people, a press that gives credit, fan clubs, companies, obscure clubs and two states."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate."""

    scenario: str
    seed: int = 1
    accounts: int = 20_000
    """Ordinary accounts; accounts of states, press and planted groups are added to them."""
    days: int = 7
    stealth: int = 1
    posts: int | None = None
    """About how many posts; None: 300,000 for 20,000 accounts and 7 days."""

    def check(self) -> None:
        """Refuse a plan that cannot be simulated.

        Raises:
            UsageError: an unknown scenario, or a number out of bounds.
        """
        if self.scenario not in SCENARIOS:
            raise UsageError(f"no scenario {self.scenario!r}: one of {', '.join(SCENARIOS)}.")
        for name, value, least, most in (
            ("--seed", self.seed, 0, 2**31 - 1),
            ("--accounts", self.accounts, _LEAST_ACCOUNTS, _MOST_ACCOUNTS),
            ("--days", self.days, 1, _MOST_DAYS),
            ("--stealth", self.stealth, 0, len(STEALTH) - 1),
            ("--posts", self.wanted_posts, self.accounts, 100 * self.accounts * self.days),
        ):
            if not least <= value <= most:
                raise UsageError(f"{name}: {value:,} is not between {least:,} and {most:,}.")

    @property
    def wanted_posts(self) -> int:
        """About how many posts."""
        if self.posts is not None:
            return self.posts
        return round(self.accounts * self.days * _POSTS_AN_ACCOUNT_A_DAY)

    def rng(self, part: str, scenario: str = "") -> np.random.Generator:
        """A random generator for one part of the world; without `scenario` it is the same in all scenarios."""
        return np.random.default_rng([self.seed, crc32(scenario.encode()), crc32(part.encode())])


@dataclass(frozen=True, slots=True)
class World:
    """The result of a simulation."""

    posts: Iterator[pl.DataFrame]
    """Frames in the order of time, made when they are read."""
    follows: pl.DataFrame
    accounts: pl.DataFrame
    registry: list[RegistryEntity]
    labels: list[Label]


def simulate(plan: Plan) -> World:
    """Make a world; equal plans give equal worlds.

    Raises:
        UsageError: the plan cannot be carried out.
    """
    plan.check()
    span_s = plan.days * DAY
    people = populate(plan.rng("people"), plan.accounts, span_s)
    organic = Organic(plan.rng("background"), people, WorldLog(plan.rng("texts")), span_s)
    cast = Cast(organic, plan.seed)
    states = make_states(cast, plan.rng("states"))
    diplomats = np.concatenate([state.diplomats for state in states])
    open_rng = plan.rng("open groups")
    groups = choose_open_groups(cast, open_rng, diplomats)
    organic.one_day_events()
    organic.television_show()
    add_press(cast, plan.rng("press"), states)
    for group in groups:
        run_operations(organic, group)
    plant = SCENARIOS[plan.scenario].plant
    if plant is not None:
        planting_rng = plan.rng("planting", plan.scenario)
        plant(Planting(cast, planting_rng, states, plan.scenario, plan.stealth, plan.accounts))
    entered = cast.log.posts().filter(pl.col("at").is_between(0, span_s - 1)).height
    organic.turnout = max(0.05, (plan.wanted_posts - entered) / organic.expected())
    people.rate[~people.added] *= organic.turnout
    organic.everyday_posts()
    _break_silence(cast, plan.rng("silence", plan.scenario))

    follows = follow_events(cast, plan.rng("follows"))
    table = profiles(cast, plan.rng("profiles"))
    ids = table["account_id"]
    return World(
        posts=_posts(cast, plan, table),
        follows=follows.select(
            platform=pl.lit("x"),
            follower_id=ids.gather(follows["follower"]),
            followee_id=ids.gather(follows["followee"]),
            action="action",
            at="at",
        ),
        accounts=with_followers(table, people.audience - change_since_start(cast, follows)),
        registry=[entity for state in states for entity in state.entities],
        labels=_labels(cast, ids),
    )


def _break_silence(cast: Cast, rng: np.random.Generator) -> None:
    """Let planted accounts that have not posted by chance post once, so that a detector can find each of them."""
    posts = cast.log.posts().filter(pl.col("at").is_between(0, cast.span_s - 1))
    planted = np.flatnonzero(np.array(cast.people.label) == "io")
    silent = planted[~np.isin(planted, posts["account"].to_numpy())]
    topics = cast.people.topics[silent, 0]
    cast.log.post(rng.uniform(0, cast.span_s, len(silent)), silent, saying=cast.log.say(topics))


def _posts(cast: Cast, plan: Plan, table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    people = cast.people
    rng = plan.rng("reactions", plan.scenario)
    followers = pl.Series(people.audience).zip_with(table["counts"], pl.Series([None], dtype=pl.Int64))
    following = pl.Series(people.following).zip_with(table["counts"], pl.Series([None], dtype=pl.Int64))
    for chunk in render(cast.log, cast.span_s, 1, names_of(table)):
        yield with_final_counts(rng, chunk, cast.appeal(), START + cast.span_s + DAY).with_columns(
            followers_count=followers.gather(chunk["account"]),
            following_count=following.gather(chunk["account"]),
        )


def _labels(cast: Cast, ids: pl.Series) -> list[Label]:
    """The label of every account that posts."""
    people = cast.people
    posts = cast.log.posts().filter(pl.col("at").is_between(0, cast.span_s - 1))
    posting: I64 = np.unique(posts["account"].to_numpy(), return_counts=True)[0]
    return [Label(ids[who], people.label[who], people.group[who]) for who in posting.tolist()]
