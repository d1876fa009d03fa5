"""From posts to shares: what each post acted on, as keys that the kernels can compare."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U8, U64, Bools
from detectors.arrays.hashing import hash_slices, hash_strings
from detectors.config import KINDS, DetectionConfig
from detectors.post_columns import deletion_keys, is_deletion
from detectors.traces.normalising import slices
from detectors.traces.text import count_characters, count_shingles, normalised_texts
from detectors.traces.urls import canonical_url
from schemas.shares import TraceKind

ACCOUNT_KEYS, POST_KEYS, _ROW = 101, 102, 103
"""Domains of hashed names (`platform:id`); kinds of objects use their number in `KINDS`."""

_LABEL_CHARS = 280
"""Characters of a text that are kept to be shown in alerts. For this number no measurement is recorded."""
_CARRIED = ("urls", "hashtags", "mentions", "media_hashes")
"""Columns in which a repost only repeats its original; they give the repost no shares. Its text does, since copies that
do not name the original share that text."""
_TEXT = KINDS.index(TraceKind.TEXT)


@dataclass(frozen=True, slots=True)
class Traces:
    """The shares of a run of posts in event order. Arrays of posts have one length, of shares another."""

    posts: pl.DataFrame
    """Columns account (`platform:account_id`), post_id, platform, lang (String), followers_count (Int64)."""
    times: I64
    """Event time of each post, seconds."""
    account_keys: U64
    post_keys: U64
    share_post: I32
    """Row in `posts` of each share; ascending."""
    share_kind: U8
    """Index in `detectors.config.KINDS`; ascending within a post."""
    share_object: U64
    """Key of the object; equal keys mean equal objects of one kind."""
    labels: pl.Series
    """What a person sees of each object: the URL, the start of the text, the tags."""
    begins_text: Bools
    """Whether each post's text is the first of its object, as far as texts are remembered."""

    def part(self, begin: int, end: int) -> "Traces":
        """The posts `begin` to `end` and their shares."""
        if begin == 0 and end == len(self.times):
            return self
        low, high = np.searchsorted(self.share_post, (begin, end))
        posts, shares = slice(begin, end), slice(low, high)
        return Traces(
            posts=self.posts[posts],
            times=self.times[posts],
            account_keys=self.account_keys[posts],
            post_keys=self.post_keys[posts],
            share_post=self.share_post[shares] - np.int32(begin),
            share_kind=self.share_kind[shares],
            share_object=self.share_object[shares],
            labels=self.labels[shares],
            begins_text=self.begins_text[posts],
        )


def keyed(posts: pl.DataFrame) -> pl.DataFrame:
    """Add the keys that order and identify rows: account_key, post_key, row_key (UInt64).

    Args:
        posts: columns of `detectors.post_columns.POSTS`.

    Returns:
        The frame with the columns `account` (`platform:account_id`), `account_key`, `post_key` and `row_key`;
        the last differs from `post_key` only where a post comes as several rows (`part`), and for reports of deletions.
    """
    named = posts.with_columns(
        account=pl.concat_str("platform", pl.lit(":"), "account_id"),
        post=pl.concat_str("platform", pl.lit(":"), "post_id"),
    )
    post_key = hash_strings(named["post"], POST_KEYS)
    row_key = post_key
    if named["part"].null_count() < len(named):
        parts = hash_strings(
            named.select(pl.concat_str("post", pl.lit("\n"), pl.col("part").fill_null(""))).to_series(), _ROW
        )
        row_key = np.where(named["part"].is_null().to_numpy(), post_key, parts)
    deleted = is_deletion(named)
    if deleted.any():
        row_key = np.where(deleted.to_numpy(), deletion_keys(post_key), row_key)
    return named.drop("post").with_columns(
        account_key=hash_strings(named["account"], ACCOUNT_KEYS), post_key=post_key, row_key=row_key
    )


class TextMemory(Protocol):
    """What recognises near-copies of recent texts (`detectors.texts.text_objects.TextObjects`)."""

    def assign(self, buffer: U8, offsets: I64, exact: U64, times: I64) -> tuple[U64, Bools]:
        """The object of each text, and whether the text is the first of it."""
        ...


class TraceExtractor:
    """Extracts the traces of posts in event order.

    Args:
        config: which kinds are traced, and what counts as an object.
        texts: recognises near-copies of recent texts.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_config", "_kinds"})

    def __init__(self, config: DetectionConfig, texts: TextMemory) -> None:
        self._config = config
        self._kinds = {kind for kind, windows in config.co_share.windows_s.items() if windows}
        self._texts = texts

    def extract(self, posts: pl.DataFrame) -> Traces:
        """Extract traces.

        Args:
            posts: columns of `detectors.post_columns.POSTS` and the keys of `keyed`, in event order (created_at,
                then post_key, then row_key), each row once.

        Returns:
            The shares of these posts. A post shares each object once, however often it names it.
        """
        rows = posts.with_row_index("row")
        begins_text = np.zeros(len(posts), np.bool_)
        if not self._config.traces.carried_by_reposts:
            rows = rows.with_columns(
                pl.when(pl.col("repost_of").str.len_bytes() > 0)
                .then(None)
                .otherwise(pl.col(column))
                .alias(column)
                for column in _CARRIED
            )
        frames = [
            frame for kind in KINDS if kind in self._kinds for frame in self._objects(rows, kind, begins_text)
        ]
        # kinds come in their order, and the objects of a post within a kind in theirs
        shares = pl.concat(frames).sort("row", maintain_order=True)
        return Traces(
            posts=posts.select("account", "post_id", "platform", "lang", "followers_count"),
            times=posts["created_at"].to_numpy(),
            account_keys=posts["account_key"].to_numpy(),
            post_keys=posts["post_key"].to_numpy(),
            share_post=shares["row"].cast(pl.Int32).to_numpy(),
            share_kind=shares["kind"].to_numpy(),
            share_object=shares["object"].to_numpy(),
            labels=shares["label"],
            begins_text=begins_text,
        )

    def _objects(self, rows: pl.DataFrame, kind: TraceKind, begins_text: Bools) -> list[pl.DataFrame]:
        """Frames of (row, kind, object, label) for one kind; notes which posts begin a text."""
        number = KINDS.index(kind)
        if kind is TraceKind.TEXT:
            return [self._text_objects(rows, begins_text)]
        if kind is TraceKind.REPOST:
            own = [_within_platform("repost_of"), _within_platform("quote_of")]
        elif kind is TraceKind.REPLY:
            own = [_within_platform("reply_to")]
        elif kind is TraceKind.HASHTAG_SEQUENCE:
            own = [
                pl.when(pl.col("hashtags").list.len() >= self._config.traces.min_hashtags)
                .then(pl.col("hashtags").list.join(" ").str.to_lowercase())
                .otherwise(None)
            ]
        else:
            column = {TraceKind.URL: "urls", TraceKind.MENTION: "mentions", TraceKind.MEDIA: "media_hashes"}[
                kind
            ]
            exploded = (
                rows.lazy()
                .select("row", "platform", label=pl.col(column))
                .filter(pl.col("label").list.len() > 0)
                .explode("label", empty_as_null=False)
                .filter(pl.col("label").str.len_bytes() > 0)
            )
            if kind is TraceKind.URL:
                exploded = exploded.with_columns(label=canonical_url(pl.col("label")))
            elif kind is TraceKind.MENTION:
                exploded = exploded.with_columns(
                    label=pl.concat_str("platform", pl.lit(":@"), pl.col("label").str.to_lowercase())
                )
            return [_each_once(_hashed(exploded.select("row", "label").drop_nulls().collect(), number))]
        frames = [_hashed(rows.select("row", label=label).drop_nulls(), number) for label in own]
        return frames if len(frames) == 1 else [_each_once(pl.concat(frames))]

    def _text_objects(self, rows: pl.DataFrame, begins_text: Bools) -> pl.DataFrame:
        """Text shares: the object is that of the earliest near-copy still remembered."""
        traces = self._config.traces
        texts = rows.select("row", "created_at", "text").drop_nulls("text")
        buffer, offsets = normalised_texts(texts["text"])
        counts = count_shingles(buffer, offsets)
        chars = count_characters(buffer, offsets)
        # scripts without spaces have nearly as many shingles as characters, and say more with each
        long_enough = (counts >= traces.min_text_shingles) & (
            (chars >= traces.min_text_chars) | (counts * 2 >= chars)
        )
        texts = texts.filter(pl.Series(long_enough))
        buffer, offsets = slices(buffer, offsets[:-1][long_enough], offsets[1:][long_enough])
        objects, begins = self._texts.assign(
            buffer, offsets, hash_slices(buffer, offsets, np.uint64(_TEXT)), texts["created_at"].to_numpy()
        )
        begins_text[texts["row"].to_numpy()] = begins
        return texts.select(
            "row",
            pl.lit(_TEXT, pl.UInt8).alias("kind"),
            pl.Series("object", objects),
            label=pl.col("text").str.slice(0, _LABEL_CHARS),
        )


def _within_platform(column: str) -> pl.Expr:
    """An id that means something on its own platform only; null and empty stay null."""
    return (
        pl.when(pl.col(column).str.len_bytes() > 0)
        .then(pl.concat_str("platform", pl.lit(":"), column))
        .otherwise(None)
    )


def _each_once(shares: pl.DataFrame) -> pl.DataFrame:
    """Each object of a post once, in the order of rows and keys."""
    return shares.unique(["row", "object"], keep="any", maintain_order=False).sort("row", "object")


def _hashed(frame: pl.DataFrame, kind: int) -> pl.DataFrame:
    return frame.select(
        "row",
        pl.lit(kind, pl.UInt8).alias("kind"),
        pl.Series("object", hash_strings(frame["label"], kind), pl.UInt64),
        "label",
    )
