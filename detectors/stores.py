"""Every store of detection that a setting limits, declared once.

The pipeline, the doctor, the metrics and the summary read this table; docs/limits.md and docs/operations/sizing.md
are held against it by tests. When a store is full, its oldest items leave early and are counted (of follow edges, the
newest are not taken).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detectors.config import DetectionConfig


@dataclass(frozen=True, slots=True)
class Store:
    """What a stage remembers, and the setting that limits it."""

    name: str
    """The label `store` of the metrics."""
    items: str
    """What its items are, in the plural."""
    setting: str
    """Dotted name of the setting that limits it."""
    item_bytes: int
    """Bytes of one item when the store is full, as its module states them."""
    held: Callable[[Any], int]
    """Items held, given the pipeline (of post ids: given the `DuplicateFilter`)."""
    evicted_early: Callable[[Any], int]
    """Items that left early because the store was full, given the same."""
    is_evidence: bool = True
    """Whether alerts count what it lost (`provenance.dropped`)."""
    evicted_items: str = ""
    """What `evicted_early` counts, in the plural; empty: `items`."""
    parts: int = 1
    """The setting limits this many parts of the store together; `held` is the part in use."""

    def limit(self, config: DetectionConfig) -> int:
        """Items that the settings allow, of which `held` is the count."""
        return self.setting_value(config) // self.parts

    def setting_value(self, config: DetectionConfig) -> int:
        """Value of the setting that limits the store."""
        section, name = self.setting.split(".")
        return int(getattr(getattr(config, section), name))


PIPELINE_STORES = (
    Store(
        "shares",
        "recent shares",
        "co_share.max_recent_shares",
        130,
        held=lambda pipeline: pipeline.synchrony.held,
        evicted_early=lambda pipeline: pipeline.synchrony.evicted_early,
    ),
    Store(
        "pairs",
        "co-shares of pairs",
        "evidence.max_pairs",
        130,
        held=lambda pipeline: len(pipeline.pairs.rows),
        evicted_early=lambda pipeline: pipeline.pairs.evicted_early,
    ),
    Store(
        "share_log",
        "shares in the log",
        "evidence.max_shares",
        30,
        held=lambda pipeline: pipeline.synchrony.logged,
        evicted_early=lambda pipeline: pipeline.synchrony.logged_evicted_early,
    ),
    Store(
        "texts",
        "recent texts",
        "traces.max_texts",
        900,
        held=lambda pipeline: pipeline.texts.held,
        evicted_early=lambda pipeline: pipeline.texts.evicted_early,
        # posts are traced ahead of detection, so this count is not a function of event time
        is_evidence=False,
    ),
    Store(
        "engagement",
        "posts of engagement",
        "engagement.max_posts",
        75,
        held=lambda pipeline: len(pipeline.observations.engagement),
        evicted_early=lambda pipeline: pipeline.observations.engagement.evicted_early,
    ),
    Store(
        "follow_edges",
        "follow edges",
        "followers.max_edges",
        43,
        held=lambda pipeline: pipeline.observations.followers.remembered,
        evicted_early=lambda pipeline: pipeline.observations.followers.dropped,
    ),
    Store(
        "follow_acts",
        "recent follows",
        "followers.max_recent",
        60,
        held=lambda pipeline: len(pipeline.observations.rings.acts),
        evicted_early=lambda pipeline: pipeline.observations.rings.acts.evicted_early,
    ),
    Store(
        "follow_rings",
        "follow rings",
        "followers.max_rings",
        5_000,
        held=lambda pipeline: len(pipeline.observations.rings),
        evicted_early=lambda pipeline: pipeline.observations.rings.evicted_early,
    ),
    Store(
        "facts",
        "facts of attribution",
        "attribution.max_facts",
        200,
        held=lambda pipeline: len(pipeline.observations.facts),
        evicted_early=lambda pipeline: pipeline.observations.facts.evicted_early,
    ),
    Store(
        "pool_shares",
        "shares of pools",
        "pools.max_shares",
        22,
        held=lambda pipeline: len(pipeline.pools.waiting),
        evicted_early=lambda pipeline: pipeline.pools.waiting.left_early,
    ),
    Store(
        "pool_records",
        "records of pools",
        "pools.max_records",
        77,
        held=lambda pipeline: len(pipeline.pools.records),
        evicted_early=lambda pipeline: pipeline.pools.records.left_early,
    ),
    Store(
        "rhythm",
        "posts of rhythm",
        "rhythm.max_posts",
        60,
        held=lambda pipeline: len(pipeline.observations.rhythm),
        evicted_early=lambda pipeline: pipeline.observations.rhythm.left_early,
    ),
)
"""The stores of `detectors.pipeline.Pipeline`."""

POST_IDS = Store(
    "post_ids",
    "post ids",
    "time.max_post_ids",
    32,
    held=lambda duplicates: duplicates.held,
    evicted_early=lambda duplicates: duplicates.forgotten_early,
    is_evidence=False,
    evicted_items="generations of post ids",
    parts=2,
)
"""The store of `detectors.event_time.duplicates.DuplicateFilter`, which posts pass before the pipeline. It holds two
generations, each up to half the limit."""

STORES = (*PIPELINE_STORES, POST_IDS)
"""All of them."""
