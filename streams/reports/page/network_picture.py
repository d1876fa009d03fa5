"""The picture of a network: accounts and registry entities as dots, ties as lines, one style for each kind of tie.

It is a drawing, not a program: igraph places the dots (Kamada and Kawai, from a circle, so that the same network always
gives the same picture), and each kind of tie is one SVG path. A library that draws in the browser would add 200 kB to
1 MB, and the data once more. A drawing has 1 to 6 kB, prints, and needs no script.
`docs/decisions/0025-the-report.md` has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import igraph
from markupsafe import Markup

from schemas.alerts import Alert
from streams.reports.page.accounts_shown import AccountNames

MOST_DRAWN = 80
"""Accounts drawn, core members first; more would hide one another."""
_LEAST_LINES, _LINES_EACH = 40, 2
"""Ties drawn, the strongest first: two for each account, or 40. More hide one another; not measured."""
_MOST_NAMED = 14
"""Accounts up to which each dot has its name; with more, names would cover one another."""
_MOST_ENTITIES = 8
_WIDTH, _HEIGHT, _MARGIN = 640, 360, 44
_NAME_LETTERS = 26
_LETTER = 6.6
"""About how wide a letter of a name is, pixels."""
_KINDS = {
    "repost": ("rp", "reposts"),
    "url": ("ur", "links"),
    "text": ("tx", "texts"),
    "hashtag_sequence": ("ht", "hashtags"),
    "mention": ("mn", "mentions"),
    "reply": ("ry", "replies"),
    "media": ("md", "images and videos"),
    "recurring_crowd": ("cr", "recurring crowds"),
    "uncredited_copies": ("uc", "the same uncredited originals"),
    "rhythm": ("rh", "minutes of posting"),
    "entity": ("en", "ties to registry entities"),
}
"""Class of the line and words of the legend, by kind of tie."""


@dataclass(frozen=True, slots=True)
class Legend:
    """One kind of tie of a picture."""

    style: str
    words: str


@dataclass(frozen=True, slots=True)
class NetworkPicture:
    """The drawing and what stands below it."""

    svg: Markup
    legend: list[Legend]
    accounts: int
    """Accounts drawn."""
    left_out: int
    """Pairs with a tie that are not drawn."""


def network_picture(alert: Alert, names: AccountNames) -> NetworkPicture | None:
    """Draw a network; None: fewer than two members, or no tie between members is known."""
    drawn = [member.account_id for member in alert.members[:MOST_DRAWN]]
    place = {account: number for number, account in enumerate(drawn)}
    ties = [tie for tie in alert.ties if tie.account_a in place and tie.account_b in place]
    if len(drawn) < 2 or not ties:
        return None
    lines: dict[tuple[int, int], list[str]] = {}
    for tie in ties[: max(_LEAST_LINES, _LINES_EACH * len(drawn))]:
        lines.setdefault((place[tie.account_a], place[tie.account_b]), []).append(tie.kind)
    entities: dict[str, int] = {}
    for sample in alert.evidence:
        if sample.entity is None or sample.account_ids[0] not in place:
            continue
        if sample.entity.name not in entities and len(entities) == _MOST_ENTITIES:
            continue
        number = entities.setdefault(sample.entity.name, len(drawn) + len(entities))
        lines.setdefault((place[sample.account_ids[0]], number), ["entity"])
    spots = _layout(len(drawn) + len(entities), list(lines))
    labels = [names.account(account).name for account in drawn] + list(entities)
    shown = [kind for kind in _KINDS if any(kind in kinds for kinds in lines.values())]
    parts = [_paths(lines, spots, kind) for kind in shown]
    named = range(len(labels)) if len(drawn) <= _MOST_NAMED else entities.values()
    parts += _labels([spots[number] for number in named], [labels[number] for number in named])
    parts += [_dots(spots, labels, len(drawn)), _squares(spots, len(drawn))]
    pairs = {(tie.account_a, tie.account_b) for tie in alert.ties}
    said = f"Network of {len(drawn)} accounts and {len(entities)} registry entities"
    svg = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, said, Markup("").join(parts)
    )
    between = sum(1 for first, second in lines if second < len(drawn))
    return NetworkPicture(
        svg, [Legend(*_KINDS[kind]) for kind in shown], len(drawn), len(pairs) - between + alert.ties_left_out
    )


def _layout(count: int, lines: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places of the dots in pixels. Parts that no line joins stand side by side."""
    graph = igraph.Graph(n=count, edges=lines)
    circle = graph.layout_circle()
    coordinates = graph.layout_kamada_kawai(seed=circle).coords
    columns = []
    for axis, length in ((0, _WIDTH), (1, _HEIGHT)):
        values = [spot[axis] for spot in coordinates]
        low, high = min(values), max(values)
        scale = (length - 2 * _MARGIN) / (high - low) if high > low else 0.0
        middle = length / 2 if high <= low else _MARGIN
        columns.append([round(middle + (value - low) * scale) for value in values])
    return list(zip(*columns, strict=True))


def _paths(lines: dict[tuple[int, int], list[str]], spots: Sequence[tuple[int, int]], kind: str) -> Markup:
    """All ties of one kind as one path. Several kinds of a pair run side by side."""
    steps = []
    for (first, second), kinds in lines.items():
        if kind not in kinds:
            continue
        (x, y), (to_x, to_y) = spots[first], spots[second]
        length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1.0)
        beside = 3.0 * (kinds.index(kind) - (len(kinds) - 1) / 2)
        off_x, off_y = round(-(to_y - y) / length * beside), round((to_x - x) / length * beside)
        steps.append(f"M{x + off_x} {y + off_y}L{to_x + off_x} {to_y + off_y}")
    return Markup('<path class="k {}" d="{}"/>').format(_KINDS[kind][0], "".join(steps))


def _dots(spots: Sequence[tuple[int, int]], labels: Sequence[str], accounts: int) -> Markup:
    """A dot for each account; where there is no room for names, each dot says its own under the pointer."""
    said = Markup("") if accounts <= _MOST_NAMED else Markup("<title>{}</title>")
    dots = [
        Markup('<circle cx="{}" cy="{}">{}</circle>').format(*spot, said.format(label))
        for spot, label in zip(spots[:accounts], labels, strict=False)
    ]
    return Markup('<g class="accs">{}</g>').format(Markup("").join(dots))


def _squares(spots: Sequence[tuple[int, int]], accounts: int) -> Markup:
    """A square for each registry entity."""
    squares = "".join(f"M{x - 6} {y - 6}h12v12h-12z" for x, y in spots[accounts:])
    return Markup('<path class="ents" d="{}"/>').format(squares) if squares else Markup("")


def _labels(spots: Sequence[tuple[int, int]], names: Sequence[str]) -> list[Markup]:
    """A name beside each dot, each where it covers least of the dots and of the names before it."""
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in spots]
    labels = []
    for (x, y), name in zip(spots, names, strict=True):
        short = name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}\u2026"
        wide = round(_LETTER * len(short))
        corners = [
            (left, y + down)
            for down in (4, 20, -11)
            for left in ((x + 10, x - 10 - wide) if down == 4 else (x - wide // 2, x - 6, x + 6 - wide))
        ]
        boxes = [(left, base - 11, left + wide, base + 3) for left, base in corners]
        # inside the picture first, then without covering anything; of equals the first
        best = min(
            range(len(boxes)),
            key=lambda n: (
                not 0 <= boxes[n][0] <= _WIDTH - wide,
                sum(_covers(boxes[n], box) for box in taken),
            ),
        )
        taken.append(boxes[best])
        labels.append(Markup('<text x="{}" y="{}">{}</text>').format(*corners[best], short))
    return labels


def _covers(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """The area that two boxes (left, top, right, bottom) have in common, square pixels."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0) * max(high, 0)
