"""Posts of many platforms as 4CAT exports them."""

from collections.abc import Collection

import polars as pl

from streams.sources.cells.identities import ids, reposts_in, within
from streams.sources.cells.lists import handles, links, tags
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded

_HOSTS = {
    "x": r"(?:twitter|x)\.com",
    "bluesky": r"bsky\.app",
    "tiktok": r"tiktok\.com",
    "instagram": r"instagram\.com",
    "facebook": r"facebook\.com",
    "reddit": r"reddit\.com",
    "telegram": r"t\.me",
    "youtube": r"youtube\.com|youtu\.be",
    "threads": r"threads\.(?:net|com)",
    "linkedin": r"linkedin\.com",
    "truth": r"truthsocial\.com",
    "gab": r"gab\.com",
}
_COLUMNS_OF = {
    "x": ("is_retweet", "retweeted_user"),
    "bluesky": ("replied_to_post", "quoted_post"),
    "tiktok": ("tiktok_url", "is_duet"),
    "telegram": ("author_forwarded_from_name", "author_is_bot"),
    "reddit": ("subreddit",),
}
_PERMALINKS = ("link", "post_url", "tiktok_url", "url")
_COUNTS = {
    "likes": ("like_count", "likes", "num_likes", "score"),
    "reposts": ("retweet_count", "repost_count", "shares", "forwards"),
    "replies": ("reply_count", "comments", "num_comments"),
    "quotes": ("quote_count",),
    "views": ("impression_count", "plays", "views"),
    "followers_count": ("author_followers",),
    "following_count": ("author_following",),
}
_AUTHOR = pl.coalesce(ids(pl.col("author_id")), known(pl.col("author")))
_TIMES = ("unix_timestamp", "timestamp", "created_at")


class FourCat(CsvFormat):
    """Any export of 4CAT: the columns that all have, and the more of each platform.

    The columns of a platform show which one it is, or else the link to the post; a table without either is `unknown`.
    """

    name = "4cat"
    about = "4CAT, any platform"
    needed = ("id", "thread_id", "author", "body")
    optional = (
        *_TIMES,
        "author_id",
        "language_guess",
        "languages",
        "hashtags",
        "tags",
        "urls",
        "links",
        "mentions",
        "retweeted_user",
        "quoted_post",
        "replied_to_post",
        "reply_to",
        "author_forwarded_from_name",
        "author_forwarded_from_username",
        "unix_timestamp_forwarded_from",
        *_PERMALINKS,
        *(name for names in _COUNTS.values() for name in names),
    )

    @classmethod
    def fits(cls, columns: Collection[str]) -> bool:
        """Whether it has the columns of every export, with a time."""
        return super().fits(columns) and any(name in columns for name in _TIMES)

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts. A repost on X has the text of the original and no id of it."""
        when = rows.select(pl.coalesce(known(pl.col(name)) for name in _TIMES)).to_series()
        text = pl.col("body")
        thread = pl.col("thread_id")
        retweeted = pl.when(known(pl.col("retweeted_user")).is_not_null()).then(reposts_in(text))
        posts = rows.select(
            ids(pl.col("id")).alias("post_id"),
            self._platform().alias("platform"),
            _AUTHOR.alias("account_id"),
            times(when).alias("created_at"),
            text.alias("text"),
            known(pl.coalesce("language_guess", "languages")).alias("lang"),
            pl.coalesce(links(pl.col("urls")), links(pl.col("links")), urls_in(text)).alias("urls"),
            pl.coalesce(tags(pl.col("hashtags")), tags(pl.col("tags")), hashtags_in(text)).alias("hashtags"),
            pl.coalesce(handles(pl.col("mentions")), mentions_in(text)).alias("mentions"),
            retweeted.alias("repost_of"),
            # posts of a thread answer its first one, where nothing else is known
            pl.coalesce(
                known(pl.col("replied_to_post")),
                ids(pl.col("reply_to")),
                pl.when(retweeted.is_null() & (thread != pl.col("id"))).then(ids(thread)),
            ).alias("reply_to"),
            known(pl.col("quoted_post")).alias("quote_of"),
            *(count(pl.coalesce(columns)).alias(name) for name, columns in _COUNTS.items()),
        )
        if self._named_platform() == "telegram":
            posts = posts.with_columns(rows.select(_of_telegram()))
        return Decoded(posts, when)

    def _named_platform(self) -> str | None:
        """The platform that the columns show."""
        for platform, columns in _COLUMNS_OF.items():
            if any(column in self.layout.columns for column in columns):
                return platform
        return None

    def _platform(self) -> pl.Expr:
        if shown := self._named_platform():
            return pl.lit(shown)
        link = pl.coalesce(_PERMALINKS)
        named = [
            pl.when(link.str.contains(rf"(?i)^https?://(?:[\w-]+\.)*(?:{hosts})/")).then(pl.lit(platform))
            for platform, hosts in _HOSTS.items()
        ]
        return pl.coalesce(*named, pl.lit("unknown"))


def _of_telegram() -> list[pl.Expr]:
    """Columns that differ for messages of Telegram, which count by chat; their thread is the chat, not a post.

    The original of a forward is known by who posted it, and when.
    """
    chat, number = known(pl.col("thread_id")), ids(pl.col("id"))
    counted = number.str.contains(r"^\d+$")  # later versions write `chat-number`
    answered = ids(pl.col("reply_to"))
    source = pl.coalesce(
        known(pl.col("author_forwarded_from_username")), known(pl.col("author_forwarded_from_name"))
    )
    return [
        pl.when(counted).then(within(chat, number)).otherwise(number).alias("post_id"),
        pl.coalesce(_AUTHOR, chat).alias("account_id"),
        pl.when(counted)
        .then(within(chat, answered))
        .otherwise(pl.concat_str(chat, answered, separator="-"))
        .alias("reply_to"),
        pl.concat_str(source, ids(pl.col("unix_timestamp_forwarded_from")), separator="@").alias("repost_of"),
    ]
