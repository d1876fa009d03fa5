"""Videos and comments of YouTube as YouTube Data Tools exports them."""

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.texts import count, hashtags_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded


class YouTubeVideos(CsvFormat):
    """Lists of videos: the account is the channel, the text title and description."""

    name = "youtube-videos"
    about = "YouTube Data Tools, lists of videos"
    needed = ("channelId", "videoId", "publishedAt")
    optional = ("videoTitle", "videoDescription", "defaultLanguage", "viewCount", "likeCount", "commentCount")

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        text = pl.concat_str("videoTitle", "videoDescription", separator="\n", ignore_nulls=True)
        posts = rows.select(
            pl.col("videoId").alias("post_id"),
            pl.lit("youtube").alias("platform"),
            pl.col("channelId").alias("account_id"),
            times(rows["publishedAt"]).alias("created_at"),
            text.alias("text"),
            pl.col("defaultLanguage").alias("lang"),
            urls_in(text).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            count(pl.col("viewCount")).alias("views"),
            count(pl.col("likeCount")).alias("likes"),
            count(pl.col("commentCount")).alias("replies"),
        )
        return Decoded(posts, rows["publishedAt"])


class YouTubeComments(CsvFormat):
    """Comments of a video: the account is the channel of who comments. The table does not name the video."""

    name = "youtube-comments"
    about = "YouTube Data Tools, comments"
    needed = ("id", "publishedAt", "authorChannelId", "text")
    optional = ("isReplyTo", "likeCount", "replyCount")
    other_names: ClassVar[Mapping[str, str]] = {"authorName": "authorChannelId"}  # under pseudonyms

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        text = pl.col("text")
        posts = rows.select(
            pl.col("id").alias("post_id"),
            pl.lit("youtube").alias("platform"),
            pl.col("authorChannelId").alias("account_id"),
            times(rows["publishedAt"]).alias("created_at"),
            text.alias("text"),
            urls_in(text).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            ids(pl.col("isReplyTo")).alias("reply_to"),
            count(pl.col("likeCount")).alias("likes"),
            count(pl.col("replyCount")).alias("replies"),
        )
        return Decoded(posts, rows["publishedAt"])
