"""The table of messages that telegram-tracker builds of what it collected."""

import polars as pl

from streams.sources.cells.identities import within
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded


class TelegramTrackerCsv(CsvFormat):
    """One row a message. The original of a forward is known where its channel is: by the link to it."""

    name = "telegram-tracker"
    about = "the table of telegram-tracker"
    needed = ("channel_id", "msg_id", "message", "date")
    optional = (
        "msg_from_id",
        "msg_from_peer",
        "forward_msg_from_peer_id",
        "forward_msg_link",
        "reply_to_msg_id",
        "url",
        "views",
        "number_forwards",
        "number_replies",
    )

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        when = rows["date"]
        text = pl.col("message")
        chat = _whole("channel_id")
        sender = _whole("msg_from_id")
        is_user = pl.col("msg_from_peer") == "PeerUser"
        original = known(pl.col("forward_msg_link")).str.extract(r"/(\d+)/?$")
        links = pl.concat_list(
            urls_in(text).fill_null([]), pl.concat_list(known(pl.col("url"))).list.drop_nulls()
        )
        posts = rows.select(
            within(chat, _whole("msg_id")).alias("post_id"),
            pl.lit("telegram").alias("platform"),
            pl.when(is_user & sender.is_not_null())
            .then(pl.concat_str(pl.lit("user"), sender))
            .otherwise(pl.concat_str(pl.lit("channel"), chat))
            .alias("account_id"),
            times(when).alias("created_at"),
            text.alias("text"),
            links.list.unique(maintain_order=True).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            mentions_in(text).alias("mentions"),
            within(_whole("forward_msg_from_peer_id"), original).alias("repost_of"),
            within(chat, _whole("reply_to_msg_id")).alias("reply_to"),
            count(pl.col("views")).alias("views"),
            count(pl.col("number_forwards")).alias("reposts"),
            count(pl.col("number_replies")).alias("replies"),
        )
        return Decoded(posts, when)


def _whole(column: str) -> pl.Expr:
    """An id that a data frame may have written as `12.0`."""
    return known(pl.col(column)).str.strip_suffix(".0")
