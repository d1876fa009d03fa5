"""Panels in few words, and how they become Grafana's: what every panel has to have is a required field here."""

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
    """One question to Prometheus."""

    expr: str
    legend: str = ""
    """Name of each series; labels in {{ }}."""

    def filled(self, variables: Mapping[str, str]) -> str:
        """The expression as Grafana sends it: with values for its variables, by name without the dollar sign."""
        found = self.expr
        for name, value in variables.items():
            found = found.replace(f"${name}", value)
        if "$" in found:
            raise ValueError(f"a variable has no value: {found}")
        return found


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel."""

    title: str
    description: str
    """What is shown, what is good, and what to do if it is not; for people."""
    unit: str
    """Grafana's id of it: s, bytes, short (plain numbers), percentunit, ..."""
    queries: Sequence[Query]
    kind: Kind = "lines"
    empty: str = "no data yet"
    """Shown where there is nothing."""
    may_be_empty: str = ""
    """Why nothing is all right, in words; empty: there has to be something wherever a service works."""
    width: int = 8
    """Of 24."""
    height: int = 8
    stacked: bool = False
    bounds: Sequence[tuple[float, str]] = ()
    """Values from which the colour changes, with the colour."""
    decimals: int | None = None

    def is_instant(self, query: Query) -> bool:
        """Whether a query of it is asked for one moment, and not over time."""
        return self.kind in ("ranking", "table") or "$__range]" in query.expr


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """What a reader may choose; its values are those of a label."""

    name: str
    label: str
    metric: str
    description: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard."""

    uid: str
    """Its id and the name of its file; links lead there."""
    title: str
    description: str
    variable: Variable
    rows: Sequence[Row]
    time_from: str = "now-6h"
    refresh: str = "30s"
    tags: Sequence[str] = field(default=("lockstep",))

    @property
    def panels(self) -> list[Panel]:
        """All of them."""
        return [panel for row in self.rows for panel in row.panels]


PREFIX = Variable(
    "prefix",
    "Topic prefix",
    "lockstep_build_info",
    "Prefix of the service's topics: the live service, or a replay on topics of its own.",
)


def built(board: Dashboard) -> models.Dashboard:
    """The dashboard as Grafana takes it."""
    chosen = board.variable
    found = (
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
    numbers = count(1)  # links to a panel go by its number
    for row in board.rows:
        found.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            found.with_panel(_panel(panel).id(next(numbers)))
    return found.build()


def _panel(panel: Panel) -> Any:
    found = _BUILDERS[panel.kind](panel)
    found.title(panel.title).description(_described(panel)).datasource(SOURCE).unit(panel.unit)
    found.no_value(panel.empty).span(panel.width).height(panel.height)
    if panel.decimals is not None:
        found.decimals(panel.decimals)
    steps = [models.Threshold(value=None, color="green" if panel.bounds else "text")]
    steps += [models.Threshold(value=value, color=color) for value, color in panel.bounds]
    found.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    for at, query in enumerate(panel.queries):
        asked = prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto")
        asked.ref_id(chr(ord("A") + at)).datasource(SOURCE)
        if panel.is_instant(query):
            asked.instant()
        else:
            asked.range()
        found.with_target(asked)
    return found


def _described(panel: Panel) -> str:
    if not panel.may_be_empty:
        return panel.description
    return f"{panel.description} Empty is all right: {panel.may_be_empty}."


def _lines(panel: Panel) -> Any:
    found = timeseries.Panel().line_width(1).fill_opacity(10).show_points(looks.VisibilityMode.NEVER)
    return _shared(found, panel)


def _bars(panel: Panel) -> Any:
    found = timeseries.Panel().draw_style(looks.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
    return _shared(found, panel)


def _shared(found: Any, panel: Panel) -> Any:
    """Of all panels over time."""
    if panel.stacked:
        found.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    found.legend(
        common.VizLegendOptions()
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    found.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    return found.min(0)


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
