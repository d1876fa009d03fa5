"""The log of a world: every text, article, set of hashtags and post, entered as it happens."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64
from streams.simulation.background.prose import Floats, Sayings, lengths

START = 1_709_510_400
"""Seconds since 1970 UTC of the beginning of a world: 2024-03-04T00:00:00Z, a Monday."""

Number = I64 | int
"""One number for all posts, or one for each."""


@dataclass(slots=True)
class WorldLog:
    """What happens in a world. Entries get consecutive numbers; posts may be entered in any order of time.

    A saying is a text as the world knows it before it is written out: topic, length, and what it copies.
    """

    rng: np.random.Generator
    sites: list[str] = field(default_factory=list)
    tag_sets: list[list[str]] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    _sayings: list[Sayings] = field(default_factory=list)
    _articles: list[tuple[I64, I64, I64]] = field(default_factory=list)
    _posts: list[pl.DataFrame] = field(default_factory=list)
    _said: int = 0
    _published: int = 0
    posted: int = 0
    """Posts entered so far."""

    def say(self, topic: I64, words: Number | None = None) -> I64:
        """Enter new sayings on these topics, `words` long or of usual length; return their numbers."""
        none = np.full(len(topic), -1)
        length = lengths(self.rng, topic) if words is None else np.full(len(topic), words, np.int64)
        return self._enter(Sayings(topic, length, none, none.astype(np.float64)))

    def edit(self, saying: Number, topic: Number, edits: float, size: int) -> I64:
        """Enter `size` copies of original sayings; each word is replaced with probability `edits`."""
        full = np.full(size, 1, np.int64)
        return self._enter(Sayings(full * topic, full, full * saying, np.full(size, edits)))

    def publish(self, topic: I64, site: I64, words: Number | None = None) -> tuple[I64, I64]:
        """Enter articles; return their numbers and those of their headlines, `words` long or of usual length."""
        headline = self.say(topic, words)
        self._articles.append((topic, site, headline))
        self._published += len(topic)
        return np.arange(self._published - len(topic), self._published), headline

    def site(self, name: str) -> int:
        """Enter a web site by its host name; return its number."""
        self.sites.append(name)
        return len(self.sites) - 1

    def tags(self, names: Sequence[str]) -> int:
        """Enter a set of hashtags in the order written; return its number."""
        self.tag_sets.append(list(names))
        return len(self.tag_sets) - 1

    def phrase(self, text: str) -> int:
        """Enter a phrase to put before or after a saying; return its number."""
        self.phrases.append(text)
        return len(self.phrases) - 1

    def post(
        self,
        at: Floats | I64,
        account: I64,
        *,
        saying: Number = -1,
        article: Number = -1,
        tags: Number = -1,
        shares: Number = -1,
        answers: Number = -1,
        mention: Number = -1,
        before: Number = -1,
        after: Number = -1,
        also: Number = -1,
    ) -> I64:
        """Enter posts; return their numbers.

        Args:
            at: seconds since the start of the world, rounded down.
            account: the author of each post.
            saying: the text; -1 for reposts.
            article: the article linked.
            tags: the set of hashtags.
            shares: the post reposted.
            answers: the post answered.
            mention: an account mentioned.
            before: the phrase before the text.
            after: the phrase after the text.
            also: a second article linked.
        """
        columns = {"saying": saying, "article": article, "tags": tags, "shares": shares}
        columns |= {"answers": answers, "mention": mention, "before": before, "after": after, "also": also}
        size = len(account)
        filled = {name: np.broadcast_to(np.asarray(value, np.int64), size) for name, value in columns.items()}
        self._posts.append(pl.DataFrame({"at": np.asarray(at, np.int64), "account": account, **filled}))
        self.posted += size
        return np.arange(self.posted - size, self.posted)

    def posts(self) -> pl.DataFrame:
        """All posts so far, by number: `at`, `account` and the arguments of `post`; -1 means none."""
        self._posts = [pl.concat(self._posts)]
        return self._posts[0]

    def sayings(self) -> Sayings:
        """All sayings so far, by number."""
        return Sayings(
            topic=np.concatenate([part.topic for part in self._sayings]),
            length=np.concatenate([part.length for part in self._sayings]),
            copy_of=np.concatenate([part.copy_of for part in self._sayings]),
            edits=np.concatenate([part.edits for part in self._sayings]),
        )

    def articles(self) -> tuple[I64, I64]:
        """Topic and site of each article, by number."""
        topic, site, _ = (np.concatenate(column) for column in zip(*self._articles, strict=True))
        return topic, site

    def _enter(self, sayings: Sayings) -> I64:
        self._sayings.append(sayings)
        self._said += len(sayings.topic)
        return np.arange(self._said - len(sayings.topic), self._said)
