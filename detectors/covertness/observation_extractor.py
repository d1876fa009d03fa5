"""What the context of networks needs from a batch of posts.

It shares no state with detection, so another thread may extract the next batch while this one is applied.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U64
from detectors.arrays.hashing import hash_strings
from detectors.attribution.attribution import AttributionExtractor
from detectors.config import KINDS, DetectionConfig
from detectors.reference.claims import registered_domain
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import WEB
from detectors.traces.traces import ACCOUNT_KEYS, POST_KEYS, Traces
from schemas.shares import TraceKind

_URL = KINDS.index(TraceKind.URL)
_TARGETS = ("repost_of", "reply_to", "quote_of")
_REPOSTED = 0
_METRICS = ("reposts", "replies", "quotes", "likes")
_MOST_HOSTS = 1 << 16
"""Hosts whose domain is remembered; at this many all are forgotten. It bounds memory; not measured."""


@dataclass(frozen=True, slots=True)
class PostObservations:
    """Observations of one batch of posts in event order."""

    facts: pl.DataFrame
    """Columns of `detectors.attribution.facts.FACTS`."""
    targets: U64
    """Keys of the posts reposted, answered and quoted, 0 for none; shape (posts, 3)."""
    metrics: I64
    """Reposts, replies, quotes and likes by the source's count, -1 where unknown; shape (posts, 4)."""
    platforms: I32
    """Number of the platform of each post, from 0."""
    link_post: I32
    """Row of the linking post, for each link to a site that is an account itself; ascending."""
    link_site: U64
    """Account key of the site, for each link."""


class ObservationExtractor:
    """Extracts the observations of posts, in event order.

    Args:
        config: horizons.
        reference_data: the registry, whose copies, mentions and links are found.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_domain_of"})
    _platforms: dict[str, int]
    _sites: set[str]

    def __init__(self, config: DetectionConfig, reference_data: ReferenceData) -> None:
        self._attribution = AttributionExtractor(reference_data, config.attribution.origin_days * 86_400)
        self._platforms = {}
        self._sites = set()
        """Domains that have posted as accounts of the web."""
        self._domain_of: dict[str, str | None] = {}

    def set_reference_data(self, reference_data: ReferenceData) -> None:
        """Use other reference data from now on."""
        self._attribution = self._attribution.with_reference_data(reference_data)

    def extract(self, posts: pl.DataFrame, traces: Traces) -> PostObservations:
        """Extract the observations of a batch.

        Args:
            posts: columns of `detectors.post_columns.POSTS`, the frame that `traces` was made from.
            traces: traces of these posts.
        """
        targets = np.zeros((len(posts), len(_TARGETS)), np.uint64)
        for column, name in enumerate(_TARGETS):
            rows = (posts[name].str.len_bytes() > 0).fill_null(value=False).arg_true()
            if len(rows):
                target = posts.select(pl.concat_str("platform", pl.lit(":"), name).gather(rows)).to_series()
                targets[rows.to_numpy(), column] = hash_strings(target, POST_KEYS)
        link_post, link_site = self._site_links(posts, traces)
        return PostObservations(
            facts=self._attribution.extract(posts, traces, np.ascontiguousarray(targets[:, _REPOSTED])),
            targets=targets,
            metrics=posts.select(pl.col(name).fill_null(-1) for name in _METRICS).to_numpy(order="c"),
            platforms=self._numbered(posts["platform"]),
            link_post=link_post,
            link_site=link_site,
        )

    def _numbered(self, platforms: pl.Series) -> I32:
        for platform in platforms.unique(maintain_order=True).to_list():
            self._platforms.setdefault(platform, len(self._platforms))
        return platforms.replace_strict(self._platforms, return_dtype=pl.Int32).to_numpy()

    def _site_links(self, posts: pl.DataFrame, traces: Traces) -> tuple[I32, U64]:
        """Links by other accounts to sites that have posted before."""
        is_site = (posts["platform"] == WEB).to_numpy()
        if not self._sites and not is_site.any():
            return np.zeros(0, np.int32), np.zeros(0, np.uint64)
        first_row = dict.fromkeys(self._sites, -1)
        for row in np.flatnonzero(is_site).tolist():
            first_row.setdefault(posts["account_id"][row].lower(), row)
        self._sites.update(first_row)
        shares = np.flatnonzero((traces.share_kind == _URL) & ~is_site[traces.share_post])
        hosts = traces.labels.gather(shares).str.extract(r"^([^/?#:]+)")
        known = {host: self._domain(host) for host in hosts.unique() if host}
        domains = hosts.replace_strict(known, default=None, return_dtype=pl.String)
        frame = pl.DataFrame({"post": traces.share_post[shares], "domain": domains}).drop_nulls()
        since = frame["domain"].replace_strict(first_row, default=None, return_dtype=pl.Int64)
        frame = frame.filter((since < frame["post"]).fill_null(value=False)).unique(maintain_order=True)
        sites = frame.select(pl.concat_str(pl.lit(f"{WEB}:"), "domain")).to_series()
        return frame["post"].to_numpy(), hash_strings(sites, ACCOUNT_KEYS)

    def _domain(self, host: str) -> str | None:
        """The registered domain of a host: its account id on the platform `web`."""
        if host not in self._domain_of:
            if len(self._domain_of) >= _MOST_HOSTS:
                self._domain_of.clear()
            self._domain_of[host] = registered_domain(host)
        return self._domain_of[host]
