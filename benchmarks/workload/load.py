"""Makes a load: draws the rows, numbers the objects they share, and writes the posts and the labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.workload.rows import Dials, Kind, LoadObjects, LoadRows, PlantedGroup, group, organic
from benchmarks.workload.words import Bodies, Writer
from detectors.arrays.dtypes import I64
from streams.simulation.records.canonical import POST_ID_BASE, Label, write_labels, write_posts

START = 1_700_006_400
"""Seconds since 1970 UTC of the first possible post: 2023-11-15T00:00:00Z."""
_UNSEEN_BASE = POST_ID_BASE // 2
_ACCOUNT_BASE = 10_000_000
_KINDS = ("repost", "link", "text", "mixed")
_CHUNK = 100_000
_COPY_WORDS = 14


@dataclass(frozen=True, slots=True)
class Load:
    """What to generate."""

    posts: int
    seed: int = 1
    days: float = 7
    users: int | None = None
    """Ordinary accounts; by default one for every 20 posts."""
    groups: int | None = None
    """Planted groups of 5-30 accounts; by default 3, and one more for every 20,000 posts, at most 200."""
    zipf: float = 1.05
    headline: float = 0.3
    """Share of links posted under the article's own headline (a share button)."""
    dials: Dials = field(default_factory=Dials)

    @property
    def group_count(self) -> int:
        """Number of planted groups; by default fewer in small loads, which they would fill."""
        if self.groups is not None:
            return self.groups
        return min(200, self.posts // 20_000 + 3) if self.posts >= 10_000 else self.posts // 4000


def generate(load: Load, out: Path, labels: Path | None = None) -> int:
    """Write the posts of `load`, sorted by time, and labels.

    Returns:
        The number of posts written, which is `load.posts`.

    Raises:
        ValueError: the planted groups alone would make more than half of the posts.
    """
    rng = np.random.default_rng(load.seed)
    span_s = int(load.days * 86_400)
    users = load.users or max(20, load.posts // 20)
    sizes = rng.integers(5, 31, load.group_count)
    names = rng.permutation(users + int(sizes.sum()))

    base, objects = organic(rng, load.posts, users, span_s, load.zipf, load.headline)
    firsts = users + np.cumsum(sizes) - sizes
    groups = [
        group(rng, _KINDS[k % 4], np.arange(first, first + size), objects, span_s, load.dials)
        for k, (first, size) in enumerate(zip(firsts, sizes, strict=True))
    ]
    planted = sum(len(each.rows) for each in groups)
    if planted > load.posts // 2:
        raise ValueError(f"{len(groups)} groups make {planted} of {load.posts} posts: plant fewer groups")
    # Ordinary rows are in no order, and originals are among the first ones: drop the last ones.
    base = base.take(np.arange(load.posts - planted))

    writer = Writer(np.random.default_rng([load.seed, 1]))
    cast = _cast(rng, base, groups, objects, users)
    bodies = _bodies(rng, writer, cast, objects, load.dials.edited)
    posts = write_posts(_frames(rng, cast, bodies, names, writer), out)
    if labels is not None:
        write_labels(_labels(cast.rows.account, names, groups), labels)
    return posts


@dataclass(frozen=True, slots=True)
class _Cast:
    """All rows in time order, with the targets and texts that their numbers refer to."""

    rows: LoadRows
    target_id: I64
    """Post id of each repost or reply target: the originals, then the unseen posts."""
    target_author: I64
    copies: I64
    """For each body copied inside a group, the number of the text it copies."""


def _cast(
    rng: np.random.Generator, base: LoadRows, groups: Sequence[PlantedGroup], objects: LoadObjects, users: int
) -> _Cast:
    """Number the groups' objects and texts after the ordinary ones, join the rows, sort them by time."""
    posts, articles = len(objects.post_birth), len(objects.article_birth)
    unseen_total = sum(each.unseen_posts for each in groups)
    parts, copies, unseen, links, texts = [base], [np.empty(0, np.int64)], 0, 0, 0
    for each in groups:
        rows = each.rows
        target, body = rows.target.copy(), rows.body.copy()
        target[(rows.kind == Kind.REPOST) & (rows.target >= posts)] += unseen
        target[(rows.kind == Kind.LINK) & (rows.target >= articles)] += links
        reposts = rows.kind == Kind.REPOST
        # The bodies lie as originals, headlines, unseen posts, copies.
        body[reposts] = np.where(target[reposts] < posts, target[reposts], target[reposts] + articles)
        body[rows.body >= 0] += posts + articles + unseen_total + sum(map(len, copies))
        parts.append(replace(rows, target=target, body=body))
        copies.append(each.copies + texts)
        unseen, links, texts = unseen + each.unseen_posts, links + each.new_articles, texts + each.texts
    rows = LoadRows.concat(parts)
    rows = rows.take(np.argsort(rows.at, kind="stable"))
    target_id = _UNSEEN_BASE + np.arange(posts + unseen)
    seen = np.flatnonzero(rows.original >= 0)
    target_id[rows.original[seen]] = POST_ID_BASE + seen
    author = np.concatenate([objects.post_author, rng.integers(0, users, unseen)])
    return _Cast(rows, target_id, author, np.concatenate(copies))


def _bodies(
    rng: np.random.Generator, writer: Writer, cast: _Cast, objects: LoadObjects, edited: float
) -> Bodies:
    """Compose texts that occur more than once: originals, headlines, unseen posts, and copies with their edits."""
    posts, articles, copies = len(objects.post_birth), len(objects.article_birth), cast.copies
    texts = writer.word_ids(rng, (int(copies.max(initial=-1)) + 1, _COPY_WORDS))
    words = texts[copies]
    changed = np.flatnonzero(rng.random(len(copies)) < edited)
    words[changed, rng.integers(0, _COPY_WORDS, len(changed))] = writer.word_ids(rng, (len(changed),))
    return Bodies.concat(
        [
            writer.bodies(rng, posts),
            writer.bodies(rng, articles, tagged=0),
            writer.bodies(rng, len(cast.target_id) - posts),
            writer.from_words(rng, words, np.full(len(copies), _COPY_WORDS), np.zeros(len(copies), np.int64)),
        ]
    )


def _frames(
    rng: np.random.Generator, cast: _Cast, bodies: Bodies, names: I64, writer: Writer
) -> Iterator[pl.DataFrame]:
    """Yield the posts as canonical frames of at most 100,000 rows."""
    for first in range(0, len(cast.rows), _CHUNK):
        rows = cast.rows.take(np.arange(first, min(first + _CHUNK, len(cast.rows))))
        own = rows.body < 0
        said = rows.body.copy()
        said[own] = len(bodies) + np.arange(own.sum())
        body = Bodies.concat([bodies, writer.bodies(rng, int(own.sum()))]).frame[said]

        aimed = np.isin(rows.kind, (Kind.REPOST, Kind.REPLY))
        aim = np.where(aimed, rows.target, 0)
        tracked = np.where(rng.random(len(rows)) < 0.2, "?utm_source=share", "")
        yield body.with_columns(
            post_id=pl.Series(np.arange(first, first + len(rows)) + POST_ID_BASE).cast(pl.String),
            platform=pl.lit("x"),
            account_id=pl.Series(names[rows.account] + _ACCOUNT_BASE).cast(pl.String),
            created_at=pl.Series(rows.at + START),
            lang=pl.lit("en"),
            kind=pl.Series(rows.kind),
            aim=pl.Series(cast.target_id[aim]).cast(pl.String),
            author="user" + pl.Series(names[cast.target_author[aim]]).cast(pl.String),
            url="https://site"
            + pl.Series(rows.target % 997).cast(pl.String)
            + ".example/a/"
            + pl.Series(rows.target).cast(pl.String)
            + pl.Series(tracked),
        ).with_columns(_phrased())


def _phrased() -> list[pl.Expr]:
    """What the kind of a post adds to its body: the link, the mention, the target."""
    kind, text = pl.col("kind"), pl.col("text")
    link, repost, reply = (kind == int(one) for one in (Kind.LINK, Kind.REPOST, Kind.REPLY))
    return [
        pl.when(link)
        .then(text + " " + pl.col("url"))
        .when(repost)
        .then("RT @" + pl.col("author") + ": " + text)
        .when(reply)
        .then("@" + pl.col("author") + " " + text)
        .otherwise(text)
        .alias("text"),
        pl.when(link).then(pl.concat_list("url")).alias("urls"),
        pl.when(repost | reply).then(pl.concat_list("author")).alias("mentions"),
        pl.when(repost).then("aim").alias("repost_of"),
        pl.when(reply).then("aim").alias("reply_to"),
    ]


def _labels(accounts: I64, names: I64, groups: Sequence[PlantedGroup]) -> list[Label]:
    """Label every account that posted: `io` with its group, or `organic`."""
    planted = {
        int(member): f"g{number}-{each.kind}" for number, each in enumerate(groups) for member in each.members
    }
    return [
        Label(
            str(names[account] + _ACCOUNT_BASE),
            *(("io", name) if (name := planted.get(account)) else ("organic", "")),
        )
        for account in np.unique(accounts).tolist()
    ]
