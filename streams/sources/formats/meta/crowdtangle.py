"""Tables of posts of Facebook and Instagram as CrowdTangle's pages exported them."""

from collections.abc import Collection

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.text_keys import text_keys
from streams.sources.screening import Decoded

_POST = r"(?:/posts/|/permalink/|/p/|/reel/|/videos/|/tv/|story_fbid=|fbid=)(?:pcb\.)?([\w-]+)"
_OWNERS = ("Facebook Id", "User Name", "Page Name", "Group Name", "Account")
_WRITTEN = ("Message", "Description", "Title", "Link Text", "Image Text")
_OLDER = ("Likes at Posting", "Followers at Posting", "Size at Posting", "Total Interactions", "Final Link")
"""Columns that show whose a table is where the time has the plain name that it had up to 2020, `Created`."""
_EXPANDED = ":=:"
"""Stands between a shortened link, as the author wrote it, and where it leads: `bit.ly/x:=:https://one.example/`."""


class CrowdTangle(CsvFormat):
    """Posts of pages, groups or profiles, with any choice of columns.

    The id of a post is the one in its link, or else made of account, time and text. Its text is the first that is
    there of what its author wrote, then of the preview, then of the picture.
    """

    name = "crowdtangle"
    about = "CrowdTangle's tables of Facebook and Instagram, any choice of columns"
    optional = (
        "Post Created",
        "Created",
        *_OWNERS,
        *_WRITTEN,
        "URL",
        "Link",
        "Final Link",
        "Likes",
        "Comments",
        "Shares",
        "Post Views",
        "Views",
        "Followers at Posting",
        "Likes at Posting",
        "Size at Posting",
        "Total Interactions",
    )

    @classmethod
    def fits(cls, columns: Collection[str]) -> bool:
        """Whether it has a time of posting and a name of who posted."""
        older = "Created" in columns and any(name in columns for name in _OLDER)
        return ("Post Created" in columns or older) and any(name in columns for name in _OWNERS)

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts. Tables of Instagram have accounts, those of Facebook pages or groups."""
        when = rows.select(pl.coalesce("Post Created", "Created").alias("when")).to_series()
        is_instagram = "Account" in self.layout.columns
        owner = pl.coalesce(ids(pl.col("Facebook Id")), *(known(pl.col(name)) for name in _OWNERS[1:]))
        written = pl.coalesce(known(pl.col(name)) for name in _WRITTEN)
        rows = rows.with_columns(
            owner.alias("owner"), when, written.str.replace_all(rf"{_EXPANDED}\S+", "").alias("text")
        )
        identity = pl.concat_str("owner", "when", "text", separator="\x00", ignore_nulls=True)
        made = pl.concat_str(pl.lit("text:"), pl.lit(text_keys(rows.select(identity).to_series())))
        number = pl.col("URL").str.extract(_POST)
        text = pl.col("text")
        posts = rows.select(
            pl.coalesce(number, known(pl.col("URL")), made).alias("post_id"),
            pl.lit("instagram" if is_instagram else "facebook").alias("platform"),
            pl.col("owner").alias("account_id"),
            times(when, "%Y-%m-%d %H:%M:%S %Z").alias("created_at"),
            text,
            _shared(number).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            mentions_in(text).alias("mentions"),
            followers("Followers at Posting", "Size at Posting", "Likes at Posting").alias("followers_count"),
            count(pl.col("Likes")).alias("likes"),
            count(pl.col("Shares")).alias("reposts"),
            count(pl.col("Comments")).alias("replies"),
            count(pl.coalesce("Post Views", "Views")).alias("views"),
        )
        return Decoded(posts, when)


def followers(*columns: str) -> pl.Expr:
    """The first of several counts of followers; 0 at the time of a post means that nobody had counted them by then."""
    return count(pl.coalesce(pl.col(name).replace("0", None) for name in columns))


def _shared(number: pl.Expr) -> pl.Expr:
    """Links of a post, in the form they lead to, without those to its own pictures and to itself."""
    link = pl.coalesce(known(pl.col("Final Link")), known(pl.col("Link")))
    own = link.str.contains(r"(?i)^https?://(?:[\w-]+\.)?(?:facebook|instagram)\.com/") & (
        link.str.contains(r"(?i)/photos?[/.]|/photo\?")
        | (link.str.extract(_POST) == number).fill_null(value=False)
    )
    kept = pl.concat_list(pl.when(~own.fill_null(value=False)).then(link)).list.drop_nulls()
    message = pl.col("Message").str.replace_all(rf"\S+{_EXPANDED}", "")
    return pl.concat_list(kept, urls_in(message).fill_null([])).list.unique(maintain_order=True)
