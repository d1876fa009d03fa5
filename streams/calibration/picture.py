"""The reliability curves as one SVG picture: what was predicted beside what reviewers said."""

from collections.abc import Iterator
from html import escape

from schemas.figures.calibration import CalibrationFigures, Method, ScoreCalibration

_SIDE = 260
"""Width and height of the area of one score, pixels."""
_LEFT, _TOP, _BELOW, _GAP = 52, 44, 62, 40
_INK, _FAINT, _BAND, _LINE, _DOT = "#1c2733", "#b9c2cc", "#cfe0f2", "#2563a8", "#b4451f"


def picture_of(figures: CalibrationFigures) -> bytes:
    """Draw one area for each score: the curve with its interval, and the bins of unseen networks with theirs."""
    width = _LEFT + len(figures.scores) * (_SIDE + _GAP + _LEFT) - _GAP
    height = _TOP + _SIDE + _BELOW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12">',
        "<title>Scores as probabilities, with what reviewers said</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, one in enumerate(figures.scores):
        left = _LEFT + number * (_SIDE + _GAP + _LEFT)
        parts += [f'<g transform="translate({left},{_TOP})">', *_area(one), "</g>"]
    return "\n".join([*parts, "</svg>", ""]).encode()


def _area(one: ScoreCalibration) -> Iterator[str]:
    yield (
        f'<text x="0" y="-24" font-size="14" font-weight="600" fill="{_INK}">{escape(one.score)}: '
        f"{escape(one.question)}?</text>"
    )
    yield f'<text x="0" y="-8" fill="{_INK}">{one.verdicts.networks:,} verdicts, {escape(one.method.value)}</text>'
    yield f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{_FAINT}"/>'
    for tick in (0.0, 0.5, 1.0):
        yield f'<text x="{_x(tick)}" y="{_SIDE + 16}" text-anchor="middle" fill="{_INK}">{tick:g}</text>'
        yield f'<text x="-8" y="{_y(tick) + 4}" text-anchor="end" fill="{_INK}">{tick:g}</text>'
    yield _middle(_SIDE + 34, "score (line), prediction (dots)")
    yield (
        f'<text transform="translate(-36,{_SIDE / 2}) rotate(-90)" text-anchor="middle" fill="{_INK}">share confirmed'
        "</text>"
    )
    if one.method is Method.NONE:
        low, high = one.verdicts.low, one.verdicts.high
        yield f'<rect x="0" y="{_y(high)}" width="{_SIDE}" height="{_y(low) - _y(high):.1f}" fill="{_BAND}"/>'
        yield _middle(_SIDE / 2, "no curve: too few verdicts")
        return
    band = [f"{_x(p.score)},{_y(p.high)}" for p in one.curve]
    band += [f"{_x(p.score)},{_y(p.low)}" for p in reversed(one.curve)]
    yield f'<polygon points="{" ".join(band)}" fill="{_BAND}"/>'
    yield f'<line x1="0" y1="{_SIDE}" x2="{_SIDE}" y2="0" stroke="{_FAINT}" stroke-dasharray="4 4"/>'
    line = " ".join(f"{_x(p.score)},{_y(p.probability)}" for p in one.curve)
    yield f'<polyline points="{line}" fill="none" stroke="{_LINE}" stroke-width="2"/>'
    for each in one.reliability:
        x, seen = _x(each.predicted), each.observed
        yield f'<line x1="{x}" y1="{_y(seen.low)}" x2="{x}" y2="{_y(seen.high)}" stroke="{_DOT}"/>'
        yield (
            f'<circle cx="{x}" cy="{_y(seen.share or 0.0)}" r="4" fill="{_DOT}"><title>{seen.right} of {seen.networks}'
            "</title></circle>"
        )


def _middle(y: float, words: str) -> str:
    return f'<text x="{_SIDE / 2}" y="{y}" text-anchor="middle" fill="{_INK}">{words}</text>'


def _x(value: float) -> float:
    return round(_SIDE * value, 1)


def _y(value: float) -> float:
    return round(_SIDE * (1.0 - value), 1)
