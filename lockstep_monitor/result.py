"""What a replay found, as frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from schemas.alerts import Alert
from streams.exports.tables import edges_table, evidence_table, members_table, networks_table
from streams.outputs.output_files import output
from streams.outputs.permalinks import Permalinks


@dataclass(frozen=True, slots=True)
class Result:
    """What a replay found.

    The frames are made when they are asked for. `docs/notebooks.md` lists their columns.
    """

    posts: int
    """Posts that were used."""
    rejected: Mapping[str, int]
    """Rows that were not used, by reason."""
    _latest: Sequence[Alert] = field(repr=False)
    """The latest alert of each network, with all samples and ties, in the order of the report."""
    _alerts: Sequence[Alert] = field(repr=False)
    """All alerts in the order in which they were raised, in brief."""
    _links: Permalinks = field(repr=False)
    _page: bytes = field(repr=False)

    @property
    def networks(self) -> pl.DataFrame:
        """A row for each network, suspected ones first; columns of `streams.exports.tables.NETWORKS`."""
        return networks_table(self._latest)

    @property
    def members(self) -> pl.DataFrame:
        """A row for each account of each network; columns of `streams.exports.tables.MEMBERS`."""
        return members_table(self._latest, self._links)

    @property
    def edges(self) -> pl.DataFrame:
        """A row for each pair and kind of tie; columns of `streams.exports.tables.EDGES`."""
        return edges_table(self._latest)

    @property
    def evidence(self) -> pl.DataFrame:
        """A row for each account of each sample; columns of `streams.exports.tables.EVIDENCE`."""
        return evidence_table(self._latest, self._links)

    @property
    def alerts(self) -> pl.DataFrame:
        """A row for each alert: every revision of every network, in the order in which a live run would raise them."""
        return networks_table(self._alerts)

    def report(self, path: str | Path) -> Path:
        """Write the report of the run, one HTML file.

        Raises:
            LockstepError: the file cannot be written.
        """
        with output(str(path)) as file:
            file.write(self._page)
        return Path(path)

    def _repr_html_(self) -> str:
        """What a notebook shows: a line, and the table of networks."""
        shown = self.networks.select(
            "network_id", "accounts", "suspected", "priority", "first_seen", "headline"
        )
        return f"<p>{len(self._latest):,} networks in {self.posts:,} posts</p>{shown._repr_html_()}"
