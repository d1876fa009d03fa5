"""`deploy/compose.yaml`: well-formed, within itself without contradiction, and open to this machine alone.

Docker's own check runs where its compose command is installed.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = DEPLOY / "compose.yaml"


@pytest.fixture
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


@pytest.fixture
def kafka(services: dict[str, Any]) -> dict[str, str]:
    """The environment of the broker."""
    return dict(services["kafka"]["environment"])


def listeners(text: str) -> dict[str, str]:
    """Address by name."""
    return dict(part.split("://") for part in text.split(","))


def test_it_obeys_the_specification(compose_specification: dict[str, Any]) -> None:
    jsonschema.validate(
        yaml.safe_load(COMPOSE.read_text()), compose_specification, jsonschema.Draft7Validator
    )


def test_the_specification_would_refuse_a_misspelt_key(compose_specification: dict[str, Any]) -> None:
    wrong = yaml.safe_load(COMPOSE.read_text().replace("depends_on:", "depend_on:", 1))
    with pytest.raises(jsonschema.ValidationError, match="depend_on"):
        jsonschema.validate(wrong, compose_specification, jsonschema.Draft7Validator)


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="docker compose is not installed",
)
def test_docker_compose_takes_it() -> None:
    command = ["docker", "compose", "--file", str(COMPOSE), "config", "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_no_other_machine_gets_in(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port
    for service in services.values():
        assert "network_mode" not in service and not service.get("privileged")


def test_everybody_is_sent_to_an_address_where_the_broker_listens(
    services: dict[str, Any], kafka: dict[str, str]
) -> None:
    listening, advertised = (
        listeners(kafka["KAFKA_LISTENERS"]),
        listeners(kafka["KAFKA_ADVERTISED_LISTENERS"]),
    )
    controller = kafka["KAFKA_CONTROLLER_LISTENER_NAMES"]
    assert set(listening) == {*advertised, controller}
    assert set(re.findall(r"(\w+):PLAINTEXT", kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"])) == set(
        listening
    )
    assert kafka["KAFKA_INTER_BROKER_LISTENER_NAME"] in advertised
    assert kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"{kafka['KAFKA_NODE_ID']}@{listening[controller]}"
    ports = {name: address.rpartition(":")[2] for name, address in listening.items()}
    for name, address in advertised.items():
        assert address.rpartition(":")[2] == ports[name]
    # Workers come by the service's name, this machine by the published port.
    assert {services[name]["environment"]["LOCKSTEP_KAFKA"] for name in ("topics", "worker")} == {
        advertised["WORKERS"]
    }
    assert advertised["WORKERS"].partition(":")[0] in services
    assert services["kafka"]["ports"] == [f"{advertised['MACHINE']}:{ports['MACHINE']}"]
    assert services["kafka"]["healthcheck"]["test"][-1] == f"localhost:{ports['MACHINE']}"


def test_one_broker_is_asked_for_one_copy(kafka: dict[str, str]) -> None:
    copies = {
        name: value for name, value in kafka.items() if "REPLICATION_FACTOR" in name or "MIN_ISR" in name
    }
    assert len(copies) == 5
    assert set(copies.values()) == {"1"}


def test_the_broker_is_the_one_of_the_tests_and_keeps_its_data(services: dict[str, Any]) -> None:
    pom = (DEPLOY / "kafka" / "pom.xml").read_text()
    version = re.search(r"<kafka\.version>([\d.]+)</kafka\.version>", pom)
    assert version
    assert services["kafka"]["image"] == f"apache/kafka:{version[1]}"
    (volume,) = services["kafka"]["volumes"]
    name, _, folder = volume.partition(":")
    assert folder == services["kafka"]["environment"]["KAFKA_LOG_DIRS"]
    assert name in yaml.safe_load(COMPOSE.read_text())["volumes"]


def test_workers_start_when_the_topics_are_there(services: dict[str, Any]) -> None:
    assert services["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    waits = services["worker"]["depends_on"]
    assert waits["topics"] == {"condition": "service_completed_successfully"}
    assert services["worker"]["deploy"]["replicas"] == 2


def test_the_commands_are_commands(services: dict[str, Any]) -> None:
    from typer.main import get_command

    from streams.command.program import app

    for name in ("topics", "worker"):
        command: Any = get_command(app)
        words = services[name]["command"]
        for word in words[: words.index("--config")] if "--config" in words else words:
            assert word in command.commands
            command = command.commands[word]


def test_the_demo_publishes_the_world_that_it_makes_and_only_when_asked_for(services: dict[str, Any]) -> None:
    from typer.main import get_command

    from streams.command.program import app

    command: Any = get_command(app)
    found = {}
    for name in ("demo-world", "demo"):
        assert services[name]["profiles"] == ["demo"]
        assert services[name]["volumes"] == ["demo-data:/var/lib/lockstep"]
        verb, *words = services[name]["command"]
        found[verb] = command.commands[verb].make_context(verb, words).params
    world = found["simulate"]["out"]
    publish = found["publish"]
    read = [*publish["inputs"], publish["registry"], publish["follows"], publish["accounts"]]
    assert {str(Path(path).parent) for path in read} == {str(world)}
    assert publish["end"]
    waits = services["demo"]["depends_on"]
    assert waits["demo-world"] == waits["topics"] == {"condition": "service_completed_successfully"}


def test_a_collector_keeps_its_cursor_and_is_asked_for_health_where_it_answers(
    services: dict[str, Any],
) -> None:
    from typer.main import get_command

    from streams.command.program import app

    service = services["bluesky"]
    command: Any = get_command(app)
    ingest, source, *words = service["command"]
    options = command.commands[ingest].commands[source].make_context(source, words).params
    (volume,) = service["volumes"]
    assert service["profiles"] == ["bluesky"]
    assert str(Path(options["cursor_file"]).parent) == volume.partition(":")[2]
    assert volume.partition(":")[0] in yaml.safe_load(COMPOSE.read_text())["volumes"]
    image = tomllib.loads((DEPLOY / "image" / "lockstep.toml").read_text())
    assert options["web_port"] == image["worker"]["web_port"]
    assert service["depends_on"]["topics"] == {"condition": "service_completed_successfully"}


def test_metrics_are_asked_for_where_workers_give_them_and_dashboards_are_mounted(
    services: dict[str, Any],
) -> None:
    image = tomllib.loads((DEPLOY / "image" / "lockstep.toml").read_text())
    assert services["worker"]["command"][-1].endswith("/lockstep.toml")
    (scraped,) = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (found,) = scraped["dns_sd_configs"]
    assert found["port"] == image["worker"]["web_port"] and found["names"] == ["worker"]
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    board = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/lockstep.yaml").read_text())
    mounted = [mount.split(":")[:2] for mount in services["grafana"]["volumes"]]
    assert ["./grafana/dashboards", board["providers"][0]["options"]["path"]] in mounted
    for service in ("prometheus", "grafana"):
        for mount in services[service]["volumes"]:
            path = mount.split(":")[0]
            assert not path.startswith("./") or (DEPLOY / path).exists()
