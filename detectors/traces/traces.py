"""From posts to traces: what each post acted on, as keys that the kernels can compare.

The shares of each post are read first (`detectors.traces.post_shares`). Then, in event order, texts that are nearly the
same become one object.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U8, U32, U64, Bools
from detectors.arrays.hashing import hash_strings
from detectors.config import DetectionConfig
from detectors.post_columns import deletion_keys, is_deletion
from detectors.stage_timing import StageTimer, untimed
from detectors.traces.carried_shares import carried, carries_shares
from detectors.traces.normalising import fixed
from detectors.traces.post_shares import TEXT, PostShares, ShareReader

ACCOUNT_KEYS, POST_KEYS, _ROW = 101, 102, 103
"""Domains of hashed names (`platform:id`); kinds of objects use their number in `KINDS`."""

_LABEL_CHARS = 280
"""Characters of a text that are kept to be shown in alerts. For this number no measurement is recorded."""


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

    def assign(self, shingles: U32, offsets: I64, exact: U64, times: I64) -> tuple[U64, Bools]:
        """The object of each text, and whether the text is the first of it."""
        ...


class TraceExtractor:
    """Extracts the traces of posts in event order.

    Args:
        config: which kinds are traced, and what counts as an object.
        texts: recognises near-copies of recent texts.
        timer: measures both steps, as `traces` and `texts`.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_reader", "_timer"})

    def __init__(self, config: DetectionConfig, texts: TextMemory, timer: StageTimer = untimed) -> None:
        self._reader = ShareReader(config)
        self._texts = texts
        self._timer = timer

    def extract(self, posts: pl.DataFrame) -> Traces:
        """Extract traces. Shares that the posts carry are not read again.

        Args:
            posts: columns of `detectors.post_columns.POSTS` and the keys of `keyed`, in event order (created_at,
                then post_key, then row_key), each row once; those of `carried_shares.CARRIED` or none of them.

        Returns:
            The traces of these posts. The object of a text is that of the earliest near-copy still remembered.
        """
        with self._timer("traces"):
            shares = carried(posts) if carries_shares(posts) else self._reader.read(posts)
        with self._timer("texts"):
            return self._in_order(posts, shares)

    def _in_order(self, posts: pl.DataFrame, shares: PostShares) -> Traces:
        """The traces of posts, with the objects of texts."""
        times = posts["created_at"].to_numpy()
        begins_text = np.zeros(len(posts), np.bool_)
        objects, labels = shares.objects, shares.labels
        is_text = shares.kinds == TEXT
        if is_text.any():
            texts = shares.rows[is_text]
            objects = objects.copy()
            objects[is_text], begins_text[texts] = self._texts.assign(
                shares.shingles, shares.shingle_offsets, objects[is_text], times[texts]
            )
            shown = posts["text"].gather(texts).str.slice(0, _LABEL_CHARS)
            labels = _in_places(labels, shown, is_text)
        return Traces(
            posts=posts.select("account", "post_id", "platform", "lang", "followers_count"),
            times=times,
            account_keys=posts["account_key"].to_numpy(),
            post_keys=posts["post_key"].to_numpy(),
            share_post=shares.rows,
            share_kind=shares.kinds,
            share_object=fixed(objects),
            labels=labels,
            begins_text=begins_text,
        )


def _in_places(others: pl.Series, texts: pl.Series, is_text: Bools) -> pl.Series:
    """Labels in the order of shares, from those of texts and of all others."""
    place = np.empty(len(is_text), np.uint32)
    place[~is_text] = np.arange(len(others))
    place[is_text] = np.arange(len(others), len(is_text))
    return pl.concat([others.rename("label"), texts.rename("label")]).gather(place)
