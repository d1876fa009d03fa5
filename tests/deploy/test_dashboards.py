"""Dashboards: as generated, each panel with all it has to have, and about metrics that there are."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.grafana.dashboards import DASHBOARDS, FOLDER, text_of
from deploy.grafana.panels import Dashboard, Panel
from streams.metrics.metrics import RunMetrics, WorkerMetrics
from tests.deploy.test_rules import ALERTS, RULES, declared_series, names_in

UNITS = {"s", "bytes", "Bps", "reqps", "short", "percentunit", "dateTimeAsIso"}
PANELS = [(board, panel) for board in DASHBOARDS for panel in board.panels]
IDS = [f"{board.uid}: {panel.title}" for board, panel in PANELS]


def written(board: Dashboard) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{board.uid}.json").read_text()))


def test_the_files_are_as_generated() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {board.uid for board in DASHBOARDS}
    for board in DASHBOARDS:
        assert (FOLDER / f"{board.uid}.json").read_text() == text_of(board), "stale: make dashboards"


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_a_panel_says_what_it_shows_in_which_unit_and_what_emptiness_means(
    board: Dashboard, panel: Panel
) -> None:
    (found,) = [p for p in written(board)["panels"] if p["title"] == panel.title]
    assert len(found["description"]) > 25 and found["description"].endswith(".")
    defaults = found["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    assert defaults["noValue"]
    assert found["targets"]
    for target in found["targets"]:
        assert target["datasource"] == found["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert target["legendFormat"] != "__auto"
        assert "lockstep_" in target["expr"]


@pytest.mark.parametrize("board", DASHBOARDS, ids=[board.uid for board in DASHBOARDS])
def test_the_reader_chooses_data_source_and_service(board: Dashboard) -> None:
    found = written(board)
    source, chosen = found["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert chosen["query"] == f"label_values({board.variable.metric}, {board.variable.name})"
    assert not found["editable"]
    for panel in board.panels:
        for query in panel.queries:
            asks = f'{board.variable.name}="${board.variable.name}"' in query.expr
            assert asks or panel.title in ("Runs compared", "Versions and times"), panel.title


@pytest.mark.parametrize("board", DASHBOARDS, ids=[board.uid for board in DASHBOARDS])
def test_panels_lie_side_by_side_without_gaps_and_have_numbers_of_their_own(board: Dashboard) -> None:
    for row in board.rows:
        wide = 0
        for panel in row.panels:
            assert wide + panel.width <= 24, panel.title
            wide = (wide + panel.width) % 24
        assert wide == 0, row.title
    panels = written(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    titles = [panel.title for panel in board.panels]
    assert len(set(titles)) == len(titles)


def test_what_is_asked_for_is_declared_and_what_is_declared_is_asked_for() -> None:
    asked = {name for _, panel in PANELS for query in panel.queries for name in names_in(query.expr)}
    asked |= {board.variable.metric for board in DASHBOARDS}
    assert asked <= declared_series()
    asked |= {name for rule in RULES for name in names_in(rule["expr"])}
    for metrics in (WorkerMetrics("lockstep.", CollectorRegistry()), RunMetrics("run", CollectorRegistry())):
        for declared in metrics.declared:
            of_it = {declared.name + end for end in ("", "_bucket", "_sum", "_count")}
            assert asked & of_it, f"{declared.name} is used nowhere"


def test_labels_in_queries_are_labels_of_the_metrics() -> None:
    known = {
        declared.name: {*declared.labels, first}
        for metrics, first in (
            (WorkerMetrics("lockstep.", CollectorRegistry()), "prefix"),
            (RunMetrics("run", CollectorRegistry()), "run"),
        )
        for declared in metrics.declared
    }
    for _, panel in PANELS:
        for query in panel.queries:
            for name, inside in re.findall(r"(lockstep_[a-z_]+)\{([^}]*)\}", query.expr):
                base = name if name in known else re.sub("_(bucket|sum|count)$", "", name)
                assert set(re.findall(r"(\w+)(?:=~|!~|=|!=)", inside)) <= known[base] | {"le"}, query.expr


def test_alerts_that_descriptions_speak_of_exist() -> None:
    named = {name for _, panel in PANELS for name in re.findall(r"Lockstep[A-Z]\w+", panel.description)}
    assert named and named <= set(ALERTS)


def test_grafana_gets_the_data_source_and_the_folder() -> None:
    provisioning = FOLDER.parent / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "lockstep.yaml").read_text())["providers"]
    assert provider["type"] == "file" and provider["options"]["path"].startswith("/")
    scrape = yaml.safe_load((FOLDER.parents[1] / "prometheus" / "prometheus.yml").read_text())["global"]
    assert source["jsonData"]["timeInterval"] == scrape["scrape_interval"]
