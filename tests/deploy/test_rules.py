"""Recording and alert rules: taken by promtool, tested by it, and each with a place in the runbook."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.prometheus.programs import program
from streams.metrics.metrics import RunMetrics, WorkerMetrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULE_FILES = sorted((FOLDER / "rules").glob("*.yml"))
RULES: list[dict[str, Any]] = [
    rule
    for path in RULE_FILES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDS = {rule["record"]: rule for rule in RULES if "record" in rule}


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def names_in(expr: str) -> set[str]:
    """Metrics of ours and recorded series in an expression."""
    return set(re.findall(r"\b(?:lockstep_[a-z_]+|lockstep:[a-z0-9_:]+)", re.sub(r'"[^"]*"', '""', expr)))


def declared_series() -> set[str]:
    series = set()
    for metrics in (WorkerMetrics("lockstep.", CollectorRegistry()), RunMetrics("run", CollectorRegistry())):
        for declared in metrics.declared:
            ends = ("_bucket", "_sum", "_count") if declared.kind == "histogram" else ("",)
            series |= {declared.name + end for end in ends}
    return series


@pytest.mark.slow
def test_promtool_takes_rules_and_configuration() -> None:
    said = promtool("check", "rules", *RULE_FILES)
    assert said.count("SUCCESS") == len(RULE_FILES) == 2
    promtool("check", "config", FOLDER / "prometheus.yml")


@pytest.mark.slow
def test_rules_fire_on_what_they_are_about_and_not_otherwise() -> None:
    assert "SUCCESS" in promtool("test", "rules", FOLDER / "tests" / "alerts.yml")


def test_every_alert_is_tested_firing_and_quiet() -> None:
    tests = yaml.safe_load((FOLDER / "tests" / "alerts.yml").read_text())["tests"]
    firing, quiet = set(), set()
    for test in tests:
        for case in test.get("alert_rule_test", []):
            (firing if case.get("exp_alerts") else quiet).add(case["alertname"])
    assert firing == quiet == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_urgent_it_is_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert re.fullmatch(r"Lockstep[A-Z][A-Za-z]+", name)
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url"}
    assert notes["summary"].endswith(".") and notes["description"].endswith(".")
    assert notes["runbook_url"] == f"docs/operations/runbook.md#{name.lower()}"


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    runbook = (ROOT / "docs" / "operations" / "runbook.md").read_text()
    assert re.findall(r"^## (Lockstep\w+)$", runbook, re.MULTILINE) == list(ALERTS)


@pytest.mark.parametrize("name", [name for name in ALERTS if name != "LockstepWorkerDown"])
def test_a_replay_pages_nobody(name: str) -> None:
    assert 'prefix!~"lockstep-replay[.].*"' in ALERTS[name]["expr"]


def test_rules_ask_for_what_there_is_and_what_is_recorded_is_asked_for() -> None:
    asked = {name for rule in RULES for name in names_in(rule["expr"])}
    assert asked <= declared_series() | set(RECORDS)
    assert set(RECORDS) <= asked
    for record in RECORDS:
        assert re.fullmatch(r"lockstep:[a-z_]+:[a-z0-9_]+", record)


def test_workers_are_scraped_under_the_name_that_the_rules_ask_for() -> None:
    (scraped,) = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert f'job="{scraped["job_name"]}"' in ALERTS["LockstepWorkerDown"]["expr"]
