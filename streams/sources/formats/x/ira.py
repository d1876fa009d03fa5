"""The Internet Research Agency tweets as FiveThirtyEight published them."""

import polars as pl

from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in, without_urls
from streams.sources.cells.times import text_seconds
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.text_keys import text_keys
from streams.sources.screening import Decoded

_LED_TO = ("tco1_step1", "tco2_step1", "tco3_step1")


class Ira(CsvFormat):
    """Tweets. Their id is made from author, time and text, since the first version of the files has none.

    Later versions say where the shortened links of a tweet lead. The account is the author's name in lower case, since
    a spreadsheet damaged the account ids. Retweets have the text of the original but not its id, so a hash of the text
    is used as its id.
    """

    name = "ira"
    about = "Internet Research Agency, as FiveThirtyEight published it"
    needed = ("author", "content", "publish_date")
    optional = ("language", "following", "followers", "retweet", *_LED_TO)

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts; links, hashtags and mentions come from the text."""
        when = rows["publish_date"]
        text = pl.col("content")
        led_to = pl.concat_list(known(pl.col(name)) for name in _LED_TO).list.drop_nulls()
        identity = pl.concat_str(
            pl.col("author").str.to_lowercase(), "publish_date", text, separator="\x00", ignore_nulls=True
        )
        original = pl.when(pl.col("retweet").str.strip_chars().is_in(["1", "1.0", "true", "True"])).then(
            without_urls(text)
        )
        keys = rows.select(identity.alias("identity"), original.alias("original"))
        posts = rows.select(
            text_keys(keys["identity"]).alias("post_id"),
            pl.lit("x").alias("platform"),
            pl.col("author").str.to_lowercase().alias("account_id"),
            text_seconds(when, "%m/%d/%Y %H:%M").alias("created_at"),
            text.alias("text"),
            pl.col("language").alias("lang"),
            pl.when(led_to.list.len() > 0).then(led_to).otherwise(urls_in(text)).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            mentions_in(text).alias("mentions"),
            ("text:" + text_keys(keys["original"])).alias("repost_of"),
            count(pl.col("followers")).alias("followers_count"),
            count(pl.col("following")).alias("following_count"),
        )
        return Decoded(posts, when)
