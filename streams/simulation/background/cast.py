"""Who is on stage: ordinary people, those hired for a role, what their profiles show and who follows them."""

from dataclasses import dataclass, field

import numpy as np

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.book import WorldLog
from streams.simulation.background.names import public_ids
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import People
from streams.simulation.background.prose import Floats


@dataclass(slots=True)
class Shown:
    """What the profile of an account shows where it is no ordinary one; None: as ordinary accounts."""

    platform: str = "x"
    account_id: str | None = None
    handle: str | None = None
    display_name: str | None = None
    description: str | None = None
    created_s: int | None = None
    """Seconds after the start of the world; below 0 for most."""
    verified: bool | None = None
    platform_label: str | None = None


@dataclass(frozen=True, slots=True)
class Ties:
    """Followers given to accounts, edge by edge."""

    follower: I64
    followee: I64
    left: Bools
    """Whether the follower left again within the world."""


@dataclass(slots=True)
class Cast:
    """The accounts of a world by number, as far as they are more than `People` says."""

    organic: Organic
    seed: int
    shown: dict[int, Shown] = field(default_factory=dict)
    ties: list[Ties] = field(default_factory=list)
    counted: set[int] = field(default_factory=set)
    """Accounts whose followers are the ties alone; everyone else has random ones, too."""
    likes: dict[int, float] = field(default_factory=dict)
    """Likes that a post of an account gets on average, where followers do not tell."""
    known: set[int] = field(default_factory=set)
    """Accounts of which the followers are always known."""

    @property
    def people(self) -> People:
        """The people of the world."""
        return self.organic.people

    @property
    def book(self) -> WorldLog:
        """What happens in the world."""
        return self.organic.book

    @property
    def span_s(self) -> int:
        """Length of the world in seconds."""
        return self.organic.span_s

    def show(self, account: int) -> Shown:
        """What is shown of an account, to be changed."""
        return self.shown.setdefault(account, Shown())

    def hire(
        self,
        rng: np.random.Generator,
        size: int,
        language: int,
        label: str,
        group: str,
        audience: I64 | int = 0,
    ) -> I64:
        """Add accounts on the platform `x` with so many followers; return their numbers."""
        members = self.people.hire(rng, size, language, label, group)
        self.people.audience[members] = audience
        return members

    def site(
        self, rng: np.random.Generator, domain: str, language: int, label: str, group: str, title: str
    ) -> tuple[int, int]:
        """Add a site, an account on the platform `web`; return its account and its number in the book."""
        account = int(self.people.hire(rng, 1, language, label, group)[0])
        self.shown[account] = Shown(platform="web", account_id=domain, display_name=title)
        return account, self.book.site(domain)

    def public_id(self, account: int) -> str:
        """The platform's id of an account."""
        shown = self.shown.get(account)
        return (shown and shown.account_id) or public_ids(np.array([account]), self.seed)[0]

    def everyday(self) -> I64:
        """Ordinary people without any role."""
        return np.array([who for who, group in enumerate(self.people.group) if group == "everyday"], np.int64)

    def follow(self, follower: I64, followee: I64 | int, *, left: bool = False) -> None:
        """Let accounts follow one account or one each, or have done so for a while (`left`)."""
        size = len(follower)
        to = np.broadcast_to(np.asarray(followee, np.int64), size).copy()
        self.ties.append(Ties(follower, to, np.full(size, left)))

    def give_followers(self, rng: np.random.Generator, account: int, pool: I64, count: int) -> None:
        """Give an account `count` followers drawn from `pool`, and take them for all of its random ones."""
        pool = pool[pool != account]
        self.follow(rng.choice(pool, min(count, len(pool)), replace=False), account)
        self.counted.add(account)

    def born_together(self, rng: np.random.Generator, members: I64, weeks: float = 3) -> None:
        """Let accounts have been made within a few weeks of one another, one to twelve months ago."""
        first = -int(rng.integers(30, 365)) * 86_400
        for who in members.tolist():
            self.show(who).created_s = first + int(rng.uniform(0, weeks * 7 * 86_400))

    def appeal(self) -> Floats:
        """Likes that a post of each account gets on average."""
        likes: Floats = self.people.audience.astype(np.float64) * 0.004
        for who, mean in self.likes.items():
            likes[who] = mean
        return likes
