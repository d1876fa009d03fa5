"""What `deploy/kubernetes` holds, and the schemas that it has to obey.

Those of Kubernetes itself are published with the package kubernetes-validate, fetched once; those of Strimzi, KEDA and
the operator of Prometheus are in no package as JSON schemas, so the parts in use are spelt out here, strictly.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
_KEPT = ROOT / ".venv" / "schemas"
_PACKAGE = "kubernetes-validate==1.37.0"
_VERSION = "v1.33.0-local-strict"
_DEFINITIONS = f"kubernetes_validate/kubernetes-json-schema/{_VERSION}/_definitions.json"

Resource = dict[str, Any]


def resources(folder: Path = FOLDER) -> Iterator[Resource]:
    """Every resource that a kustomization names, those of folders below included."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        path = folder / name
        if path.is_dir():
            yield from resources(path)
        else:
            yield from (found for found in yaml.safe_load_all(path.read_text()) if found)


@cache
def definitions() -> dict[str, Any]:
    """The JSON schemas of Kubernetes, strict: a field that does not exist is a fault."""
    kept = _KEPT / f"kubernetes-{_VERSION}.json"
    if not kept.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_KEPT) as folder:
            subprocess.run(
                [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
                 "--only-binary", ":all:", "--dest", folder, _PACKAGE],
                check=True, timeout=300,
            )  # fmt: skip
            (wheel,) = Path(folder).glob("*.whl")
            fresh = Path(folder) / "fresh"
            with zipfile.ZipFile(wheel) as files:
                fresh.write_bytes(files.read(_DEFINITIONS))
            os.replace(fresh, kept)
    # references are to a file of this name; in one document they are to the document
    return dict(json.loads(kept.read_text().replace('"/api/_definitions.json#/', '"#/')))


KINDS = {
    ("v1", "Namespace"): "io.k8s.api.core.v1.Namespace",
    ("v1", "ConfigMap"): "io.k8s.api.core.v1.ConfigMap",
    ("v1", "Service"): "io.k8s.api.core.v1.Service",
    ("apps/v1", "Deployment"): "io.k8s.api.apps.v1.Deployment",
    ("policy/v1", "PodDisruptionBudget"): "io.k8s.api.policy.v1.PodDisruptionBudget",
    ("networking.k8s.io/v1", "NetworkPolicy"): "io.k8s.api.networking.v1.NetworkPolicy",
}
"""Definition of each kind in use."""


def strict(**properties: Any) -> dict[str, Any]:
    """An object that has these fields, and no others; those with a `?` may be absent."""
    return {
        "type": "object",
        "properties": {name.rstrip("?"): schema for name, schema in properties.items()},
        "required": [name for name in properties if not name.endswith("?")],
        "additionalProperties": False,
    }


def one_of(*values: str) -> dict[str, Any]:
    """One of these texts."""
    return {"enum": list(values)}


def many(schema: dict[str, Any]) -> dict[str, Any]:
    """A list with something in it."""
    return {"type": "array", "items": schema, "minItems": 1}


def optional(**properties: Any) -> dict[str, Any]:
    """The same as `strict`, but all may be absent."""
    return strict(**{f"{name}?": schema for name, schema in properties.items()})


TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
METADATA = {
    "type": "object",
    "properties": {
        # a DNS subdomain, as names of resources have to be
        "name": {
            "type": "string",
            "maxLength": 253,
            "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        },
        "labels": TEXTS,
    },
    "required": ["name"],
    "additionalProperties": False,
}
_OPERATIONS = one_of(
    "Read", "Write", "Create", "Delete", "Alter", "Describe", "DescribeConfigs", "AlterConfigs"
)
_PARAMETER = strict(parameter=TEXT, name=TEXT, key=TEXT)
_SCALING = optional(
    stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
    policies=many(
        strict(type=one_of("Pods", "Percent"), value=COUNT, periodSeconds={**COUNT, "maximum": 1800})
    ),
)

CUSTOM: dict[tuple[str, str], dict[str, Any]] = {
    ("kafka.strimzi.io/v1", "KafkaTopic"): strict(
        partitions=COUNT,
        replicas={**COUNT, "maximum": 32767},
        config={"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}},
    ),
    ("kafka.strimzi.io/v1", "KafkaUser"): strict(
        authentication=strict(type=one_of("scram-sha-512", "tls", "tls-external")),
        authorization=strict(
            type=one_of("simple"),
            acls=many(
                strict(
                    resource=strict(
                        type=one_of("topic", "group"), name=TEXT, patternType=one_of("literal", "prefix")
                    ),
                    operations=many(_OPERATIONS),
                )
            ),
        ),
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): strict(
        configMapTargetRef=many(_PARAMETER), secretTargetRef=many(_PARAMETER)
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): strict(
        scaleTargetRef=strict(name=TEXT),
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        pollingInterval=COUNT,
        advanced=strict(
            horizontalPodAutoscalerConfig=strict(behavior=optional(scaleUp=_SCALING, scaleDown=_SCALING))
        ),
        triggers=many(
            strict(
                type=one_of("kafka"),
                metadata=strict(
                    bootstrapServers=TEXT,
                    consumerGroup=TEXT,
                    topic=TEXT,
                    # KEDA takes texts only
                    lagThreshold={"type": "string", "pattern": "^[0-9]+$"},
                    offsetResetPolicy=one_of("earliest", "latest"),
                ),
                authenticationRef=strict(name=TEXT),
            )
        ),
    ),
    ("monitoring.coreos.com/v1", "PodMonitor"): strict(
        selector=strict(matchLabels=TEXTS),
        podMetricsEndpoints=many(
            strict(
                port=TEXT,
                interval=TEXT,
                relabelings=many(strict(action=TEXT, targetLabel=TEXT, replacement=TEXT)),
            )
        ),
    ),
}
"""What stands under `spec`, by API and kind."""


def validate(resource: Resource) -> None:
    """Hold a resource against the schema of its kind.

    Raises:
        jsonschema.ValidationError: it does not obey it.
        KeyError: none is known for its kind.
    """
    kind = resource["apiVersion"], resource["kind"]
    if kind in KINDS:
        schema: dict[str, Any] = {"$ref": f"#/$defs/{KINDS[kind]}", **definitions()}
    else:
        schema = strict(
            apiVersion=one_of(kind[0]), kind=one_of(kind[1]), metadata=METADATA, spec=CUSTOM[kind]
        )
    # not `jsonschema.validate`, which looks through all the definitions first
    jsonschema.Draft202012Validator(schema).validate(resource)
