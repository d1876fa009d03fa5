"""The book of a planted world: every saying, article, set of hashtags and post, entered as it happens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.canonical import POST_ID_BASE
from benchmarks.planted_prose import LANGUAGES, TOPIC_LANGUAGE, Floats, Ints, Sayings, compose, lengths

START = 1_709_510_400
"""Seconds since 1970 UTC of the beginning of a world: 2024-03-04T00:00:00Z, a Monday."""
_CHUNK = 100_000
_REPOST_CHARACTERS = 140

Number = Ints | int
"""One number for all posts, or one each."""


@dataclass(slots=True)
class Book:
    """Entries get consecutive numbers; posts may be entered in any order of time."""

    rng: np.random.Generator
    sites: list[str] = field(default_factory=list)
    tag_sets: list[list[str]] = field(default_factory=list)
    _sayings: list[Sayings] = field(default_factory=list)
    _articles: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)
    _posts: list[pl.DataFrame] = field(default_factory=list)
    _said: int = 0
    _published: int = 0
    _posted: int = 0

    def say(self, topic: Ints, words: int | None = None) -> Ints:
        """Enter new sayings on these topics, of usual length or of so many words; return their numbers."""
        none = np.full(len(topic), -1)
        length = lengths(self.rng, topic) if words is None else np.full(len(topic), words)
        return self._enter(Sayings(topic, length, none, none.astype(np.float64)))

    def edit(self, saying: int, topic: int, edits: float, size: int) -> Ints:
        """Enter `size` copies of an original saying, each word replaced with chance `edits`."""
        full = np.full(size, 1)
        return self._enter(Sayings(full * topic, full, full * saying, np.full(size, edits)))

    def publish(self, topic: Ints, site: Ints) -> tuple[Ints, Ints]:
        """Enter articles; return their numbers and those of their headlines."""
        headline = self.say(topic)
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

    def post(
        self,
        at: Floats | Ints,
        account: Ints,
        *,
        saying: Number = -1,
        article: Number = -1,
        tags: Number = -1,
        shares: Number = -1,
        answers: Number = -1,
        mention: Number = -1,
    ) -> Ints:
        """Enter posts; return their numbers.

        Args:
            at: seconds since the start of the world, rounded down.
            account: who posts.
            saying: what they say; -1 for reposts.
            article: the article linked.
            tags: the set of hashtags.
            shares: the post reposted.
            answers: the post answered.
            mention: an account mentioned.
        """
        columns = {"saying": saying, "article": article, "tags": tags, "shares": shares}
        columns |= {"answers": answers, "mention": mention}
        size = len(account)
        filled = {name: np.broadcast_to(np.asarray(value, np.int64), size) for name, value in columns.items()}
        self._posts.append(pl.DataFrame({"at": np.asarray(at, np.int64), "account": account, **filled}))
        self._posted += size
        return np.arange(self._posted - size, self._posted)

    def posts(self) -> pl.DataFrame:
        """All posts so far, by number: `at`, `account` and the arguments of `post`; -1 means none."""
        self._posts = [pl.concat(self._posts)]
        return self._posts[0]

    def frames(
        self, span_s: int, resolution_s: int, audience: Ints, following: Ints
    ) -> Iterator[pl.DataFrame]:
        """Give all posts within the first `span_s` seconds as canonical frames, sorted by time.

        Args:
            span_s: length of the world.
            resolution_s: times are rounded down to this many seconds, after which the order is as before.
            audience: followers of each account.
            following: accounts each account follows.
        """
        posts = self.posts().with_row_index("number").filter(pl.col("at").is_between(0, span_s - 1))
        posts = posts.sort("at", "number").with_columns(at=pl.col("at") // resolution_s * resolution_s)
        place = np.full(self._posted, -1)
        place[posts["number"].to_numpy()] = np.arange(posts.height)
        texts = compose(
            self.rng, Sayings(*map(np.concatenate, zip(*map(_columns, self._sayings), strict=True)))
        )
        table = self._rendered(posts, place, texts)
        for first in range(0, table.height, _CHUNK):
            chunk = table.slice(first, _CHUNK)
            yield _counted(self.rng, chunk, audience[chunk["account"]], following[chunk["account"]])

    def _enter(self, sayings: Sayings) -> Ints:
        self._sayings.append(sayings)
        self._said += len(sayings.topic)
        return np.arange(self._said - len(sayings.topic), self._said)

    def _rendered(self, posts: pl.DataFrame, place: Ints, texts: pl.Series) -> pl.DataFrame:
        """Write out posts in time order; `place` is where each post number stands, -1 where it fell out."""
        own = {name: posts[name].to_numpy() for name in posts.columns}
        rows = np.arange(posts.height)
        # A repost says, links and tags what the post it shares does.
        source = np.where(own["shares"] >= 0, place[own["shares"]], rows)
        topic = np.concatenate([sayings.topic for sayings in self._sayings])
        article_topic, article_site, _ = (
            np.concatenate(column) for column in zip(*self._articles, strict=True)
        )
        saying, article, tags = own["saying"], own["article"], own["tags"]
        names = pl.Series([*self.tag_sets, []], dtype=pl.List(pl.String))
        urls = (
            "https://"
            + pl.Series(self.sites).gather(article_site[article])
            + "/t"
            + pl.Series(article_topic[article]).cast(pl.String)
            + "/"
            + pl.Series(article).cast(pl.String)
        )
        handle = pl.Series([f"user_{number}" for number in range(int(own["account"].max()) + 1)] + [""])
        mention = np.where(own["mention"] >= 0, own["mention"], len(handle) - 1)
        ids = pl.Series(POST_ID_BASE + rows).cast(pl.String)
        table = pl.DataFrame(
            {
                "post_id": ids,
                "account": own["account"],
                "created_at": own["at"] + START,
                "text": texts.gather(np.maximum(saying, 0)),
                "lang": pl.Series(LANGUAGES).gather(TOPIC_LANGUAGE[topic[np.maximum(saying, 0)]]),
                "url": urls.zip_with(pl.Series(article >= 0), pl.Series([None], dtype=pl.String)),
                "hashtags": names.gather(np.where(tags >= 0, tags, len(names) - 1)),
                "mentioned": handle.gather(mention),
                "repost_of": ids.gather(source).zip_with(
                    pl.Series(own["shares"] >= 0), pl.Series([None], dtype=pl.String)
                ),
                "reply_to": ids.gather(place[np.maximum(own["answers"], 0)]).zip_with(
                    pl.Series(own["answers"] >= 0), pl.Series([None], dtype=pl.String)
                ),
            }
        ).with_columns(text=_full_text())
        carried = table.select("text", "lang", "url", "hashtags")[source]
        author = handle.gather(own["account"][source])
        return table.with_columns(
            carried, author=author, repeats=pl.Series(_occurrences(source, own["shares"] >= 0))
        ).select(
            "post_id",
            "account",
            "created_at",
            "lang",
            "hashtags",
            "repost_of",
            "reply_to",
            "repeats",
            platform=pl.lit("x"),
            account_id="p" + pl.col("account").cast(pl.String).str.zfill(6),
            text=pl.when(pl.col("repost_of").is_null())
            .then("text")
            .otherwise("RT @" + pl.col("author") + ": " + _shortened()),
            urls=pl.when(pl.col("url").is_not_null()).then(pl.concat_list("url")),
            mentions=pl.when(pl.col("repost_of").is_not_null())
            .then(pl.concat_list("author"))
            .when(pl.col("mentioned") != "")
            .then(pl.concat_list("mentioned")),
        )


def _full_text() -> pl.Expr:
    """The saying with the mention before (answers) or after it, the hashtags and the link."""
    mentioned = pl.col("mentioned") != ""
    answer = pl.col("reply_to").is_not_null()
    tagged = pl.col("hashtags").list.len() > 0
    return pl.concat_str(
        pl.when(mentioned & answer).then("@" + pl.col("mentioned") + " "),
        "text",
        pl.when(mentioned & ~answer).then(" @" + pl.col("mentioned")),
        pl.when(tagged).then(" #" + pl.col("hashtags").list.join(" #")),
        " " + pl.col("url"),
        ignore_nulls=True,
    )


def _shortened() -> pl.Expr:
    """Texts of more than 140 characters cut, as reposts of the time were."""
    text = pl.col("text")
    cut = text.str.slice(0, _REPOST_CHARACTERS - 1) + "\u2026"
    return pl.when(text.str.len_chars() > _REPOST_CHARACTERS).then(cut).otherwise(text)


def _occurrences(source: Ints, reposts: npt.NDArray[np.bool_]) -> Ints:
    """For each post, how many reposts name it."""
    return np.bincount(source[reposts], minlength=len(source))


def _counted(rng: np.random.Generator, chunk: pl.DataFrame, audience: Ints, following: Ints) -> pl.DataFrame:
    """Add what the platform counts; reactions are known for original posts only."""
    original = chunk["repost_of"].is_null()
    nothing = pl.Series([None], dtype=pl.Int64)
    repeats = chunk["repeats"].to_numpy()
    appeal = audience * 0.004 * rng.lognormal(0.0, 1.0, len(audience))
    return chunk.with_columns(
        followers_count=pl.Series(audience),
        following_count=pl.Series(following),
        likes=pl.Series(rng.poisson(appeal + repeats * 2)).zip_with(original, nothing),
        reposts=pl.Series(repeats).zip_with(original, nothing),
        replies=pl.Series(rng.poisson(appeal * 0.1)).zip_with(original, nothing),
    )


def _columns(sayings: Sayings) -> tuple[Ints, Ints, Ints, Floats]:
    return sayings.topic, sayings.length, sayings.copy_of, sayings.edits
