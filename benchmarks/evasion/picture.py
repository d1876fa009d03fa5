"""The curves as one SVG, a panel each. No library: five line charts are less than what a plotting library brings."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from benchmarks.evasion.curves import Curve

_WIDTH, _HEIGHT, _LEFT, _TOP = 300, 210, 44, 34
_PLOT_W, _PLOT_H = 230, 120
_COLUMNS = 2
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#1b1f24}.title{font-weight:600;font-size:13px}.soft{fill:#59636e}"
    ".grid{stroke:#d1d9e0}.line{fill:none;stroke:#0b62c4;stroke-width:2}.dot{fill:#0b62c4}"
)

Points = Mapping[float, float]
"""Recall by the number on the lower axis."""


def write_picture(curves: Sequence[tuple[Curve, Points]], path: Path) -> None:
    """Write the picture. The same figures give the same bytes."""
    rows = -(-len(curves) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, rows * _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Recall against five ways of hiding"><style>{_STYLE}</style>'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    ]
    for number, (curve, points) in enumerate(curves):
        across, down = number % _COLUMNS * _WIDTH, number // _COLUMNS * _HEIGHT
        parts.append(f'<g transform="translate({across + _LEFT},{down + _TOP})">{_panel(curve, points)}</g>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _panel(curve: Curve, points: Points) -> str:
    """One chart. Points are equally far apart, since their numbers grow by factors."""
    step = _PLOT_W / max(len(points) - 1, 1)
    places = [
        (round(at * step, 1), round(_PLOT_H * (1 - value), 1)) for at, value in enumerate(points.values())
    ]
    parts = [f'<text class="title" x="0" y="-14">{escape(curve.title)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = round(_PLOT_H * (1 - share), 1)
        parts.append(f'<line class="grid" x1="0" x2="{_PLOT_W}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="soft" x="-8" y="{y + 4}" text-anchor="end">{share:g}</text>')
    path = " ".join(f"{x},{y}" for x, y in places)
    parts.append(f'<polyline class="line" points="{path}"/>')
    for (x, y), (number, value) in zip(places, points.items(), strict=True):
        parts.append(
            f'<circle class="dot" cx="{x}" cy="{y}" r="3"><title>{number:g}: {value:.2f}</title></circle>'
        )
        parts.append(f'<text x="{x}" y="{_PLOT_H + 16}" text-anchor="middle">{number:g}</text>')
    parts.append(
        f'<text class="soft" x="{_PLOT_W / 2}" y="{_PLOT_H + 34}" text-anchor="middle">{escape(curve.unit)}</text>'
    )
    return "".join(parts)
