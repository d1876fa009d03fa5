"""`--report`: the networks of a run as one HTML page that needs no network, no other file and no script.

It begins with a queue: a card for each network, suspected ones first, that answers who, what, compared with what, what
speaks against it, and what to do next. `streams.reports.page` makes the cases; the templates lay them out.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO

import jinja2
from markupsafe import Markup

from schemas.alerts import Alert
from streams.outputs.permalinks import Permalinks
from streams.outputs.plain_text import plain
from streams.reports.by_chance import chance_sentences
from streams.reports.durations import duration
from streams.reports.latest_alerts import LatestAlerts, nouns, shared_kinds
from streams.reports.page.case import case_of
from streams.reports.page.words_shown import state_of
from streams.reports.report_posts import PostDetails
from streams.reports.summary import REASONS, RunFigures
from streams.reports.what_there_was import nothing_found, what_there_was
from streams.version import VERSION

MOST_NETWORKS = 300
"""Networks described in full; a list has the others. With 5,000 accounts the page stays below 5 MB (measured)."""
_STATES = ("suspected", "recorded", "muted", "closed")
"""The order of the queue."""


def write_report(
    file: BinaryIO,
    inputs: Sequence[str],
    figures: RunFigures,
    networks: LatestAlerts,
    now: datetime | None = None,
    details: PostDetails | None = None,
    links: Permalinks | None = None,
) -> None:
    """Write the report.

    Args:
        file: receives the page, in UTF-8.
        inputs: names of the files that were read.
        figures: of the run.
        networks: of the run.
        now: time of writing that the page shows; None: the wall clock.
        details: of the posts behind the networks; None: the page shows what the alerts have.
        links: builds addresses of posts and profiles; None: with the addresses that Lockstep knows.
    """
    environment = page_environment()
    style, script = (Markup(_source(environment, name)) for name in ("report.css", "report.js"))  # noqa: S704 - files of this package
    ranked = shown_in_report(networks, figures)
    described, undescribed = ranked[:MOST_NETWORKS], ranked[MOST_NETWORKS:]
    cases = [case_of(alert, links or Permalinks(), details or PostDetails()) for alert in described]
    page = environment.get_template("report.html.j2").stream(
        cases=cases,
        undescribed=undescribed,
        suspected=sum(case.state == "suspected" for case in cases),
        kinds_found=sorted({kind for case in cases for kind in shared_kinds(case.alert)}),
        inputs=inputs,
        showing=figures.showing.note(
            len(ranked), len(figures.showing.fitting(networks.ranked(), figures.last)), len(networks)
        ),
        figures=figures,
        networks=networks,
        nothing=_nothing(networks, figures),
        overview=[] if figures.overview is None else what_there_was(figures.overview, len(networks)),
        chance=None if figures.by_chance is None else chance_sentences(figures.by_chance),
        rejected=[
            (REASONS[reason], count)
            for reason, count in sorted(figures.dead_letters.items(), key=lambda i: -i[1])
        ],
        style=style,
        style_hash=_digest(style),
        script=script,
        script_hash=_digest(script),
        version=VERSION,
        written=now or datetime.now(UTC),
    )
    page.enable_buffering(64)
    page.dump(file, encoding="utf-8", errors="replace")


def queued(networks: LatestAlerts) -> list[Alert]:
    """The latest alerts in the order of the queue: suspected, recorded, muted, closed; each part as ranked."""
    return sorted(networks.ranked(), key=lambda alert: _STATES.index(state_of(alert)))


def shown_in_report(networks: LatestAlerts, figures: RunFigures) -> list[Alert]:
    """The networks that the page shows, in the order of the queue."""
    return figures.showing.fitting(queued(networks), figures.last)[: figures.showing.top]


def _nothing(networks: LatestAlerts, figures: RunFigures) -> str:
    if len(networks):
        return "No network fits that."
    return "No network was found." if figures.overview is None else nothing_found(figures.overview)


def page_environment(loader: jinja2.BaseLoader | None = None) -> jinja2.Environment:
    """The templates of the page, with their filters. Every value printed is made harmless, then escaped.

    Args:
        loader: of other templates that use these; None: of these alone.
    """
    environment = jinja2.Environment(
        loader=loader or jinja2.PackageLoader("streams.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.globals.update(duration=duration)
    environment.filters.update(
        day=lambda at: f"{at:%Y-%m-%d}",
        minute=lambda at: f"{at:%Y-%m-%d %H:%M}",
        second=lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
        stamp=lambda at: int(at.timestamp()),
        number=_number,
        kinds=shared_kinds,
        nouns=nouns,
        bare=lambda account: account.removeprefix("unknown:"),
        web=_is_web,
    )
    return environment


def _source(environment: jinja2.Environment, name: str) -> str:
    """The text of a file beside the templates."""
    assert environment.loader is not None  # noqa: S101 - for the type checker; it was just given
    return environment.loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    """The hash by which the page's policy allows exactly this style or script, and no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _harmless(value: object) -> object:
    """Remove control and direction characters from every printed value, before it is escaped."""
    return plain(value) if type(value) is str else value


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "< 0.01"


def _is_web(link: str | None) -> bool:
    """Whether the page may make a link clickable."""
    return link is not None and link.startswith(("https://", "http://"))
