"""Pictures of dashboards: answers of a Prometheus to the queries of their panels, plotted where Grafana has them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from tests.integration.prometheus_server import Prometheus

_COLUMNS = 24
_INCHES_A_COLUMN, _INCHES_A_LINE = 0.7, 0.34
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.9, 0.35, 1.0, 0.9
"""Margins of a panel for names and numbers, in columns and lines."""
_TITLE_LINES = 2
_POINTS = 300
"""Points of each series."""
_NAMES_SHOWN = 9


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of time, seconds since 1970 UTC, with moments to mark."""

    begin: float
    end: float
    marks: Sequence[float] = ()

    def minutes(self, moment: float) -> float:
        """A moment in minutes since the begin."""
        return (moment - self.begin) / 60


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a query, named by its legend."""

    name: str
    times: list[float]
    """Minutes since the begin."""
    values: list[float]


class Pictures:
    """Draws dashboards.

    Args:
        source: answers the queries.
        span: the time to draw.
        variables: values of the dashboards' variables.
        title: title of each picture.
    """

    def __init__(self, source: Prometheus, span: TimeSpan, variables: Mapping[str, str], title: str) -> None:
        self._source = source
        self._span = span
        self._variables = variables
        self._title = title

    def draw(self, board: Dashboard, path: Path) -> None:
        """Write a PNG of a dashboard."""
        placed, lines = _placed(board)
        high = lines + _TITLE_LINES
        figure = Figure(figsize=(_COLUMNS * _INCHES_A_COLUMN, high * _INCHES_A_LINE))
        figure.text(0.01, 1 - 1 / high, f"{board.title} - {self._title}", fontsize=13, fontweight="bold")
        for item, line, column in placed:
            top = 1 - (line + _TITLE_LINES) / high
            if isinstance(item, Row):
                figure.text(0.01, top - 0.8 / high, item.title, fontsize=12, fontweight="bold")
                continue
            left, width = (column + _LEFT) / _COLUMNS, (item.width - _LEFT - _RIGHT) / _COLUMNS
            height = (item.height - _TOP - _BOTTOM) / high
            self._panel(figure.add_axes((left, top - _TOP / high - height, width, height)), item)
        figure.savefig(path, dpi=80, metadata={"Software": None})

    def _panel(self, axes: Axes, panel: Panel) -> None:
        axes.set_title(panel.title, fontsize=9, loc="left")
        axes.tick_params(labelsize=7)
        found = [line for query in panel.queries for line in self._lines(panel, query)]
        if not found:
            axes.set_axis_off()
            axes.text(0.5, 0.5, panel.empty, ha="center", va="center", color="grey", transform=axes.transAxes)
        elif panel.kind in ("ranking", "table"):
            _ranking(axes, panel, found)
        elif panel.kind == "number" or all(panel.is_instant(query) for query in panel.queries):
            _number(axes, panel, found[: _NAMES_SHOWN // 2])
        else:
            self._over_time(axes, panel, found)

    def _lines(self, panel: Panel, query: Query) -> Iterator[Line]:
        """The answers to a query, without values that are not finite."""
        expr = query.filled(self._variables)
        step = max(1.0, (self._span.end - self._span.begin) / _POINTS)
        if panel.is_instant(query):
            samples = self._source.ask("query", query=expr, time=f"{self._span.end:.3f}")["result"]
            series = [{"metric": sample["metric"], "values": [sample["value"]]} for sample in samples]
        else:
            series = self._source.series(expr, self._span.begin, self._span.end, step)
        for one in series:
            points = [(self._span.minutes(float(at)), float(value)) for at, value in one["values"]]
            points = [(at, value) for at, value in points if math.isfinite(value)]
            if points:
                yield Line(_named(query.legend, one["metric"]), *_parted(points, 1.5 * step / 60))

    def _over_time(self, axes: Axes, panel: Panel, lines: list[Line]) -> None:
        for at in self._span.marks:
            axes.axvline(self._span.minutes(at), color="0.85", linewidth=0.6, zorder=0)
        lines.sort(key=lambda line: -np.nansum(line.values))
        names = [line.name if at < _NAMES_SHOWN else "_" for at, line in enumerate(lines)]
        if panel.stacked:
            times = sorted({at for line in lines for at in line.times})
            by_time = [dict(zip(line.times, line.values, strict=True)) for line in lines]
            heights = [[known.get(at, 0.0) for at in times] for known in by_time]
            axes.stackplot(times, np.nan_to_num(heights), labels=names, alpha=0.8)
        else:
            for line, name in zip(lines, names, strict=True):
                if panel.kind == "bars":
                    axes.fill_between(line.times, line.values, step="mid", alpha=0.6, label=name)
                else:
                    axes.plot(line.times, line.values, linewidth=1, label=name)
        axes.set_xlim(0, self._span.minutes(self._span.end))
        highest = max(np.nanmax(line.values) for line in lines)
        axes.set_ylim(bottom=0, top=None if highest > 0 else 1)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formatted(value, panel.unit)))
        axes.grid(axis="y", color="0.93")
        if any(name and not name.startswith("_") for name in names):
            axes.legend(fontsize=6, loc="upper left", framealpha=0.6, borderpad=0.2)


def formatted(value: float, unit: str) -> str:
    """A value with one of Grafana's units, for people."""
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "s":
        return _duration(value)
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1_000, UTC):%Y-%m-%d %H:%M}"
    ending = {"bytes": "B", "Bps": "B/s", "reqps": "/s"}.get(unit, "")
    if abs(value) < 1_000:
        return f"{value:.4g}{ending}"
    return EngFormatter(unit=ending, places=1, sep="")(value)


def _duration(seconds: float) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.4g} {name}"
    return f"{seconds:.3g} s" if abs(seconds) >= 1 or not seconds else f"{1_000 * seconds:.3g} ms"


def _parted(points: list[tuple[float, float]], longest: float) -> tuple[list[float], list[float]]:
    """Times and values, with a break in each gap of more than `longest`, so that no line crosses it."""
    times, values = [points[0][0]], [points[0][1]]
    for at, value in points[1:]:
        if at - times[-1] > longest:
            times.append((times[-1] + at) / 2)
            values.append(math.nan)
        times.append(at)
        values.append(value)
    return times, values


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend)


def _placed(board: Dashboard) -> tuple[list[tuple[Row | Panel, int, int]], int]:
    """Rows and panels with their first line and column, and the number of lines."""
    found: list[tuple[Row | Panel, int, int]] = []
    line = 0
    for row in board.rows:
        found.append((row, line, 0))
        line += 1
        column = height = 0
        for panel in row.panels:
            if column + panel.width > _COLUMNS:
                line, column, height = line + height, 0, 0
            found.append((panel, line, column))
            column += panel.width
            height = max(height, panel.height)
        line += height
    return found, line


def _number(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    """The last value in large letters, over its curve."""
    axes.set_axis_off()
    for at, line in enumerate(lines):
        if len(line.times) > 1:
            axes.fill_between(line.times, line.values, alpha=0.15)
        middle = (at + 0.5) / len(lines)
        text: dict[str, Any] = {"ha": "center", "transform": axes.transAxes}
        last = line.values[-1] if panel.decimals is None else round(line.values[-1], panel.decimals + 2)
        axes.text(middle, 0.5, formatted(last, panel.unit), fontsize=16, va="center", **text)
        axes.text(middle, 0.15, line.name, fontsize=8, va="center", color="0.3", **text)


def _ranking(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    """Bars with names and values."""
    lines = lines[: _NAMES_SHOWN + 3]
    at = range(len(lines))
    values = [line.values[-1] for line in lines]
    axes.barh(at, values, color="C0", alpha=0.5)
    for place, line in zip(at, lines, strict=True):
        axes.text(
            0, place, f"  {line.name}   {formatted(line.values[-1], panel.unit)}", fontsize=7, va="center"
        )
    axes.set_yticks([])
    axes.set_xticks([])
    axes.invert_yaxis()
