"""From posts to shares, one post at a time: all that can be read of a post without the posts before it.

It keeps nothing, so it runs wherever posts are read: in the thread that reads ahead of a replay, and on every worker
that ingests. What needs the order of events, the recognition of near-copies, is in `detectors.traces.traces`.
"""

import hashlib
import unicodedata
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U8, U32, U64
from detectors.arrays.hashing import hash_slices, hash_strings
from detectors.config import KINDS, DetectionConfig
from detectors.traces.normalising import fixed
from detectors.traces.text import normalised_texts, text_shingles
from detectors.traces.urls import canonical_url
from schemas.shares import TraceKind

TEXT = KINDS.index(TraceKind.TEXT)
_READING = 1
"""One more whenever posts may give other shares under the same settings and versions."""
_CARRIED = ("urls", "hashtags", "mentions", "media_hashes")
"""Columns in which a repost only repeats its original; they give the repost no shares. Its text does, since copies that
do not name the original share that text."""


@dataclass(frozen=True, slots=True)
class PostShares:
    """The shares of some posts, as far as each post says by itself."""

    rows: I32
    """Row of the post of each share; ascending."""
    kinds: U8
    """Index in `detectors.config.KINDS`; ascending within a post, and within a kind by key."""
    objects: U64
    """Key of the object; of a text, the hash of its normalised words. Never 0."""
    labels: pl.Series
    """What a person sees of the object, String; for all shares but those of texts, whose label is in the post."""
    shingles: U32
    """Hashed shingles of all texts that are shared, one text after the other; ascending within a text."""
    shingle_offsets: I64
    """Where those of each text begin, and where the last ones end; one entry more than there are shares of texts."""


class ShareReader:
    """Reads the shares of posts, in any order.

    Args:
        config: which kinds are traced, and what counts as an object.
        code_version: version of Lockstep, for the digest.
    """

    def __init__(self, config: DetectionConfig, code_version: str = "") -> None:
        self._settings = config.traces
        self.kinds = frozenset(kind for kind, windows in config.co_share.windows_s.items() if windows)
        """The kinds that are traced."""
        self.digest = self._digest(code_version)
        """Names all that the shares of a post depend on beside the post; 16 hexadecimal digits."""

    def _digest(self, code_version: str) -> str:
        settings = self._settings
        depends_on = (
            _READING,
            code_version,
            # both bring tables of Unicode
            pl.__version__,
            unicodedata.unidata_version,
            [kind.value for kind in KINDS],
            sorted(kind.value for kind in self.kinds),
            settings.carried_by_reposts,
            settings.min_hashtags,
            settings.min_text_chars,
            settings.min_text_shingles,
        )
        return hashlib.blake2b(msgspec.json.encode(depends_on), digest_size=8).hexdigest()

    def read(self, posts: pl.DataFrame) -> PostShares:
        """Read the shares of posts. A post shares each object once, however often it names it.

        Args:
            posts: columns of `detectors.post_columns.POSTS`.
        """
        rows = posts.with_row_index("row")
        if not self._settings.carried_by_reposts:
            rows = rows.with_columns(
                pl.when(pl.col("repost_of").str.len_bytes() > 0)
                .then(None)
                .otherwise(pl.col(column))
                .alias(column)
                for column in _CARRIED
            )
        shingles, offsets = np.zeros(0, np.uint32), np.zeros(1, np.int64)
        frames = []
        for kind in KINDS:
            if kind not in self.kinds:
                continue
            if kind is TraceKind.TEXT:
                texts, shingles, offsets = self._texts(rows)
                frames.append(texts)
            else:
                frames.append(self._objects(rows, kind))
        # kinds come in their order, and the objects of a post within a kind in theirs
        shares = pl.concat(frames).sort("row", maintain_order=True)
        return PostShares(
            rows=fixed(shares["row"].cast(pl.Int32).to_numpy()),
            kinds=fixed(shares["kind"].to_numpy()),
            objects=fixed(shares["object"].to_numpy()),
            labels=shares["label"].drop_nulls(),
            shingles=fixed(shingles),
            shingle_offsets=offsets,
        )

    def _objects(self, rows: pl.DataFrame, kind: TraceKind) -> pl.DataFrame:
        """(row, kind, object, label) of one kind that is no text."""
        number = KINDS.index(kind)
        if kind is TraceKind.REPOST:
            own = [_within_platform("repost_of"), _within_platform("quote_of")]
        elif kind is TraceKind.REPLY:
            own = [_within_platform("reply_to")]
        elif kind is TraceKind.HASHTAG_SEQUENCE:
            own = [
                pl.when(pl.col("hashtags").list.len() >= self._settings.min_hashtags)
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
            return _each_once(_hashed(exploded.select("row", "label").drop_nulls().collect(), number))
        frames = [_hashed(rows.select("row", label=label).drop_nulls(), number) for label in own]
        return frames[0] if len(frames) == 1 else _each_once(pl.concat(frames))

    def _texts(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, U32, I64]:
        """(row, kind, object, label) of the texts that are long enough, without labels; and their shingles."""
        settings = self._settings
        texts = rows.select("row", "text").drop_nulls("text")
        buffer, offsets = normalised_texts(texts["text"])
        long_enough, shingles, shingle_offsets = text_shingles(
            buffer, offsets, settings.min_text_shingles, settings.min_text_chars
        )
        exact = hash_slices(buffer, offsets, np.uint64(TEXT))[long_enough]
        shares = texts.filter(pl.Series(long_enough)).select(
            "row",
            pl.lit(TEXT, pl.UInt8).alias("kind"),
            pl.Series("object", exact),
            pl.lit(None, pl.String).alias("label"),
        )
        return shares, shingles, shingle_offsets


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
