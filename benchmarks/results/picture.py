"""A figure by posts, a line for each job, both axes in powers of ten."""

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 460, 280, 60, 36, 120, 40
_COLOURS = ("#0b62c4", "#b35900", "#1a7f37", "#8250df")
_STYLE = "text{font:11px system-ui,sans-serif;fill:#1b1f24}.title{font-weight:600;font-size:13px}.grid{stroke:#d1d9e0}"

Lines = Mapping[str, Mapping[int, float]]
"""By job: the figure by count of posts; all above 0."""


def write_picture(title: str, lines: Lines, path: Path) -> None:
    """Write the picture as SVG. The same figures give the same bytes."""
    across = sorted({posts for line in lines.values() for posts in line})
    up = [value for line in lines.values() for value in line.values()]
    low, high = math.floor(math.log10(min(up))), math.ceil(math.log10(max(up)))
    first, last = math.log10(across[0]), math.log10(across[-1])
    plot_w, plot_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(posts: float) -> float:
        return round(_LEFT + plot_w * (math.log10(posts) - first) / ((last - first) or 1), 1)

    def y(value: float) -> float:
        return round(_TOP + plot_h * (high - math.log10(value)) / ((high - low) or 1), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'role="img" aria-label="{escape(title)}"><style>{_STYLE}</style>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text class="title" x="{_LEFT}" y="20">{escape(title)}</text>',
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + plot_w}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4}" text-anchor="end">{10.0**power:g}</text>')
    for posts in across:
        parts.append(f'<text x="{x(posts)}" y="{_HEIGHT - 20}" text-anchor="middle">{posts:,}</text>')
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        places = [(x(posts), y(value)) for posts, value in sorted(line.items())]
        joined = " ".join(f"{right},{down}" for right, down in places)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{joined}"/>')
        parts += [f'<circle cx="{right}" cy="{down}" r="3" fill="{colour}"/>' for right, down in places]
        right, down = places[-1]
        parts.append(f'<text x="{right + 8}" y="{down + 4}">{escape(name)}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
