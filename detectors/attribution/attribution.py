"""Attribution: which posts carry a registry entity's content, and whether they name the source.

Three accounts copy a state agency's article. Each post becomes one of five facts, all about text and links and none
about intent:

* a *copy*: the text is nearly that of an earlier post or article of an entity, and the post does not name the source;
* a *credited copy*: the same with a mention, a link or the source's name, or with the link that the original had;
* a *hidden mention*: the post writes an entity's handle so that the platform does not link it
  (`detectors.attribution.hidden_mentions.hidden_mentions`);
* a *registry link*: the post links to a domain of an entity;
* *passed on*: the post is a repost of a copy without credit.

A repost shows its author, so the first four are for posts that are not reposts.
"""

from copy import copy
from typing import ClassVar

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, U64, Bools
from detectors.arrays.sorted_keys import places
from detectors.attribution.crediting import Crediting
from detectors.attribution.facts import FACTS, ORIGIN_COLUMNS, SHOWN_LETTERS, Fact, facts_frame
from detectors.attribution.hidden_mentions.hidden_mentions import HiddenMentionFinder
from detectors.attribution.mentioned_entities import MentionedEntities
from detectors.config import KINDS
from detectors.reference.affiliation import opaque_entities
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import NO_ENTITY, WEB, DomainMatcher, watched_entities
from detectors.traces.traces import Traces
from schemas.shares import TraceKind

_TEXT, _URL, _MENTION = (KINDS.index(kind) for kind in (TraceKind.TEXT, TraceKind.URL, TraceKind.MENTION))
_MOST_COPIES = 1 << 18
"""The latest copies, whose reposts are recognised. Chosen to bound memory to 26 MB (100 bytes each), not measured."""


class AttributionExtractor:
    """Finds the facts about traced posts, in event order. Remembers what entities published and which posts copied it.

    Memory: about 400 bytes for each text of an entity within `memory_s`, and for each of the latest `_MOST_COPIES`
    copies.

    Args:
        reference_data: the registry, and which accounts belong to its entities.
        memory_s: seconds after an entity's text in which copies of it are recognised, and after a copy in which
            reposts of it are.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {
            "_reference_data",
            "_memory_s",
            "_domains",
            "_watched",
            "_mentioned",
            "_handles",
            "_handle_entity",
            "_hidden",
            "_crediting",
        }
    )

    def __init__(self, reference_data: ReferenceData, memory_s: int) -> None:
        registry = reference_data.registry
        self._reference_data = reference_data
        self._memory_s = memory_s
        self._domains = DomainMatcher(registry)
        self._watched = np.append(watched_entities(registry), False)  # one more place, for NO_ENTITY
        self._mentioned = MentionedEntities(registry)
        watched = self._watched.tolist()
        handles = sorted(
            {handle: number for (_, handle), number in registry.handles.items() if watched[number]}.items()
        )
        self._handles = [handle for handle, _ in handles]
        self._handle_entity = np.array([number for _, number in handles], np.int32)
        # the folding table takes about 0.4 s to make, so it is made only if there are handles
        self._hidden = HiddenMentionFinder(self._handles) if self._handles else None
        self._crediting = Crediting(registry, opaque_entities(registry))
        self._origins = pl.DataFrame(schema=_ORIGINS)
        self._copied = pl.DataFrame(schema=_COPIED)
        """Copies without credit, to recognise the reposts of them."""

    def with_reference_data(self, reference_data: ReferenceData) -> "AttributionExtractor":
        """A new extractor for other reference data. It keeps the texts of entities that are watched there as well."""
        if reference_data.registry is self._reference_data.registry:
            other = copy(self)
            other._reference_data = reference_data
            return other
        other = AttributionExtractor(reference_data, self._memory_s)
        renumbered = self._reference_data.registry.renumbered(reference_data.registry)
        for name in ("_origins", "_copied"):
            table = getattr(self, name)
            entity = renumbered[table["entity"].to_numpy()]
            table = table.with_columns(entity=pl.Series(entity, dtype=pl.Int32))
            setattr(other, name, table.filter(pl.Series(other._watched[entity], dtype=pl.Boolean)))
        return other

    def extract(self, posts: pl.DataFrame, traces: Traces, reposted: U64) -> pl.DataFrame:
        """The facts about a batch.

        Args:
            posts: columns of `detectors.post_columns.POSTS`, the frame that `traces` was made from.
            traces: of these posts.
            reposted: uint64, key of the post that each of them reposts; 0: none.

        Returns:
            Columns of `FACTS`, ordered by row, kind and entity.
        """
        if not len(self._reference_data.registry):
            return pl.DataFrame(schema=FACTS)
        author = self._reference_data.entities_of(traces.account_keys)
        own = (posts["repost_of"].str.len_bytes().fill_null(0) == 0).to_numpy() & (author == NO_ENTITY)
        links = self._links(traces, own)
        mentions = self._mentions(traces)
        hidden = self._hidden_mentions(posts, own)
        copied = self._copies(posts, traces, author, own)
        copies = pl.DataFrame(schema=FACTS)
        if len(copied):
            credited = pl.concat([links.select("row", "entity"), mentions])
            copied = copied.with_columns(same_link=_linked(traces, copied["row"], copied["link"]))
            copies = self._crediting.classify(copied, posts, credited, hidden)
        passed_on = self._passed_on(copies, posts, traces, reposted, author)
        return pl.concat([copies, hidden, links, passed_on]).sort(
            "row", "kind", "entity", maintain_order=True
        )

    def _links(self, traces: Traces, own: Bools) -> pl.DataFrame:
        """Links to domains of the registry, one for each post and entity."""
        shares = np.flatnonzero((traces.share_kind == _URL) & own[traces.share_post])
        labels = traces.labels.gather(shares)
        matches = self._domains.match(labels)
        matched = matches["link"].to_numpy()
        return facts_frame(
            {
                "row": traces.share_post[shares[matched]].astype(np.uint32),
                "kind": np.full(len(matched), Fact.REGISTRY_LINK, np.uint8),
                "entity": matches["entity"],
                "detail": labels.gather(matched),
            }
        ).unique(["row", "entity"], keep="first", maintain_order=True)

    def _mentions(self, traces: Traces) -> pl.DataFrame:
        """Mentions of entities that the platform links: columns row and entity."""
        shares = np.flatnonzero(traces.share_kind == _MENTION)
        matches = self._mentioned.match(traces.labels.gather(shares))
        rows = traces.share_post[shares[matches["mention"].to_numpy()]].astype(np.uint32)
        return pl.DataFrame({"row": rows, "entity": matches["entity"]})

    def _hidden_mentions(self, posts: pl.DataFrame, own: Bools) -> pl.DataFrame:
        if self._hidden is None:
            return pl.DataFrame(schema=FACTS)
        rows = np.flatnonzero(own).astype(np.uint32)
        matches = self._hidden.find(posts["text"].gather(rows), posts["mentions"].gather(rows))
        entity = self._handle_entity[matches["handle"].to_numpy()]
        return facts_frame(
            {
                "row": rows[matches["row"].to_numpy()],
                "kind": np.full(len(matches), Fact.HIDDEN_MENTION, np.uint8),
                "entity": entity,
                "detail": matches["excerpt"],
            }
        ).unique(["row", "entity"], keep="first", maintain_order=True)

    def _copies(self, posts: pl.DataFrame, traces: Traces, author: I32, own: Bools) -> pl.DataFrame:
        """Posts whose text an entity published before: columns row, entity, those of the original, and its link."""
        shares = np.flatnonzero(traces.share_kind == _TEXT)
        post = traces.share_post[shares]
        objects = traces.share_object[shares]
        self._remember(posts, traces, post, objects, author)
        if not len(self._origins):
            return pl.DataFrame()
        likely = places(np.sort(self._origins["object"].to_numpy()), objects)[1] & own[post]
        rows = post[likely]
        return (
            pl.DataFrame(
                {"row": rows.astype(np.uint32), "object": objects[likely], "time": traces.times[rows]},
                schema_overrides={"object": pl.UInt64},
            )
            .sort("time", maintain_order=True)
            # the entity's latest post with this text before this one, within `memory_s`; never one of the same second
            .join_asof(
                self._origins,
                on="time",
                by="object",
                strategy="backward",
                tolerance=self._memory_s,
                allow_exact_matches=False,
                check_sortedness=False,
            )
            .drop_nulls("entity")
            .select("row", "entity", *ORIGIN_COLUMNS, "link")
        )

    def _remember(self, posts: pl.DataFrame, traces: Traces, post: I32, objects: U64, author: I32) -> None:
        """Keep the texts that began with an entity, and forget those older than `memory_s`."""
        reposts = (posts["repost_of"].str.len_bytes().fill_null(0) > 0).to_numpy()
        begun = self._watched[author[post]] & traces.begins_text[post] & ~reposts[post]
        rows = post[begun]
        fresh = pl.DataFrame(
            {
                "object": objects[begun],
                "time": traces.times[rows],
                "entity": author[rows],
                "origin": posts["post_id"].gather(rows),
                "origin_account": posts["platform"].gather(rows) + ":" + posts["account_id"].gather(rows),
                "origin_time": traces.times[rows],
                "origin_text": posts["text"].gather(rows).str.slice(0, SHOWN_LETTERS),
                "origin_link": _addresses(posts, rows),
                "link": _first_links(traces, len(posts))[rows],
            },
            schema=_ORIGINS,
        )
        kept = self._origins.filter(pl.col("time") >= int(traces.times[0]) - self._memory_s)
        self._origins = pl.concat([kept, fresh])

    def _passed_on(
        self, copies: pl.DataFrame, posts: pl.DataFrame, traces: Traces, reposted: U64, author: I32
    ) -> pl.DataFrame:
        """Reposts of copies without credit, in this batch or earlier ones, by accounts outside the registry."""
        fresh = copies.filter(pl.col("kind") == int(Fact.COPY)).select("row", "entity", "origin")
        rows = fresh["row"].to_numpy()
        fresh = fresh.select(
            pl.Series("key", traces.post_keys[rows], pl.UInt64),
            pl.Series("time", traces.times[rows], pl.Int64),
            "entity",
            "origin",
            posts["post_id"].gather(rows).alias("copy"),
        )
        recent = self._copied.filter(pl.col("time") >= int(traces.times[0]) - self._memory_s)
        self._copied = pl.concat([recent, fresh]).tail(_MOST_COPIES)
        if not len(self._copied):
            return pl.DataFrame(schema=FACTS)
        likely = places(np.sort(self._copied["key"].to_numpy()), reposted)[1] & (author == NO_ENTITY)
        rows = np.flatnonzero(likely)
        reposts = pl.DataFrame({"row": rows.astype(np.uint32), "key": reposted[rows]})
        passed_on = reposts.join(self._copied, on="key", maintain_order="left")
        kind = np.full(len(passed_on), Fact.PASSED_ON, np.uint8)
        taken = {name: passed_on[name] for name in ("row", "entity", "origin")}
        return facts_frame({**taken, "kind": kind, "detail": passed_on["copy"]})


_COPIED = {"key": pl.UInt64, "time": pl.Int64, "entity": pl.Int32, "origin": pl.String, "copy": pl.String}
_ORIGINS = {
    "object": pl.UInt64,
    "time": pl.Int64,
    "entity": pl.Int32,
    **{name: FACTS[name] for name in ORIGIN_COLUMNS},
    "link": pl.UInt64,  # key of the first link in the original, 0 for none
}


def _addresses(posts: pl.DataFrame, rows: I32) -> pl.Series:
    """The address of each article of a site: its first link; null for posts of platforms. String."""
    first = pl.col("urls").list.first()
    return posts.select("platform", "urls")[rows].select(pl.when(platform=WEB).then(first)).to_series()


def _first_links(traces: Traces, posts: int) -> U64:
    """Key of the first link of each post, 0 for none."""
    shares = np.flatnonzero(traces.share_kind == _URL)[::-1]
    first = np.zeros(posts, np.uint64)
    first[traces.share_post[shares]] = traces.share_object[shares]
    return first


def _linked(traces: Traces, rows: pl.Series, links: pl.Series) -> pl.Series:
    """Whether each copy has the link that its original had.

    Args:
        traces: of the batch.
        rows: UInt32, the post of each copy.
        links: UInt64, key of the original's first link; 0: none.
    """
    shares = traces.share_kind == _URL
    shared = pl.DataFrame(
        {"row": traces.share_post[shares].astype(np.uint32), "link": traces.share_object[shares]}
    )
    wanted = pl.DataFrame({"row": rows, "link": links})
    shared = shared.unique().with_columns(linked=pl.lit(value=True))
    return wanted.join(shared, on=["row", "link"], how="left", maintain_order="left")["linked"].fill_null(
        value=False
    )
