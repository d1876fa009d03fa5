"""Turns the log of a world into canonical posts, in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.prose import LANGUAGES, TOPIC_LANGUAGE, Floats, compose
from streams.simulation.background.world_log import START, WorldLog
from streams.simulation.records.canonical import POST_ID_BASE

CHUNK = 100_000
_REPOST_CHARACTERS = 140
_WEB = "web"
_NO_TEXT = pl.Series([None], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Names:
    """The public names of each account, by number."""

    platform: pl.Series
    account_id: pl.Series
    handle: pl.Series
    """Without @."""

    @staticmethod
    def numbered(accounts: int) -> "Names":
        """Names made of the account numbers, all on one platform."""
        number = pl.Series(range(accounts)).cast(pl.String)
        return Names(
            pl.Series(["x"]).new_from_index(0, accounts), "p" + number.str.zfill(6), "user_" + number
        )


def render(log: WorldLog, span_s: int, resolution_s: int, names: Names) -> Iterator[pl.DataFrame]:
    """Give all posts within the first `span_s` seconds, sorted by time.

    Args:
        log: what happened in the world.
        span_s: length of the world.
        resolution_s: times are rounded down to this many seconds; the order of posts does not change.
        names: the names of the accounts.

    Returns:
        Frames of up to `CHUNK` rows with the columns of a canonical post except the counts, and `account` (number),
        `repeats` and `answered` (how many reposts and answers the post has in the world).
    """
    posts = log.posts().with_row_index("number").filter(pl.col("at").is_between(0, span_s - 1))
    posts = posts.sort("at", "number").with_columns(at=pl.col("at") // resolution_s * resolution_s)
    place = np.full(log.posted, -1)
    place[posts["number"].to_numpy()] = np.arange(posts.height)
    table = _rendered(log, posts, place, names)
    for first in range(0, table.height, CHUNK):
        yield table.slice(first, CHUNK)


def with_counts(rng: np.random.Generator, chunk: pl.DataFrame, audience: I64, following: I64) -> pl.DataFrame:
    """Add the platform's counts; only original posts have reactions.

    Args:
        rng: draws the reactions.
        chunk: a frame of `render`.
        audience: followers of each account, by number.
        following: accounts each account follows.
    """
    original = chunk["repost_of"].is_null()
    nothing = pl.Series([None], dtype=pl.Int64)
    repeats = chunk["repeats"].to_numpy()
    followers = audience[chunk["account"]]
    appeal = followers * 0.004 * rng.lognormal(0.0, 1.0, len(followers))
    return chunk.with_columns(
        followers_count=pl.Series(followers),
        following_count=pl.Series(following[chunk["account"]]),
        likes=pl.Series(rng.poisson(appeal + repeats * 2)).zip_with(original, nothing),
        reposts=pl.Series(repeats).zip_with(original, nothing),
        replies=pl.Series(rng.poisson(appeal * 0.1)).zip_with(original, nothing),
    )


def with_final_counts(
    rng: np.random.Generator, chunk: pl.DataFrame, appeal: Floats, counts_at: int
) -> pl.DataFrame:
    """Add the platform's final counts: never below the reposts and answers in the world itself.

    One original post in ten has no counts, and posts on the web have none.

    Args:
        rng: draws the reactions.
        chunk: a frame of `render`.
        appeal: average likes of a post, by account number.
        counts_at: when the counts were read, seconds since 1970 UTC.
    """
    rows = chunk.height
    known = chunk["repost_of"].is_null() & (chunk["platform"] != _WEB) & pl.Series(rng.random(rows) < 0.9)
    nothing = pl.Series([None], dtype=pl.Int64)
    repeats, answered = chunk["repeats"].to_numpy(), chunk["answered"].to_numpy()
    liked = appeal[chunk["account"]] * rng.lognormal(0.0, 1.0, rows)
    return chunk.with_columns(
        likes=pl.Series(rng.poisson(liked + repeats * 2)).zip_with(known, nothing),
        reposts=pl.Series(repeats + rng.poisson(liked * 0.3)).zip_with(known, nothing),
        replies=pl.Series(answered + rng.poisson(liked * 0.1)).zip_with(known, nothing),
        metrics_at=pl.Series(np.full(rows, counts_at)).zip_with(known, nothing),
    )


def _rendered(log: WorldLog, posts: pl.DataFrame, place: I64, names: Names) -> pl.DataFrame:
    """Write out posts in time order; `place` is the row of each post number, -1 for posts outside the world's time."""
    own = {name: posts[name].to_numpy() for name in posts.columns}
    sayings = log.sayings()
    texts = compose(log.rng, sayings)
    rows = np.arange(posts.height)
    # A repost has the text, the link and the hashtags of the post it shares.
    source = np.where(own["shares"] >= 0, place[own["shares"]], rows)
    saying, tags = own["saying"], own["tags"]
    tag_sets = pl.Series([*log.tag_sets, []], dtype=pl.List(pl.String))
    phrases = pl.Series([*log.phrases, ""], dtype=pl.String)
    handle = pl.concat([names.handle, pl.Series([""])])
    mention = np.where(own["mention"] >= 0, own["mention"], len(handle) - 1)
    ids = pl.Series(POST_ID_BASE + rows).cast(pl.String)
    answered = place[np.maximum(own["answers"], 0)]
    table = pl.DataFrame(
        {
            "post_id": ids,
            "account": own["account"],
            "created_at": own["at"] + START,
            "platform": names.platform.gather(own["account"]),
            "before": phrases.gather(np.where(own["before"] >= 0, own["before"], len(phrases) - 1)),
            "text": texts.gather(np.maximum(saying, 0)),
            "after": phrases.gather(np.where(own["after"] >= 0, own["after"], len(phrases) - 1)),
            "lang": pl.Series(LANGUAGES).gather(TOPIC_LANGUAGE[sayings.topic[np.maximum(saying, 0)]]),
            "url": _urls(log, own["article"]),
            "also": _urls(log, own["also"]),
            "hashtags": tag_sets.gather(np.where(tags >= 0, tags, len(tag_sets) - 1)),
            "mentioned": handle.gather(mention),
            "repost_of": ids.gather(source).zip_with(pl.Series(own["shares"] >= 0), _NO_TEXT),
            "reply_to": ids.gather(answered).zip_with(pl.Series(own["answers"] >= 0), _NO_TEXT),
        }
    ).with_columns(text=_full_text())
    carried = table.select("text", "lang", "url", "also", "hashtags")[source]
    author = handle.gather(own["account"][source])
    answers = np.where(own["answers"] >= 0, answered, -1)
    return table.with_columns(
        carried,
        author=author,
        repeats=pl.Series(_occurrences(source, own["shares"] >= 0)),
        answered=pl.Series(_occurrences(answers, answers >= 0)),
    ).select(
        *("post_id", "account", "created_at", "lang", "hashtags", "repost_of", "reply_to", "repeats"),
        *("answered", "platform"),
        account_id=names.account_id.gather(own["account"]),
        text=pl.when(pl.col("repost_of").is_null())
        .then("text")
        .otherwise("RT @" + pl.col("author") + ": " + _shortened()),
        urls=pl.when(pl.col("url").is_not_null()).then(pl.concat_list("url", "also").list.drop_nulls()),
        mentions=pl.when(pl.col("repost_of").is_not_null())
        .then(pl.concat_list("author"))
        .when(pl.col("mentioned") != "")
        .then(pl.concat_list("mentioned")),
    )


def _urls(log: WorldLog, article: I64) -> pl.Series:
    """The address of each article, null for -1."""
    topic, site = log.articles()
    urls = (
        "https://"
        + pl.Series(log.sites).gather(site[article])
        + "/t"
        + pl.Series(topic[article]).cast(pl.String)
        + "/"
        + pl.Series(article).cast(pl.String)
    )
    return urls.zip_with(pl.Series(article >= 0), _NO_TEXT)


def _full_text() -> pl.Expr:
    """The saying with the mention before it (in answers) or after it, the hashtags and the links.

    An article on a site does not contain its own address.
    """
    mentioned = pl.col("mentioned") != ""
    answer = pl.col("reply_to").is_not_null()
    tagged = pl.col("hashtags").list.len() > 0
    on_site = pl.col("platform") == _WEB
    return pl.concat_str(
        pl.when(mentioned & answer).then("@" + pl.col("mentioned") + " "),
        "before",
        "text",
        "after",
        pl.when(mentioned & ~answer).then(" @" + pl.col("mentioned")),
        pl.when(tagged).then(" #" + pl.col("hashtags").list.join(" #")),
        pl.when(~on_site).then(" " + pl.col("url")),
        pl.when(~on_site).then(" " + pl.col("also")),
        ignore_nulls=True,
    )


def _shortened() -> pl.Expr:
    """Texts cut to 140 characters, as the platform used to cut reposts."""
    text = pl.col("text")
    cut = text.str.slice(0, _REPOST_CHARACTERS - 1) + "\u2026"
    return pl.when(text.str.len_chars() > _REPOST_CHARACTERS).then(cut).otherwise(text)


def _occurrences(source: I64, naming: Bools) -> I64:
    """For each post, how many posts have it as `source`; only rows that are `naming` count."""
    return np.bincount(source[naming], minlength=len(source))
