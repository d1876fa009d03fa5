"""Attribution: which posts carry a registry entity's content, and do they say so?

Five facts about a post, all of them about text and links, none about intent:

* a *copy*: its text is nearly that of an earlier post or article of an entity, and it names no source;
* a *credited copy*: the same with a mention, a link or the source's name, or with the original's own link;
* a *hidden mention*: it names an entity's handle in a way that the platform does not link
  (`detectors.attribution.hidden_mentions.hidden_mentions`);
* a *registry link*: it links into a domain of an entity;
* *passed on*: it is a repost of a copy without credit.

Reposts show their author, so they are none of the others.
"""

from copy import copy
from typing import ClassVar

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, U64, Bools
from detectors.arrays.sorted_keys import places
from detectors.attribution.crediting import Crediting
from detectors.attribution.facts import FACTS, Fact
from detectors.attribution.hidden_mentions.hidden_mentions import HiddenMentions
from detectors.config import KINDS
from detectors.reference.affiliation import opaque_entities
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import NO_ENTITY, DomainMatcher, Registry, watched_entities
from detectors.traces.traces import Traces
from schemas.shares import TraceKind

_TEXT, _URL, _MENTION = (KINDS.index(kind) for kind in (TraceKind.TEXT, TraceKind.URL, TraceKind.MENTION))
_MOST_COPIES = 1 << 18
"""Copies whose reposts are recognised: the latest."""


class AttributionExtractor:
    """Finds such facts in traced posts, in event order; remembers what entities published, and who copied it.

    About 100 bytes for each text of an entity within `memory_s`, and for each of the latest `_MOST_COPIES` copies.

    Args:
        reference_data: the registry, and which accounts are its entities'.
        memory_s: seconds for which a copy of an entity's text is recognised, and a repost of such a copy.
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
        }
        | {"_crediting"}
    )

    def __init__(self, reference_data: ReferenceData, memory_s: int) -> None:
        registry = reference_data.registry
        self._reference_data = reference_data
        self._memory_s = memory_s
        self._domains = DomainMatcher(registry)
        self._watched = np.append(watched_entities(registry), False)  # the last place is NO_ENTITY
        self._mentioned = _mention_labels(registry)
        watched = self._watched.tolist()
        handles = sorted({handle: at for (_, handle), at in registry.handles.items() if watched[at]}.items())
        self._handles = [handle for handle, _ in handles]
        self._handle_entity = np.array([at for _, at in handles], np.int32)
        # the tables of look-alike letters take most of a second, so not without need
        self._hidden = HiddenMentions(self._handles) if self._handles else None
        self._crediting = Crediting(registry, opaque_entities(registry))
        self._origins = pl.DataFrame(schema=_ORIGINS)
        self._copied = pl.DataFrame(schema=_COPIED)
        """Copies without credit, to recognise those who pass them on."""

    def with_reference_data(self, reference_data: ReferenceData) -> "AttributionExtractor":
        """The same under other reference data; texts are kept of entities that are there and tell of somebody."""
        if reference_data.registry is self._reference_data.registry:
            other = copy(self)
            other._reference_data = reference_data
            return other
        other = AttributionExtractor(reference_data, self._memory_s)
        renumbered = self._reference_data.registry.renumbered(reference_data.registry)
        for name in ("_origins", "_copied"):
            held = getattr(self, name)
            entity = renumbered[held["entity"].to_numpy()]
            held = held.with_columns(entity=pl.Series(entity, dtype=pl.Int32))
            setattr(other, name, held.filter(pl.Series(other._watched[entity], dtype=pl.Boolean)))
        return other

    def extract(self, posts: pl.DataFrame, traces: Traces, reposted: U64) -> pl.DataFrame:
        """The facts about a batch.

        Args:
            posts: columns of `detectors.post_columns.POSTS`, the frame that `traces` was made from.
            traces: of these posts.
            reposted: uint64, key of the post that each of them reposts, 0 for none.

        Returns:
            Columns of `FACTS`, by row and kind.
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
        """Links into domains of the registry, one a post and entity."""
        shares = np.flatnonzero((traces.share_kind == _URL) & own[traces.share_post])
        labels = traces.labels.gather(shares)
        found = self._domains.match(labels)
        at = found["at"].to_numpy()
        return pl.DataFrame(
            {
                "row": traces.share_post[shares[at]].astype(np.uint32),
                "kind": np.full(len(at), Fact.REGISTRY_LINK, np.uint8),
                "entity": found["entity"],
                "origin": pl.Series([None], dtype=pl.String).new_from_index(0, len(at)),
                "detail": labels.gather(at),
            },
            schema=FACTS,
        ).unique(["row", "entity"], keep="first", maintain_order=True)

    def _mentions(self, traces: Traces) -> pl.DataFrame:
        """Working mentions of entities: columns row and entity."""
        shares = np.flatnonzero(traces.share_kind == _MENTION)
        table = pl.DataFrame(
            {"row": traces.share_post[shares].astype(np.uint32), "label": traces.labels.gather(shares)}
        )
        if not self._mentioned:
            return pl.DataFrame(schema={"row": pl.UInt32, "entity": pl.Int32})
        entity = pl.col("label").replace_strict(self._mentioned, default=None, return_dtype=pl.Int32)
        return table.select("row", entity=entity).drop_nulls()

    def _hidden_mentions(self, posts: pl.DataFrame, own: Bools) -> pl.DataFrame:
        if self._hidden is None:
            return pl.DataFrame(schema=FACTS)
        rows = np.flatnonzero(own).astype(np.uint32)
        found = self._hidden.find(posts["text"].gather(rows), posts["mentions"].gather(rows))
        entity = self._handle_entity[found["handle"].to_numpy()]
        return pl.DataFrame(
            {
                "row": rows[found["row"].to_numpy()],
                "kind": np.full(len(found), Fact.HIDDEN_MENTION, np.uint8),
                "entity": entity,
                "origin": pl.Series([None], dtype=pl.String).new_from_index(0, len(found)),
                "detail": found["excerpt"],
            },
            schema=FACTS,
        ).unique(["row", "entity"], keep="first", maintain_order=True)

    def _copies(self, posts: pl.DataFrame, traces: Traces, author: I32, own: Bools) -> pl.DataFrame:
        """Posts whose text an entity published before: columns row, entity, origin, link (of the original)."""
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
            # the entity's latest post before this one, within what is remembered; never one of the same second
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
            .select("row", "entity", "origin", "link")
        )

    def _remember(self, posts: pl.DataFrame, traces: Traces, post: I32, objects: U64, author: I32) -> None:
        """Keep which texts began with an entity, and forget those that can be matched no more."""
        reposts = (posts["repost_of"].str.len_bytes().fill_null(0) > 0).to_numpy()
        begun = self._watched[author[post]] & traces.begins_text[post] & ~reposts[post]
        rows = post[begun]
        fresh = pl.DataFrame(
            {
                "object": objects[begun],
                "time": traces.times[rows],
                "entity": author[rows],
                "origin": posts["post_id"].gather(rows),
                "link": _first_links(traces, len(posts))[rows],
            },
            schema=_ORIGINS,
        )
        kept = self._origins.filter(pl.col("time") >= int(traces.times[0]) - self._memory_s)
        self._origins = pl.concat([kept, fresh])

    def _passed_on(
        self, copies: pl.DataFrame, posts: pl.DataFrame, traces: Traces, reposted: U64, author: I32
    ) -> pl.DataFrame:
        """Reposts of copies without credit, of this batch and earlier ones, by others than the registry."""
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
        return reposts.join(self._copied, on="key", maintain_order="left").select(
            "row",
            pl.lit(int(Fact.PASSED_ON), pl.UInt8).alias("kind"),
            "entity",
            "origin",
            detail="copy",
        )


_COPIED = {"key": pl.UInt64, "time": pl.Int64, "entity": pl.Int32, "origin": pl.String, "copy": pl.String}
_ORIGINS = {
    "object": pl.UInt64,
    "time": pl.Int64,
    "entity": pl.Int32,
    "origin": pl.String,
    "link": pl.UInt64,  # key of the first link in the original, 0 for none
}


def _first_links(traces: Traces, posts: int) -> U64:
    """Key of the first link of each post, 0 for none."""
    shares = np.flatnonzero(traces.share_kind == _URL)[::-1]
    first = np.zeros(posts, np.uint64)
    first[traces.share_post[shares]] = traces.share_object[shares]
    return first


def _linked(traces: Traces, rows: pl.Series, links: pl.Series) -> pl.Series:
    """Whether each of some posts has the link that goes with it: what it repeats leads on to the same place."""
    shares = traces.share_kind == _URL
    there = pl.DataFrame(
        {"row": traces.share_post[shares].astype(np.uint32), "link": traces.share_object[shares]}
    )
    asked = pl.DataFrame({"row": rows, "link": links})
    found = there.unique().with_columns(there=pl.lit(value=True))
    return asked.join(found, on=["row", "link"], how="left", maintain_order="left")["there"].fill_null(
        value=False
    )


def _mention_labels(registry: Registry) -> dict[str, int]:
    """Entity by the label of a mention share (`detectors.traces.traces`); some sources mention by id."""
    labels = {f"{platform}:@{handle}": at for (platform, handle), at in registry.handles.items()}
    for account, at in registry.accounts.items():
        platform, _, name = account.partition(":")
        labels.setdefault(f"{platform}:@{name.lower()}", at)
    return labels
