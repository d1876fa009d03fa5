"""One case of the report: an alert with everything that its card and its folded part show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from schemas.alerts import Alert
from schemas.evidence import Evidence
from schemas.networks import Member
from streams.outputs.permalinks import Permalinks
from streams.reports.page.accounts_shown import AccountNames, Named
from streams.reports.page.activity_pictures import Scale, Timeline, scales, timeline
from streams.reports.page.examples import Example, examples, without_relation
from streams.reports.page.network_picture import NetworkPicture, network_picture
from streams.reports.page.shown_text import shown
from streams.reports.page.words_shown import (
    Compared,
    against,
    compared,
    next_steps,
    obscurity_of,
    state_of,
    why,
)
from streams.reports.report_posts import AccountActivity, PostDetails

MOST_MEMBERS = 200
"""Members listed of each network."""
_MOST_WHO = 6
"""Accounts named on a card."""
_MOST_EVIDENCE = {"suspected": 100, "recorded": 5, "muted": 5, "closed": 5}
"""Pieces of evidence listed, by state. Detection keeps fewer than 100; it bounds the size of the page; not measured."""
_MOST_ACCOUNTS = 3
"""Accounts named for each piece of evidence."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in the table of a case."""

    member: Member
    named: Named
    figures: AccountActivity | None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A piece of evidence in the table of a case."""

    sample: Evidence
    object: Markup
    original: Markup | None
    """The text that was copied; None: it is no copy, or its original is not known."""
    who: list[tuple[str, str | None]]
    """Accounts by name, with the id of the post where no address leads to it; and that address."""
    more: int
    """Further members that did the same."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the page shows of one network."""

    alert: Alert
    state: str
    """`suspected`, `recorded`, `muted` or `closed`."""
    who: list[Named]
    why: str
    examples: list[Example]
    compared: list[Compared]
    obscurity: str | None
    against: list[str]
    next_steps: list[tuple[str, str]]
    picture: NetworkPicture | None
    timeline: Timeline
    scales: list[Scale]
    members: list[MemberRow]
    evidence: list[EvidenceRow]
    related: list[tuple[str, str]]
    """Id of each related network, and how it is related."""


def case_of(alert: Alert, links: Permalinks, details: PostDetails) -> Case:
    """Make a case of an alert.

    Args:
        alert: with all samples and ties, as detection raises it; a brief one gives a shorter case.
        links: builds addresses of posts and profiles.
        details: of the posts behind it; empty: the case shows what the alert has.
    """
    names = AccountNames(alert, links)
    return Case(
        alert=alert,
        state=state_of(alert),
        who=[names.account(member.account_id) for member in alert.members[:_MOST_WHO]],
        why=why(alert),
        examples=examples(alert, names, details),
        compared=compared(alert),
        obscurity=obscurity_of(alert),
        against=against(alert),
        next_steps=next_steps(alert),
        picture=network_picture(alert, names),
        timeline=timeline(alert, names, details),
        scales=scales(alert, details),
        members=[
            MemberRow(member, names.account(member.account_id), details.accounts.get(member.account_id))
            for member in alert.members[:MOST_MEMBERS]
        ],
        evidence=list(_evidence(alert.evidence[: _MOST_EVIDENCE[state_of(alert)]], names)),
        related=[(other.network_id, other.reason) for other in alert.related_networks],
    )


def _evidence(samples: Sequence[Evidence], names: AccountNames) -> Iterator[EvidenceRow]:
    for sample in samples:
        accounts = sample.account_ids[:_MOST_ACCOUNTS]
        posts = [*sample.post_ids[: len(accounts)], *[""] * (len(accounts) - len(sample.post_ids))]
        who = [_acted(names, account, post_id) for account, post_id in zip(accounts, posts, strict=True)]
        original = sample.entity.text if sample.entity else None
        yield EvidenceRow(
            sample,
            shown(without_relation(sample)),
            None if original is None else shown(original),
            who,
            max(int(sample.observed) - len(accounts), 0),
        )


def _acted(names: AccountNames, account: str, post_id: str) -> tuple[str, str | None]:
    """Who acted, and the address of the post; without an address the name has the post's id behind it."""
    name, post = names.account(account).name, names.post(account, post_id)
    return (name, post.link) if post.link or not post_id else (f"{name}, post {post.name}", None)


def posts_shown(alerts: Sequence[Alert]) -> Iterator[tuple[str, str]]:
    """Account and id of each post whose text the cases of some alerts may show."""
    for alert in alerts:
        for sample in alert.evidence:
            yield from zip(sample.account_ids, sample.post_ids, strict=False)
