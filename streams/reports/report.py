"""`--report`: the networks of a run as one HTML page that needs no network, no script and no other file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

import jinja2

from schemas.alerts import Alert, Signal
from streams.outputs.plain_text import plain
from streams.reports.by_chance import chance_sentences
from streams.reports.latest_alerts import LatestAlerts, is_closed, nouns, shared_kinds
from streams.reports.summary import REASONS, RunFigures, duration
from streams.version import VERSION

MOST_NETWORKS = 200
"""Networks described in full; the table lists all."""
MOST_MEMBERS = 200
"""Members listed of each network."""
_BAR_PX = 240


@dataclass(frozen=True, slots=True)
class Bar:
    """A pair of bars in pixels of one scale: what was observed, and what chance gives."""

    observed: float
    expected: float


def write_report(
    file: BinaryIO,
    inputs: Sequence[str],
    figures: RunFigures,
    networks: LatestAlerts,
    now: datetime | None = None,
) -> None:
    """Write the report.

    Args:
        file: receives the page, in UTF-8.
        inputs: names of the files that were read.
        figures: of the run.
        networks: of the run.
        now: time of writing that the page shows; None: the wall clock.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("streams.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters.update(
        minute=lambda at: f"{at:%Y-%m-%d %H:%M}",
        second=lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
        number=_number,
        kinds=shared_kinds,
        nouns=nouns,
        closed=is_closed,
        bare=lambda account: account.removeprefix("unknown:"),
        web=_is_web,
    )
    ranked = networks.ranked()
    page = environment.get_template("report.html.j2").stream(
        alerts=ranked,
        described=ranked[:MOST_NETWORKS],
        most_members=MOST_MEMBERS,
        inputs=inputs,
        figures=figures,
        networks=networks,
        chance=None if figures.by_chance is None else chance_sentences(figures.by_chance),
        rejected=[
            (REASONS[reason], count)
            for reason, count in sorted(figures.dead_letters.items(), key=lambda i: -i[1])
        ],
        bar=_bar,
        bar_px=_BAR_PX,
        duration=duration,
        version=VERSION,
        written=now or datetime.now(UTC),
    )
    page.enable_buffering(64)
    page.dump(file, encoding="utf-8", errors="replace")


def _harmless(value: object) -> object:
    """Remove control and direction characters from every printed value, before it is escaped."""
    return plain(value) if type(value) is str else value


def _bar(alert: Alert, signal: Signal) -> Bar:
    """Bars of one signal, on the scale that all signals of a network share."""
    most = max((max(each.observed, each.expected) for each in alert.signals), default=0.0) or 1.0
    return Bar(*(round(_BAR_PX * value / most, 1) for value in (signal.observed, signal.expected)))


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "< 0.01"


def _is_web(link: str) -> bool:
    """Whether the page may make a link clickable."""
    return link.startswith(("https://", "http://"))
