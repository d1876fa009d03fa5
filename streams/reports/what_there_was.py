"""What a run had to look at, what came closest, and what more data would give: for runs that find little."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from detectors.evidence.pair_overview import MANY_OBJECTS, PairOverview
from schemas.shares import TraceKind
from streams.reports.durations import duration
from streams.reports.latest_alerts import nouns

FEW_NETWORKS = 2
"""With more networks than this, the networks speak for themselves."""
_SHORT = timedelta(days=2)
"""Evidence of a day is too little for patterns that repeat day after day. Chosen, not measured."""
_MOSTLY = 0.5
"""Share of the active accounts that share things with others, above which hardly anybody is left to compare with."""


@dataclass(frozen=True, slots=True)
class RepeatedLink:
    """A link that several accounts posted again and again."""

    link: str
    accounts: int
    """Accounts that did."""
    most_posts: int
    """Posts of the one that did so most often."""


@dataclass(frozen=True, slots=True)
class RunOverview:
    """What a run had to look at."""

    posts: int
    accounts: int
    active_accounts: int
    """Accounts with two posts or more: only these can have evidence."""
    posts_with: Mapping[TraceKind, int]
    """Posts with at least one object, by kind."""
    repeated_link: RepeatedLink | None
    pairs: PairOverview
    closest_names: tuple[str, str] | None
    """The accounts of the closest pair, as `platform:account_id`."""
    needed_p: float
    """Probability at or below which a pair passes the gate."""
    min_objects: int
    """Independent objects that a pair needs to be tested."""
    min_members: int
    """Accounts that a network needs."""
    span: timedelta
    """Between the first post and the last."""


def what_there_was(run: RunOverview, networks: int) -> list[str]:
    """Say it in paragraphs; none if there were no posts, or enough networks to speak for themselves.

    Args:
        run: what there was.
        networks: how many were found.
    """
    if not run.posts or networks > FEW_NETWORKS:
        return []
    paragraphs = [" ".join(_counts(run, networks))]
    if not networks:
        paragraphs += [*_closest(run)]
        advice = " ".join(_advice(run))
        paragraphs += [advice] if advice else []
    return paragraphs


def nothing_found(run: RunOverview) -> str:
    """Why there is no network, in one sentence."""
    found = run.pairs
    if found.validated:
        passed = _many(found.validated, "pair of accounts stands", "pairs of accounts stand")
        return f"No network was found. {passed} out, but too few of them share members to form a network."
    if found.pairs:
        return "No network was found: chance and shared interest can explain what accounts shared together."
    return "No network was found: no two accounts shared anything at nearly the same time."


def _counts(run: RunOverview, networks: int) -> Iterator[str]:
    with_kind = [
        f"{run.posts_with[kind]:,} with {nouns([kind.value])[0].replace('_', ' ')}"
        for kind in TraceKind
        if run.posts_with.get(kind)
    ]
    posts = f"There were {_many(run.posts, 'post', 'posts')} by {_many(run.accounts, 'account', 'accounts')}"
    yield f"{posts}: {', '.join(with_kind)}." if with_kind else f"{posts}, with nothing that could be shared."
    found = run.pairs
    if found.pairs:
        # evidence ages: pairs that held a network together may not stand out any more
        at_the_end = " when the data ended" if networks else ""
        yield (
            f"{_many(found.objects, 'object was', 'objects were')} shared by two accounts or more at nearly the same "
            f"time; {_many(found.pairs, 'pair', 'pairs')} of accounts did so, {found.pairs_of_many:,} of them with "
            f"{MANY_OBJECTS} objects or more, and {found.validated:,} beyond chance{at_the_end}."
        )


def _closest(run: RunOverview) -> Iterator[str]:
    pair = run.pairs.closest
    if pair is None or run.closest_names is None:
        return
    one, other = (name.removeprefix("unknown:") for name in run.closest_names)
    shared = ", ".join(
        f"{_many(each.objects, 'object', 'objects')} ({nouns([each.kind.value])[0].replace('_', ' ')}) within "
        f"{duration(timedelta(seconds=each.window_s))}, where chance gives {_figure(each.expected)}"
        for each in pair.shared
    )
    if pair.p_value is None:
        yield (
            f"The closest pair: {one} and {other} shared {shared}. A pair needs {run.min_objects} different objects to "
            "be tested."
        )
    elif pair.p_value <= run.needed_p:
        yield (
            f"The strongest pair: {one} and {other} shared {shared}: p = {_figure(pair.p_value)}. A network needs "
            f"{run.min_members} accounts that are held together by such pairs."
        )
    else:
        times = pair.p_value / run.needed_p if run.needed_p else math.inf
        yield (
            f"The closest pair: {one} and {other} shared {shared}. With interest taken into account, p = "
            f"{_figure(pair.p_value)}; among so many pairs, {_figure(run.needed_p)} would be needed, {_factor(times)} "
            "less."
        )


def _advice(run: RunOverview) -> Iterator[str]:
    if run.accounts == 1:
        yield "All posts are by one account, so there is nobody that it could act together with."
        return
    if not run.active_accounts:
        yield (
            "No account has more than one post, and a pair needs several objects: read more posts of these accounts."
        )
    elif run.pairs.accounts_in_candidates > _MOSTLY * run.active_accounts:
        yield (
            f"{run.pairs.accounts_in_candidates:,} of the {run.active_accounts:,} accounts with two posts or more "
            "share several objects with another one, so hardly anybody is left to compare them with: what all do "
            "looks like chance. Add posts of ordinary accounts on the same topics and days."
        )
    if run.repeated_link is not None:
        again = run.repeated_link
        yield (
            f"{again.accounts:,} accounts posted one link again and again, up to {again.most_posts:,} times each: "
            f"{again.link}. One object counts once for a pair, however often both post it, so this is not counted as "
            "evidence."
        )
    if not any(run.posts_with.values()):
        yield (
            "No post has links, tags, reposts or texts long enough: check with the [source] section of the settings "
            "that the right columns are read."
        )
    if run.span < _SHORT:
        yield (
            f"The posts cover {duration(run.span)}. Evidence adds up over days, so a longer time would show more."
        )


def _factor(times: float) -> str:
    return f"{times:,.0f} times" if times >= 10 else f"{times:.1f} times"


def _figure(value: float) -> str:
    if value and (value < 0.001 or value >= 1e6):
        return f"{value:.0e}"
    return f"{value:.2g}"


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
