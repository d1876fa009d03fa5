"""The accounts of a world: ordinary people and accounts added for a role, with their profiles and followers."""

from dataclasses import dataclass, field

import numpy as np

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.names import public_ids
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import People
from streams.simulation.background.prose import Floats
from streams.simulation.background.world_log import WorldLog


@dataclass(slots=True)
class ShownProfile:
    """What the profile of an account shows; None: the same as for ordinary accounts."""

    platform: str = "x"
    account_id: str | None = None
    handle: str | None = None
    display_name: str | None = None
    description: str | None = None
    created_s: int | None = None
    """When the account was created, seconds after the start of the world; below 0 for most."""
    verified: bool | None = None
    platform_label: str | None = None


@dataclass(frozen=True, slots=True)
class GivenFollows:
    """Follow edges set one by one, not drawn at random."""

    follower: I64
    followee: I64
    left: Bools
    """Whether the follower unfollows again before the world ends."""


@dataclass(slots=True)
class Cast:
    """The accounts of a world by number: what `People` does not hold."""

    organic: Organic
    seed: int
    profiles: dict[int, ShownProfile] = field(default_factory=dict)
    given_follows: list[GivenFollows] = field(default_factory=list)
    given_followers_only: set[int] = field(default_factory=set)
    """Accounts with no followers except the given ones; all others have random followers as well."""
    likes: dict[int, float] = field(default_factory=dict)
    """Average likes of a post, for accounts where this does not follow from the number of followers."""
    followers_known: set[int] = field(default_factory=set)
    """Accounts whose profile always shows the number of followers."""

    @property
    def people(self) -> People:
        """The people of the world."""
        return self.organic.people

    @property
    def log(self) -> WorldLog:
        """The log of what happens in the world."""
        return self.organic.log

    @property
    def span_s(self) -> int:
        """Length of the world in seconds."""
        return self.organic.span_s

    def profile_of(self, account: int) -> ShownProfile:
        """The profile of an account; change it in place."""
        return self.profiles.setdefault(account, ShownProfile())

    def add_accounts(
        self,
        rng: np.random.Generator,
        size: int,
        language: int,
        label: str,
        group: str,
        audience: I64 | int = 0,
    ) -> I64:
        """Add accounts on the platform `x` with `audience` followers; return their numbers."""
        members = self.people.add_accounts(rng, size, language, label, group)
        self.people.audience[members] = audience
        return members

    def site(
        self, rng: np.random.Generator, domain: str, language: int, label: str, group: str, title: str
    ) -> tuple[int, int]:
        """Add a site, an account on the platform `web`; return its account and its number in the log."""
        account = int(self.people.add_accounts(rng, 1, language, label, group)[0])
        self.profiles[account] = ShownProfile(platform="web", account_id=domain, display_name=title)
        return account, self.log.site(domain)

    def public_id(self, account: int) -> str:
        """The platform's id of an account."""
        profile = self.profiles.get(account)
        return (profile and profile.account_id) or public_ids(np.array([account]), self.seed)[0]

    def everyday(self) -> I64:
        """Ordinary people without any role."""
        return np.array([who for who, group in enumerate(self.people.group) if group == "everyday"], np.int64)

    def follow(self, follower: I64, followee: I64 | int, *, left: bool = False) -> None:
        """Let accounts follow one account, or one account each; with `left` they unfollow again later."""
        size = len(follower)
        to = np.broadcast_to(np.asarray(followee, np.int64), size).copy()
        self.given_follows.append(GivenFollows(follower, to, np.full(size, left)))

    def give_followers(self, rng: np.random.Generator, account: int, pool: I64, count: int) -> None:
        """Give an account `count` followers drawn from `pool`; from then on it has no random followers."""
        pool = pool[pool != account]
        self.follow(rng.choice(pool, min(count, len(pool)), replace=False), account)
        self.given_followers_only.add(account)

    def created_together(self, rng: np.random.Generator, members: I64, weeks: float = 3) -> None:
        """Set creation times within a few weeks of each other, one to twelve months before the world starts."""
        first = -int(rng.integers(30, 365)) * 86_400
        for who in members.tolist():
            self.profile_of(who).created_s = first + int(rng.uniform(0, weeks * 7 * 86_400))

    def appeal(self) -> Floats:
        """Average likes of a post, by account number."""
        likes: Floats = self.people.audience.astype(np.float64) * 0.004
        for who, mean in self.likes.items():
            likes[who] = mean
        return likes
