"""Examples of what a network did, in two sides: the original beside the copy, the first beside a later post."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from schemas.alerts import Alert
from schemas.evidence import EntityTie, Evidence
from schemas.shares import TraceKind
from streams.reports.durations import duration
from streams.reports.page.accounts_shown import AccountNames
from streams.reports.page.shown_text import differences, shown, shown_with
from streams.reports.report_posts import PostDetails

MOST_EXAMPLES = 3
_LONGEST = 280
"""Letters of a text shown in an example."""
_TELLING = (
    "unattributed_copies",
    TraceKind.TEXT.value,
    "hidden_mentions",
    "shared_infrastructure",
    TraceKind.URL.value,
    TraceKind.MEDIA.value,
    TraceKind.REPOST.value,
    TraceKind.REPLY.value,
    TraceKind.HASHTAG_SEQUENCE.value,
    TraceKind.MENTION.value,
    "amplified_copies",
)
"""Kinds of evidence that make an example, those first that a reader can judge at a glance."""
_TITLES = {
    "unattributed_copies": "Copy without credit",
    TraceKind.TEXT.value: "Same text",
    "hidden_mentions": "Handle named so that no link arises",
    "shared_infrastructure": "Link to a site that the registry knows",
    TraceKind.URL.value: "Same link",
    TraceKind.MEDIA.value: "Same image or video",
    TraceKind.REPOST.value: "Same post reposted",
    TraceKind.REPLY.value: "Replies to the same post",
    TraceKind.HASHTAG_SEQUENCE.value: "Same hashtags",
    TraceKind.MENTION.value: "Same account mentioned",
    "amplified_copies": "Repost of a copy without credit",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an example."""

    role: str
    """What it is: `Original`, `Copy`, `First`, `42 seconds later`."""
    who: str
    link: str | None
    """Address of the post."""
    at: datetime | None
    body: Markup


@dataclass(frozen=True, slots=True)
class Example:
    """Two posts, or an entity and a post, side by side."""

    kind: str
    title: str
    left: Side
    right: Side
    differ: bool | None
    """Whether marked differences are shown; None: no texts are compared."""


def examples(alert: Alert, names: AccountNames, details: PostDetails) -> list[Example]:
    """The most telling examples: of different kinds first, then of different originals."""
    by_kind: dict[str, list[Evidence]] = {kind: [] for kind in _TELLING}
    for sample in alert.evidence:
        if sample.kind in by_kind:
            by_kind[sample.kind].append(sample)
    queues = [list(_made(samples, names, details)) for samples in by_kind.values() if samples]
    chosen: list[Example] = []
    while len(chosen) < MOST_EXAMPLES and any(queues):
        for queue in queues:
            if queue and len(chosen) < MOST_EXAMPLES:
                chosen.append(queue.pop(0))
    return sorted(chosen, key=lambda example: _TELLING.index(example.kind))


def _made(samples: Sequence[Evidence], names: AccountNames, details: PostDetails) -> Iterator[Example]:
    """Examples of one kind, those of an object or original not shown yet first."""
    first: list[Evidence] = []
    again: list[Evidence] = []
    seen: set[str] = set()
    for sample in samples:
        about = (sample.entity.post_id if sample.entity else None) or sample.object
        (again if about in seen else first).append(sample)
        seen.add(about)
    for sample in (*first, *again)[:MOST_EXAMPLES]:
        made = _example(sample, names, details)
        if made is not None:
            yield made


def _example(sample: Evidence, names: AccountNames, details: PostDetails) -> Example | None:
    title = _TITLES[sample.kind]
    if sample.entity is not None:
        return _against_entity(sample, sample.entity, title, names, details)
    return _two_shares(sample, title, names, details)


def _against_entity(
    sample: Evidence, entity: EntityTie, title: str, names: AccountNames, details: PostDetails
) -> Example | None:
    """An act about a registry entity: the entity's original or name at the left, the member's post at the right."""
    account = sample.account_ids[0]
    post_id = sample.post_ids[0] if sample.post_ids else ""
    said = without_relation(sample)
    post = details.posts.get((account, post_id))
    text = None if post is None else post.text
    what = f"{entity.name} ({entity.kind.value.replace('_', ' ')})"
    if entity.text is not None:
        copy = (text or said)[: max(_LONGEST, len(entity.text))]
        left, right, differ = differences(entity.text, copy)
        roles, differs = ("Original", "Copy"), differ
    else:
        left = Markup("<em>In the registry: {}</em>").format(_tie_words(sample.kind))
        right, differs = shown_with((text or said)[:_LONGEST], said), None
        roles = ("Registry entity", "Post")
    return Example(
        kind=sample.kind,
        title=title,
        left=Side(roles[0], what, entity.permalink, entity.published_at, left),
        right=Side(
            roles[1],
            names.account(account).name,
            names.post(account, post_id).link,
            sample.window_start,
            right,
        ),
        differ=differs,
    )


def _tie_words(kind: str) -> str:
    return {
        "hidden_mentions": "the handle marked at the right belongs to this entity.",
        "shared_infrastructure": "the site linked at the right belongs to this entity.",
    }.get(kind, "the content is this entity's.")


def _two_shares(sample: Evidence, title: str, names: AccountNames, details: PostDetails) -> Example | None:
    """The first post with an object, and the later one that reads most unlike it."""
    if len(sample.account_ids) < 2:
        return None
    posts = [*sample.post_ids, *[""] * (len(sample.account_ids) - len(sample.post_ids))]
    shares = list(zip(sample.account_ids, posts, strict=True))
    known = [details.posts.get(share) for share in shares]
    texts = [None if post is None else post.text for post in known]
    first = texts[0]
    other = next((n for n, text in enumerate(texts) if n and text and text != first), len(shares) - 1)
    second = texts[other]
    differ: bool | None = None
    if first and second:
        left, right, differ = differences(first[:_LONGEST], second[:_LONGEST])
    else:
        left, right = (shown((text or sample.object)[:_LONGEST]) for text in (first, second))
    later = known[other]
    at = sample.window_end if other == int(sample.observed) - 1 else None
    if later is not None:
        at = datetime.fromtimestamp(later.time, UTC)
    one, two = (
        Side(role, names.account(account).name, names.post(account, post_id).link, when, body)
        for role, (account, post_id), when, body in (
            ("First", shares[0], sample.window_start, left),
            (_later(sample.window_start, at), shares[other], at, right),
        )
    )
    return Example(sample.kind, title, one, two, differ)


def _later(first: datetime, at: datetime | None) -> str:
    """How much later a post was: `42 s later`."""
    return "Later" if at is None else f"{duration(at - first)} later"


def without_relation(sample: Evidence) -> str:
    """The object of a sample without the registry entity that detection writes behind it in brackets."""
    if sample.entity is None or not sample.object.endswith("]"):
        return sample.object
    return sample.object[: max(sample.object.rfind(" ["), 0)] or sample.object
