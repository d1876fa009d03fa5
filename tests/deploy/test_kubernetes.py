"""`deploy/kubernetes`: it follows its schemas, agrees with the program, and grants no more rights than needed."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from schemas.service.topic import Role
from schemas.service.topics import DEFAULT_PREFIX, TOPICS
from streams.live.broker.topic_admin import _config
from streams.settings.kafka_settings import Mechanism, Protocol
from streams.settings.settings import load_settings
from tests.deploy.kubernetes_resources import FOLDER, ROOT, Resource, resources, validate

EVERYTHING = [*resources(), *resources(FOLDER / "monitoring")]
IMAGE = ROOT / "deploy" / "image"


def named(resource: Resource) -> str:
    return f"{resource['kind']}/{resource['metadata']['name']}"


def the(kind: str, name: str = "lockstep-worker") -> Resource:
    (found,) = [r for r in EVERYTHING if (r["kind"], r["metadata"]["name"]) == (kind, name)]
    return found


@pytest.fixture
def pod() -> dict[str, Any]:
    return dict(the("Deployment")["spec"]["template"]["spec"])


@pytest.fixture
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    return dict(only)


@pytest.mark.slow
@pytest.mark.parametrize("resource", EVERYTHING, ids=named)
def test_it_obeys_its_schema(resource: Resource) -> None:
    validate(resource)


@pytest.mark.parametrize(
    ("kind", "name", "right", "wrong"),
    [
        ("Deployment", "lockstep-worker", "readOnlyRootFilesystem", "readonlyRootFilesystem"),
        ("NetworkPolicy", "lockstep-worker", "policyTypes", "policyType"),
        ("KafkaTopic", "lockstep.posts.v1", "partitions", "partition"),
        ("KafkaUser", "lockstep-worker", "operations", "operation"),
        ("ScaledObject", "lockstep-worker", "maxReplicaCount", "maxReplicasCount"),
    ],
)
def test_the_schemas_would_refuse_a_misspelt_field(kind: str, name: str, right: str, wrong: str) -> None:
    text = yaml.safe_dump(the(kind, name))
    assert right in text
    resource = yaml.safe_load(text.replace(right, wrong))
    with pytest.raises(jsonschema.ValidationError):
        validate(resource)


def test_names_are_given_once() -> None:
    names = [named(resource) for resource in EVERYTHING]
    assert len(names) == len(set(names))


def test_topics_and_users_are_not_stale() -> None:
    script = FOLDER / "strimzi.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_every_topic_is_there_as_the_program_wants_it() -> None:
    found = {r["metadata"]["name"]: r["spec"] for r in EVERYTHING if r["kind"] == "KafkaTopic"}
    replicas = load_settings(str(FOLDER / "workers" / "lockstep.toml"), {}).kafka.replication_factor
    assert found == {
        topic.full_name(DEFAULT_PREFIX): {
            "partitions": topic.partitions,
            "replicas": replicas,
            "config": dict(_config(topic, replicas)),
        }
        for topic in TOPICS
    }


def test_a_worker_may_do_what_its_role_does_and_no_more() -> None:
    rights = {
        (right["resource"]["type"], right["resource"]["name"], operation)
        for right in the("KafkaUser")["spec"]["authorization"]["acls"]
        for operation in right["operations"]
    }
    wanted = {
        ("topic", topic.full_name(DEFAULT_PREFIX), operation)
        for topic in TOPICS
        for operation, roles in (("Read", topic.readers), ("Write", topic.writers))
        if Role.WORKER in roles
    }
    assert rights == wanted | {("group", DEFAULT_PREFIX, "Read")}


def test_no_user_may_change_topics_and_only_workers_write_decisions() -> None:
    for user in (r for r in EVERYTHING if r["kind"] == "KafkaUser"):
        for right in user["spec"]["authorization"]["acls"]:
            assert set(right["operations"]) <= {"Read", "Write", "Describe"}
            if "Write" in right["operations"] and right["resource"]["name"].endswith(
                ("frames.v1", "snapshots.v1")
            ):
                assert user["metadata"]["name"] == "lockstep-worker"


def test_the_settings_are_valid_and_agree_with_what_is_mounted(
    pod: dict[str, Any], container: dict[str, Any], tmp_path: Path
) -> None:
    settings = load_settings(str(FOLDER / "workers" / "lockstep.toml"), {})
    kafka, worker = settings.kafka, settings.worker
    assert (kafka.security_protocol, kafka.sasl_mechanism) == (Protocol.SASL_SSL, Mechanism.SCRAM_SHA_512)
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(mounts.values()) == set(volumes)
    for file, secret in ((kafka.password_file, "lockstep-worker"), (kafka.ca_file, "kafka-cluster-ca-cert")):
        assert file is not None
        found = volumes[mounts[str(Path(file).parent)]]["secret"]
        assert found["secretName"] == secret
        assert Path(file).name in [item["path"] for item in found["items"]]
    assert kafka.username == the("KafkaUser")["metadata"]["name"]
    assert mounts[worker.data_dir] == "data"
    assert container["ports"] == [{"name": "metrics", "containerPort": worker.web_port}]
    assert the("Service")["spec"]["ports"][0]["port"] == worker.web_port
    (settings_map,) = yaml.safe_load((FOLDER / "workers" / "kustomization.yaml").read_text())[
        "configMapGenerator"
    ]
    assert volumes[mounts["/etc/lockstep"]]["configMap"]["name"] == settings_map["name"]
    assert container["args"][-1] == f"/etc/lockstep/{settings_map['files'][0]}"


def test_no_secret_is_written_down() -> None:
    assert not [r for r in EVERYTHING if r["kind"] == "Secret"]
    for path in FOLDER.rglob("*.*"):
        assert not re.search(r"(?i)password\s*[:=]\s*[\"']?\w{6,}", path.read_text()), path


def test_a_worker_is_not_root_and_writes_nowhere_else(pod: dict[str, Any], container: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    assert sorted(writable) == ["/tmp", "/var/cache/lockstep", "/var/lib/lockstep"]  # noqa: S108
    for volume in pod["volumes"]:
        assert volume.get("emptyDir", {"sizeLimit": True}).get("sizeLimit"), volume
    for bound in ("requests", "limits"):
        assert {"cpu", "memory"} <= container["resources"][bound].keys()


def test_probes_use_paths_that_a_worker_serves(container: dict[str, Any]) -> None:
    served = set(
        re.findall(r'add_get\("([^"]+)"', (ROOT / "streams" / "live" / "service" / "web.py").read_text())
    )
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in served
        assert container[probe]["httpGet"]["port"] == "metrics"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_all_resources_select_the_same_pods() -> None:
    labels = the("Deployment")["spec"]["template"]["metadata"]["labels"]
    for selector in (
        the("Deployment")["spec"]["selector"]["matchLabels"],
        the("Service")["spec"]["selector"],
        the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        the("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        the("PodMonitor")["spec"]["selector"]["matchLabels"],
    ):
        assert selector == labels


def test_the_scaler_scales_the_deployment_of_workers() -> None:
    scaled = the("ScaledObject")["spec"]
    assert scaled["scaleTargetRef"]["name"] == the("Deployment")["metadata"]["name"]
    assert 2 <= scaled["minReplicaCount"] <= scaled["maxReplicaCount"]
    topics = {topic.full_name(DEFAULT_PREFIX): topic for topic in TOPICS}
    authentication = the("TriggerAuthentication", "lockstep-scaler")
    for trigger in scaled["triggers"]:
        assert trigger["metadata"]["consumerGroup"] == f"{DEFAULT_PREFIX}ingest"
        # more workers than partitions would stand by
        assert scaled["maxReplicaCount"] <= topics[trigger["metadata"]["topic"]].partitions
        assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    seen = {
        right["resource"]["name"]: right["operations"]
        for right in the("KafkaUser", "lockstep-scaler")["spec"]["authorization"]["acls"]
    }
    groups = {trigger["metadata"]["consumerGroup"] for trigger in scaled["triggers"]}
    topics_asked = {trigger["metadata"]["topic"] for trigger in scaled["triggers"]}
    assert seen == {name: ["Describe"] for name in topics_asked | groups}
    given = {p["parameter"] for refs in authentication["spec"].values() for p in refs}
    assert given == {"username", "password", "sasl", "tls", "ca"}


def test_the_image_has_the_settings_that_the_probes_and_rules_expect() -> None:
    worker = load_settings(str(IMAGE / "lockstep.toml"), {}).worker
    assert worker == load_settings(str(FOLDER / "workers" / "lockstep.toml"), {}).worker
    scrape = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (job,) = [job for job in scrape if job["job_name"] == "lockstep"]
    assert job["dns_sd_configs"][0]["port"] == worker.web_port
    (endpoint,) = the("PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint["relabelings"][0]["replacement"] == job["job_name"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["images"][0]["newTag"] == version


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("part", [".", "workers", "strimzi", "keda", "monitoring"])
def test_kustomize_builds_it(part: str) -> None:
    done = subprocess.run(
        ["kubectl", "kustomize", FOLDER / part], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    built = [resource for resource in yaml.safe_load_all(done.stdout) if resource]
    assert built
    if part == ".":
        (worker,) = [r for r in built if r["kind"] == "Deployment"]
        assert "replicas" not in worker["spec"]
        (settings,) = [r for r in built if r["kind"] == "ConfigMap" and "lockstep.toml" in r["data"]]
        volumes = {v["name"]: v for v in worker["spec"]["template"]["spec"]["volumes"]}
        assert volumes["settings"]["configMap"]["name"] == settings["metadata"]["name"]
        assert settings["metadata"]["name"] != "lockstep-settings"
