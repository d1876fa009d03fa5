"""A real Prometheus looks at real workers: every panel and every rule has something to ask for, and it is right."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from benchmarks.soak.panel_pictures import Pictures, TimeSpan
from deploy.grafana.dashboards import DASHBOARDS
from deploy.prometheus.programs import program
from schemas.alerts import Alert, Severity
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from streams.live.exchange.decoding import COLLECTOR_HEADER
from tests.deploy.test_rules import ALERTS, RECORDS, names_in
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import PROGRAM, Service, Watcher, Worker
from tests.integration.prometheus_server import Prometheus, firing, free_ports, prometheus, served
from tests.integration.worlds import World, in_parts

RUN = "diaspora-press-11"


def backtested(world: World, folder: Path) -> bytes:
    """The figures of a backtest, as written for Prometheus."""
    path = folder / f"{RUN}.prom"
    labels = Path(world.inputs[0]).with_name("labels.csv")
    subprocess.run(
        [
            PROGRAM, "backtest", *world.inputs, *world.references, "--labels", labels, "--metrics", path,
            "--no-progress",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return path.read_bytes()


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def owner_of(seen: Prometheus, prefix: str) -> int:
    """The port of the worker that runs detection."""
    (sample,) = seen.until([f'lockstep_detection_owner{{prefix="{prefix}"}} == 1'])[
        f'lockstep_detection_owner{{prefix="{prefix}"}} == 1'
    ]
    return int(sample["metric"]["instance"].rpartition(":")[2])


def check_metrics(text: str) -> str:
    """What promtool finds at fault with what a worker serves."""
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.asyncio
async def test_given_workers_at_work_then_every_panel_and_rule_has_data(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    service = service_of(diaspora_press, worker_settings="snapshot_every_s = 2.0\nsynchrony_agents = true")
    *web, port, files, hasty_port = free_ports(5)
    workers = {number: service.start_worker("--web-port", str(number)) for number in web}
    first, second = in_parts(diaspora_press, tmp_path, 2)
    targets = {"lockstep": web, "node": [files]}
    with (
        served(backtested(diaspora_press, tmp_path), files),
        prometheus(tmp_path / "prometheus", port, targets) as seen,
    ):
        prefix, begin = service.prefix, time.time()
        seen.until([f'lockstep_worker_ready{{prefix="{prefix}",instance="127.0.0.1:{n}"}} == 1' for n in web])
        service.lockstep("publish", str(first), *diaspora_press.references, "--no-progress")
        seen.until(
            [f'lockstep_{name}{{prefix="{prefix}"}} > 0' for name in ("detection_edges", "snapshot_bytes")]
        )
        async with Watcher(service) as watcher:
            await watcher.until_done()
        owner = owner_of(seen, prefix)
        # what a worker does after its last scrape is not seen
        (applied,) = re.findall(r"^lockstep_detection_posts_total{.*} (\S+)$", scraped(owner), re.MULTILINE)
        seen.until([f'lockstep_detection_posts_total{{prefix="{prefix}"}} >= {applied}'])
        _end(service, workers, owner)
        (left,) = workers
        moved = f'lockstep_detection_owner{{prefix="{prefix}",instance="127.0.0.1:{left}"}} == 1'
        seen.until([moved])
        service.lockstep("publish", str(second), "--no-progress", "--end")
        async with Watcher(service) as watcher:
            await watcher.until_done()
            backlog = f'max(lockstep_review_backlog_networks{{prefix="{prefix}"}})'
            seen.until([f"{backlog} == 1"])
            await _review(service, await watcher.values("alerts.v1"))
        confirmed = f'lockstep_reviewed_networks{{prefix="{prefix}",label="confirmed_inauthentic"}}'
        seen.until([f"min({confirmed}) == 1"])  # on each worker

        panels = [(panel, query) for board in DASHBOARDS for panel in board.panels for query in panel.queries]
        values = {"prefix": prefix, "run": RUN, "__rate_interval": "2m", "__range": "10m"}
        answers = seen.until([query.filled(values) for _, query in panels])
        assert len(answers) > 60
        pictures = Pictures(seen, TimeSpan(begin, time.time()), values, "a test")
        for board in DASHBOARDS:
            pictures.draw(board, tmp_path / f"{board.uid}.png")
            assert (tmp_path / f"{board.uid}.png").read_bytes().startswith(b"\x89PNG")
        recorded = seen.until([f'{name}{{prefix="{prefix}"}}' for name in RECORDS])
        assert all(sample["metric"]["prefix"] == prefix for found in recorded.values() for sample in found)
        # the one that was labelled does not wait; the second half of the posts may have brought others
        suspected = f'sum(lockstep_networks{{prefix="{prefix}",state="suspected"}})'
        seen.until([f"{backlog} == {suspected} - 1"])
        _rules_are_well(seen)
        _figures_are_right(seen, prefix, first, second)
        with prometheus(tmp_path / "hasty", hasty_port, targets, hasty=True) as hasty:
            hasty.until([f'lockstep_detection_late_posts_total{{prefix="{prefix}"}}'])
            await _late(service, first)
            for path in _contradictory(tmp_path):
                service.lockstep("publish", "--registry", str(path))
            for name in ("LockstepCollectorLate", "LockstepRegistryEntitySetAside"):
                hasty.until([firing(name, prefix=prefix)])
        text = scraped(left)
    assert check_metrics(text) == ""
    assert prefix in text
    _no_personal_data(text, first)
    assert service.stop() == [0]
    _logs_are_json(service)
    assert "a record on the topic of reviews is not a review event" in service.logs()
    assert [line for line in service.logs().splitlines() if "compiled late" in line] == []


async def _review(service: Service, values: list[bytes]) -> None:
    """Label the suspected network as a reviewer's tool would, after something that is no review."""
    alerts = [msgspec.json.decode(value, type=Alert) for value in values]
    alert = next(alert for alert in reversed(alerts) if alert.severity is not Severity.INFO)
    event = ReviewEvent(
        event_id="e1", alert_id=alert.alert_id, alert_revision=alert.revision, network_id=alert.network_id,
        actor="reviewer-3", role="reviewer", at=datetime.now(UTC), kind=ReviewKind.LABEL,
        label=ReviewLabel.CONFIRMED_INAUTHENTIC, reason="the same texts, an hour after the agency",
    )  # fmt: skip
    async with AIOKafkaProducer(bootstrap_servers=service.bootstrap) as producer:
        for value in (b"nothing", msgspec.json.encode(event)):
            key = alert.network_id.encode()
            await producer.send_and_wait(f"{service.prefix}reviews.v1", value, key=key)


async def _late(service: Service, posts: Path) -> None:
    """Publish posts of a time that has been applied."""
    async with AIOKafkaProducer(bootstrap_servers=service.bootstrap) as producer:
        for line in posts.read_text().splitlines()[:40]:
            post = json.loads(line)
            value = json.dumps({**post, "post_id": f"late-{post['post_id']}"}).encode()
            key = f"{post['platform']}:{post['account_id']}".encode()
            headers = [(COLLECTOR_HEADER, b"slow")]
            await producer.send_and_wait(f"{service.prefix}posts.v1", value, key=key, headers=headers)


def _contradictory(folder: Path) -> Iterator[Path]:
    """Two registries, each sound by itself, of which an entity each claims one domain."""
    for name in ("one", "two"):
        path = folder / f"{name}.jsonl"
        entity = {"entity_id": name, "name": name, "kind": "state_media", "domains": ["twice.example"]}
        path.write_text(json.dumps(entity) + "\n")
        yield path


def _end(service: Service, workers: dict[int, Worker], number: int) -> None:
    """End a worker in order."""
    worker = workers.pop(number)
    worker.process.terminate()
    assert worker.process.wait(timeout=60) == 0
    service.workers.remove(worker)


def _rules_are_well(seen: Prometheus) -> None:
    """All rules are evaluated without error, ask for series that there are, and none fires without reason."""
    rules = [rule for group in seen.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == {*ALERTS, *RECORDS}
    assert {(rule["name"], rule.get("lastError", "")) for rule in rules if rule["health"] != "ok"} == set()
    for name, rule in ALERTS.items():
        for metric in names_in(rule["expr"]):
            assert seen.query(metric), f"{name} asks for {metric}"
    assert [
        alert["labels"]["alertname"] for alert in seen.ask("alerts")["alerts"] if alert["state"] == "firing"
    ] == []


def _figures_are_right(seen: Prometheus, prefix: str, *files: Path) -> None:
    """What was published is what was read and applied, over both workers and the change of owner."""
    posts = sum(len(path.read_bytes().splitlines()) for path in files)

    def last(metric: str, labels: str = "") -> int:
        """Over all workers, also one that has ended."""
        expr = f'sum(max_over_time({metric}{{prefix="{prefix}"{labels}}}[10m]))'
        return round(float(seen.query(expr)[0]["value"][1]))

    seen.until([f'sum(max_over_time(lockstep_detection_posts_total{{prefix="{prefix}"}}[10m])) >= {posts}'])
    assert last("lockstep_detection_posts_total") == posts
    assert last("lockstep_ingest_records_total", ',topic="posts.v1"') >= posts
    # the record that is no review
    assert last("lockstep_dead_letters_total", ',topic!="reviews.v1"') == 0
    assert last("lockstep_dead_letters_total", ',topic="reviews.v1"') == 1
    assert last("lockstep_log_faults_total") == 0
    assert seen.query(f'sum(lockstep_networks{{prefix="{prefix}",state="suspected"}}) > 0')


def _logs_are_json(service: Service) -> None:
    """There are no other lines, neither from Faust nor when a worker is asked to end."""
    for path in service.folder.glob("worker-*.log"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert {line["prefix"] for line in lines} == {service.prefix}
        assert len({line["worker"] for line in lines}) == 1
        assert lines[-1]["event"] == "worker stopped"


def _no_personal_data(text: str, posts: Path) -> None:
    """No label names an account or a post."""
    values = set(re.findall(r'="([^"]*)"', text))
    for line in posts.read_text().splitlines()[:2_000]:
        post = json.loads(line)
        assert not values & {post["account_id"], post["post_id"], f"{post['platform']}:{post['account_id']}"}
