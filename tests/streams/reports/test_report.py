"""The report: one page that needs nothing else, with everything that an alert says."""

import io
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import msgspec

from schemas.alerts import Alert
from schemas.dead_letters import Reason
from schemas.evidence import Privacy
from schemas.networks import Lifecycle
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.report import write_report
from streams.reports.summary import RunFigures
from tests.schemas.samples import FULL

ALERT = FULL["alert"]
assert isinstance(ALERT, Alert)
NOW = datetime(2023, 2, 14, tzinfo=UTC)
FIGURES = RunFigures(
    notices=(),
    posts=1_000,
    follows=0,
    seconds=2.5,
    first=NOW,
    last=NOW,
    alerts=1,
    dead_letters={Reason.LATE: 3},
    examples={},
    evicted_early={"pairs": 1},
    dead_letters_kept=False,
)


class Tags(HTMLParser):
    """Checks that tags are closed in order, and keeps their attributes."""

    VOID = frozenset({"meta", "br", "input"})
    NO_END = frozenset({"td", "tr"})
    """Their end tags may be left out."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID | self.NO_END:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID | self.NO_END:
            assert self.open.pop() == tag


def page_of(*alerts: Alert) -> str:
    found = LatestAlerts()
    for alert in alerts:
        found.add(alert)
    file = io.BytesIO()
    write_report(file, ["dump.jsonl"], FIGURES, found, NOW)
    return file.getvalue().decode()


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    page = page_of(ALERT)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    names = {name for _, name, _ in tags.attributes}
    assert not names & {"src", "srcset", "onclick", "onload", "style", "background"}
    assert all(tag == "a" for tag, name, _ in tags.attributes if name == "href")
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "url(" not in page


def test_everything_that_an_alert_says_is_on_it() -> None:
    alert = ALERT
    text = re.sub(r"<[^>]+>", " ", page_of(alert))
    said = [alert.network_id, alert.headline, alert.explanation, alert.alert_id, alert.provenance.config_hash]
    said += [term.summary for term in alert.coordination_terms]
    said += [signal.summary for signal in alert.signals]
    said += [sample.object for sample in alert.evidence]
    said += [fact.summary for fact in alert.counter_evidence]
    said += [member.account_id for member in alert.members]
    said += [step.rationale for step in alert.suggested_actions]
    said += [other.network_id for other in alert.related_networks]
    said += [alert.suppression.reason if alert.suppression else "", alert.severity.value]
    assert [part for part in said if part not in text] == []
    assert "3 too far out of order" in " ".join(text.split())


def test_only_links_to_the_web_can_be_clicked_on() -> None:
    entity = ALERT.evidence[0].entity
    assert entity is not None
    for address, linked in (("javascript:alert(1)", False), ("https://x.example/1", True)):
        sample = msgspec.structs.replace(
            ALERT.evidence[0], entity=msgspec.structs.replace(entity, permalink=address)
        )
        page = page_of(msgspec.structs.replace(ALERT, evidence=[sample]))
        assert (f'href="{address}"' in page) is linked
        assert "javascript:" not in page


def test_every_piece_of_evidence_about_posts_with_addresses_opens_them() -> None:
    shown = msgspec.structs.replace(ALERT, privacy=Privacy(pseudonymised=False))
    page = page_of(shown)
    assert 'href="https://x.com/i/web/status/1"' in page
    assert 'href="https://x.com/i/web/status/2"' in page
    assert "x.com" not in page_of(ALERT)


def test_suspected_networks_come_first_whatever_their_priority() -> None:
    recorded = msgspec.structs.replace(
        ALERT,
        network_id="net-open",
        covertness=0.1,
        priority=99,
        suppression=None,
        lifecycle=Lifecycle.OPENED,
    )
    suspected = msgspec.structs.replace(recorded, network_id="net-covert", covertness=0.9, priority=1)
    page = page_of(recorded, suspected)
    assert page.index("net-covert") < page.index("net-open")


def test_when_nothing_was_found_then_the_report_says_so() -> None:
    assert "No network was found" in page_of()
