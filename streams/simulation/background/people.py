"""The accounts of a world: how much they post, when they are awake, which topics they post about."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.prose import LANGUAGES, TOPIC_LANGUAGE, Floats

DAY = 86_400
HOUR = 3600

_LANGUAGE_SHARE = (0.6, 0.25, 0.15)
_ZONES = ((-8, -6, -5, 0, 1), (-6, -5, -3, 1), (8,))
"""Time zones of the speakers of each language, hours ahead of UTC."""
_HYPERACTIVE = 0.003
_PART_TIME = 0.3
_AWAKE_S = 16 * HOUR


@dataclass(slots=True)
class People:
    """Accounts as parallel arrays."""

    language: I64
    zone_s: I64
    """Seconds ahead of UTC."""
    wakes_s: I64
    """Seconds after local midnight at which the day begins."""
    rate: Floats
    """Everyday posts a day while active."""
    begins_s: I64
    ends_s: I64
    """First and last moment at which the account posts, seconds since the start of the world."""
    habits: Floats
    """Probabilities of writing, linking, reposting and answering; one row for each account."""
    topics: I64
    """Three topics for each account; it prefers the first by far."""
    audience: I64
    """Followers."""
    following: I64
    label: list[str]
    group: list[str]
    added: Bools
    """Accounts that were added for a role; they do not count as ordinary people."""

    def __len__(self) -> int:
        return len(self.rate)

    def choose_for_role(self, rng: np.random.Generator, size: int, label: str, group: str) -> I64:
        """Give a role to `size` ordinary accounts of one language, active throughout; return their numbers."""
        language = rng.choice(len(LANGUAGES), p=_LANGUAGE_SHARE)
        free = [
            who for who in np.flatnonzero(self.language == language).tolist() if self.group[who] == "everyday"
        ]
        if len(free) < size:
            raise ValueError(
                f"{int((~self.added).sum())} accounts are too few for all groups: more than 2,500 will do"
            )
        chosen = np.sort(rng.choice(free, size, replace=False))
        for who in chosen.tolist():
            self.label[who], self.group[who] = label, group
        self.begins_s[chosen], self.ends_s[chosen] = 0, self.ends_s.max()
        return chosen

    def add_accounts(self, rng: np.random.Generator, size: int, language: int, label: str, group: str) -> I64:
        """Add `size` accounts for a role; return their numbers.

        They live in one time zone and exist throughout. Until the caller sets it, they post nothing of their own and
        have no followers.
        """
        first = len(self)
        topics = _interests(rng, np.full(1, language))
        zone_s = int(rng.choice(_ZONES[language])) * HOUR
        added = {
            "language": np.full(size, language),
            "zone_s": np.full(size, zone_s),
            "wakes_s": np.clip(rng.normal(8, 1, size) * HOUR, 0, 14 * HOUR).astype(np.int64),
            "rate": np.zeros(size),
            "begins_s": np.zeros(size, np.int64),
            "ends_s": np.full(size, self.ends_s.max()),
            "habits": rng.dirichlet((1.2, 1.0, 1.8, 0.8), size),
            "topics": np.repeat(topics, size, axis=0),
            "audience": np.zeros(size, np.int64),
            "following": np.clip(rng.lognormal(5.3, 1.2, size), 1, 5e4).astype(np.int64),
            "added": np.ones(size, np.bool_),
        }
        for name, values in added.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))
        self.label += [label] * size
        self.group += [group] * size
        return np.arange(first, first + size)


def populate(rng: np.random.Generator, accounts: int, span_s: int) -> People:
    """Draw `accounts` people for a period of `span_s` seconds.

    Activity is log-normal: the median is 1.2 posts a day, and one account in a hundred posts more than 20. Three in a
    thousand are hyperactive (60-200 a day). Three in ten exist only for a part of the period.
    """
    language = rng.choice(len(LANGUAGES), accounts, p=_LANGUAGE_SHARE)
    zone = np.array([rng.choice(_ZONES[number]) for number in language.tolist()], dtype=np.int64)
    rate = np.clip(rng.lognormal(0.2, 1.2, accounts), 0.05, 60)
    hyper = rng.random(accounts) < _HYPERACTIVE
    rate[hyper] = rng.uniform(60, 200, int(hyper.sum()))
    begins, ends = np.zeros(accounts, np.int64), np.full(accounts, span_s)
    for who in np.flatnonzero(rng.random(accounts) < _PART_TIME).tolist():
        begins[who], ends[who] = np.sort(rng.integers(0, span_s, 2))
    audience = np.clip(rng.lognormal(5.0, 1.8, accounts), 1, 5e7).astype(np.int64)
    return People(
        language=language,
        zone_s=zone * HOUR,
        wakes_s=np.clip(rng.normal(7, 1.5, accounts) * HOUR, 0, 14 * HOUR).astype(np.int64),
        rate=rate,
        begins_s=begins,
        ends_s=ends,
        habits=rng.dirichlet((1.2, 1.0, 1.8, 0.8), accounts),
        topics=_interests(rng, language),
        audience=audience,
        following=np.clip(rng.lognormal(5.3, 1.2, accounts), 1, 5e4).astype(np.int64),
        label=["organic"] * accounts,
        group=["hyperactive" if is_hyper else "everyday" for is_hyper in hyper.tolist()],
        added=np.zeros(accounts, np.bool_),
    )


def awake_times(rng: np.random.Generator, people: People, who: I64, span_s: int) -> Floats:
    """Draw for each row a moment at which the account `who` is awake, in seconds since the start.

    Moments at which the account does not exist come out as -1. Weekends have a fifth fewer posts.
    """
    first, last = people.begins_s[who] // DAY - 1, people.ends_s[who] // DAY + 1
    day = rng.integers(first, last)
    quiet = (np.mod(day, 7) >= 5) & (rng.random(len(who)) < 0.2)
    local = people.wakes_s[who] + rng.beta(1.5, 1.3, len(who)) * _AWAKE_S
    at = day * DAY + local - people.zone_s[who]
    there = (at >= people.begins_s[who]) & (at < people.ends_s[who]) & (at < span_s)
    return np.where(there & ~quiet, at, -1.0)


def _interests(rng: np.random.Generator, language: I64) -> I64:
    """Give each account three topics of its language; some topics are far more popular than others."""
    interests = np.empty((len(language), 3), np.int64)
    for number in range(len(LANGUAGES)):
        topics = np.flatnonzero(TOPIC_LANGUAGE == number)
        weights = np.arange(1, len(topics) + 1) ** -0.8
        rows = np.flatnonzero(language == number)
        interests[rows] = rng.choice(topics, (len(rows), 3), p=weights / weights.sum())
    return interests
