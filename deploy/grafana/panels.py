"""A short notation for dashboards, and its translation for Grafana. What every panel must have is a required field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that the reader has chosen."""

Kind = Literal["lines", "bars", "number", "ranking", "table"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query to Prometheus."""

    expr: str
    legend: str = ""
    """Name of each series, with labels in {{ }}."""

    def filled(self, variables: Mapping[str, str]) -> str:
        """The expression as Grafana sends it: with the values of variables, by name without the dollar sign."""
        expr = self.expr
        for name, value in variables.items():
            expr = expr.replace(f"${name}", value)
        if "$" in expr:
            raise ValueError(f"a variable has no value: {expr}")
        return expr


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a dashboard."""

    title: str
    description: str
    """What it shows, what is normal, and what to do otherwise; for people."""
    unit: str
    """Grafana's id of the unit: s, bytes, short (plain numbers), percentunit, ..."""
    queries: Sequence[Query]
    kind: Kind = "lines"
    empty: str = "no data yet"
    """Text shown when there are no data."""
    may_be_empty: str = ""
    """Why having no data can be all right; if this is empty, a working service always has data."""
    width: int = 8
    """Columns, of 24."""
    height: int = 8
    stacked: bool = False
    bounds: Sequence[tuple[float, str]] = ()
    """Values from which the colour changes, each with its colour."""
    decimals: int | None = None

    def is_instant(self, query: Query) -> bool:
        """Whether a query is for one moment, not over time."""
        return self.kind in ("ranking", "table") or "$__range]" in query.expr


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice for the reader: one of the values of a label."""

    name: str
    label: str
    metric: str
    description: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard."""

    uid: str
    """Its id in links, and the name of its file."""
    title: str
    description: str
    variable: Variable
    rows: Sequence[Row]
    time_from: str = "now-6h"
    refresh: str = "30s"
    tags: Sequence[str] = field(default=("lockstep",))

    @property
    def panels(self) -> list[Panel]:
        """The panels of all rows."""
        return [panel for row in self.rows for panel in row.panels]


PREFIX = Variable(
    "prefix",
    "Topic prefix",
    "lockstep_build_info",
    "Prefix of the service's topics: the live service, or a replay on topics of its own.",
)


def built(board: Dashboard) -> models.Dashboard:
    """The dashboard in Grafana's own model."""
    chosen = board.variable
    result = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(list(board.tags))
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time(board.time_from, "now")
        .timezone("utc")
        .refresh(board.refresh)
        .link(
            dashboard.DashboardLink("Lockstep")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["lockstep"])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Data source")
            .description("The Prometheus that scrapes the workers.")
            .type("prometheus")
        )
        .with_variable(
            dashboard.QueryVariable(chosen.name)
            .label(chosen.label)
            .description(chosen.description)
            .datasource(SOURCE)
            .query(f"label_values({chosen.metric}, {chosen.name})")
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(models.VariableSort.ALPHABETICAL_ASC)
        )
    )
    numbers = count(1)  # a link to a panel contains its number
    for row in board.rows:
        result.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            result.with_panel(_panel(panel).id(next(numbers)))
    return result.build()


def _panel(panel: Panel) -> Any:
    builder = _BUILDERS[panel.kind](panel)
    builder.title(panel.title).description(_described(panel)).datasource(SOURCE).unit(panel.unit)
    builder.no_value(panel.empty).span(panel.width).height(panel.height)
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    steps = [models.Threshold(value=None, color="green" if panel.bounds else "text")]
    steps += [models.Threshold(value=value, color=color) for value, color in panel.bounds]
    builder.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    for number, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto")
        target.ref_id(chr(ord("A") + number)).datasource(SOURCE)
        if panel.is_instant(query):
            target.instant()
        else:
            target.range()
        builder.with_target(target)
    return builder


def _described(panel: Panel) -> str:
    if not panel.may_be_empty:
        return panel.description
    return f"{panel.description} It may be empty: {panel.may_be_empty}."


def _lines(panel: Panel) -> Any:
    builder = timeseries.Panel().line_width(1).fill_opacity(10).show_points(looks.VisibilityMode.NEVER)
    return _shared(builder, panel)


def _bars(panel: Panel) -> Any:
    builder = timeseries.Panel().draw_style(looks.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
    return _shared(builder, panel)


def _shared(builder: Any, panel: Panel) -> Any:
    """Settings that all panels over time share."""
    if panel.stacked:
        builder.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    builder.legend(
        common.VizLegendOptions()
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    builder.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    return builder.min(0)


def _number(panel: Panel) -> Any:
    return (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(looks.BigValueGraphMode.AREA)
        .color_mode(looks.BigValueColorMode.VALUE)
    )


def _ranking(panel: Panel) -> Any:
    return (
        bargauge.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .min(0)
    )


def _table(panel: Panel) -> Any:
    return table.Panel()


_BUILDERS = {"lines": _lines, "bars": _bars, "number": _number, "ranking": _ranking, "table": _table}
