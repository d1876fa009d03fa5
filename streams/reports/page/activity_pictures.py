"""Pictures of what members did: when each posted, and their followers and reactions beside those of others."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from schemas.alerts import Alert
from schemas.evidence import Evidence
from streams.reports.page.accounts_shown import AccountNames
from streams.reports.page.words_shown import state_of
from streams.reports.report_posts import TIMES, PostDetails

_MOST_ROWS = {"suspected": 16}
_OTHER_ROWS = 6
"""Accounts in a timeline, core members first, by state of the case. It bounds the size of the page; not measured."""
_WIDTH, _LEFT, _ROW = 640, 190, 18
_NAME_LETTERS = 26
_PART = (630 - _LEFT) // TIMES
"""Width of a part of the time, pixels."""
_FIRST, _LAST = 10, 630
"""Left and right end of a scale, pixels."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When members posted."""

    svg: Markup
    accounts: int
    """Rows drawn."""


def timeline(alert: Alert, names: AccountNames, details: PostDetails) -> Timeline:
    """A row for each member: grey where it posted, coloured where it shared something with others.

    Without the posts of the run, only what the evidence has is drawn.
    """
    start, end = int(alert.event_time_start.timestamp()), int(alert.event_time_end.timestamp())
    width = max(end - start, 1)
    shared: dict[str, set[int]] = {}
    axis_end = _LEFT + _PART * TIMES
    for sample in alert.evidence:
        if not sample.post_ids:
            continue
        for account, at in _times_of(sample, details):
            shared.setdefault(account, set()).add(_bin(at, start, width))
    rows = [member.account_id for member in alert.members[: _MOST_ROWS.get(state_of(alert), _OTHER_ROWS)]]
    parts = []
    for number, account in enumerate(rows):
        y = number * _ROW
        posted = {_bin(at, start, width) for at in details.times.get(account, ()) if start <= at <= end}
        parts.append(
            Markup('<text x="0" y="{}">{}</text>{}{}').format(
                y + 13,
                _short(names.account(account).name),
                _ticks(posted - shared.get(account, set()), y, "po"),
                _ticks(shared.get(account, set()), y, "sh"),
            )
        )
    height = len(rows) * _ROW + 20
    axis = Markup('<path class="ax" d="M{0} {1}H{2}"/><text x="{0}" y="{3}">{4}</text>').format(
        _LEFT, height - 18, axis_end, height - 3, f"{alert.event_time_start:%Y-%m-%d %H:%M}"
    ) + Markup('<text class="e" x="{}" y="{}">{}</text>').format(
        axis_end, height - 3, f"{alert.event_time_end:%Y-%m-%d %H:%M}"
    )
    svg = Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="When {} accounts posted">{}{}</svg>'
    ).format(_WIDTH, height, len(rows), Markup("").join(parts), axis)
    return Timeline(svg, len(rows))


def _times_of(sample: Evidence, details: PostDetails) -> Iterator[tuple[str, int]]:
    """Who posted when, seconds, as far as it is known: of the evidence itself, only the first and the last time."""
    ends = {0: sample.window_start}
    if len(sample.account_ids) == int(sample.observed):
        ends[len(sample.account_ids) - 1] = sample.window_end
    for number, share in enumerate(zip(sample.account_ids, sample.post_ids, strict=False)):
        post = details.posts.get(share)
        if post is not None:
            yield share[0], post.time
        elif number in ends:
            yield share[0], int(ends[number].timestamp())


def _bin(at: int, start: int, width: int) -> int:
    return min(max((at - start) * TIMES // width, 0), TIMES - 1)


def _ticks(bins: set[int], y: int, style: str) -> Markup:
    if not bins:
        return Markup("")
    runs: list[list[int]] = []
    for number in sorted(bins):
        if runs and number == runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([number, number + 1])
    steps = [f"M{_LEFT + _PART * start} {y + 9}h{_PART * (end - start) - 1}" for start, end in runs]
    return Markup('<path class="{}" d="{}"/>').format(style, "".join(steps))


@dataclass(frozen=True, slots=True)
class Scale:
    """Members beside all other accounts, in one figure."""

    words: str
    svg: Markup


def scales(alert: Alert, details: PostDetails) -> list[Scale]:
    """Followers, and reactions a post, of the members beside those of the accounts that are in no network."""
    found = []
    followers: Mapping[str, float | None] = {
        member.account_id: float(member.followers) if member.followers is not None else None
        for member in alert.members
    }
    for name, noun in (("followers", "Followers"), ("reactions", "Reactions a post")):
        others = details.others.get(name)
        values = []
        for account, known in followers.items():
            figures = details.accounts.get(account)
            observed = None if figures is None else getattr(figures, name)
            value = known if name == "followers" and known is not None else observed
            if value is not None:
                values.append(float(value))
        if others and values:
            found.append(_scale(noun, sorted(values), others))
    return found


def _scale(noun: str, values: Sequence[float], others: Sequence[float]) -> Scale:
    """One strip: nine in ten and the middle half of other accounts as bars, each member as a dot; logarithmic."""
    top = math.log1p(max(values[-1], others[-1], 1.0))

    def at(value: float) -> int:
        return round(_FIRST + (_LAST - _FIRST) * math.log1p(max(value, 0.0)) / top)

    low, quarter, middle, three_quarters, high = (at(value) for value in others)
    dots = "".join(f"M{x} 15h0" for x in dict.fromkeys(map(at, values)))
    mine, typical = _figure(values[len(values) // 2]), _figure(others[2])
    svg = Markup(
        '<svg viewBox="0 0 640 30" role="img" aria-label="{}: members {}, other accounts {}">'
        '<path class="wh" d="M{} 15H{}"/><path class="bx" d="M{} 15H{}"/><path class="mid" d="M{} 6v18"/>'
        '<path class="me" d="{}"/></svg>'
    ).format(
        *(noun, mine, typical),
        *(low, max(high, low + 1), quarter, max(three_quarters, quarter + 1)),
        *(middle, dots),
    )
    return Scale(f"{noun}: the typical member has {mine}, the typical other account {typical}", svg)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}\u2026"
