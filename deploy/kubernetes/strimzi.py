"""Writes Strimzi's KafkaTopic and KafkaUser resources from `schemas/service/topics.py`.

    .venv/bin/python deploy/kubernetes/strimzi.py [--check]

Writes `strimzi/topics.yaml` and `strimzi/users.yaml` beside this file; with --check it changes nothing, and the exit
status is 1 if they are stale. The topics are for three brokers. Users have the rights of their role
(docs/operations/security.md).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.service.topic import Role, Topic
from schemas.service.topics import DEFAULT_PREFIX, FOLLOWS, POSTS, TOPICS

FOLDER = Path(__file__).parent / "strimzi"
CLUSTER = "kafka"
"""Name of the Kafka resource."""
REPLICAS = 3
IN_SYNC = "2"
"""Copies that must have a message before it counts as written; one of three brokers may be down."""
_API = "kafka.strimzi.io/v1"
_HEAD = "# Written by deploy/kubernetes/strimzi.py from schemas/service/topics.py. Do not edit.\n"

USERS: Mapping[str, Role] = {
    "lockstep-collector": Role.COLLECTOR,
    "lockstep-curator": Role.CURATOR,
    "lockstep-worker": Role.WORKER,
    "lockstep-consumer": Role.CONSUMER,
    "lockstep-operator": Role.OPERATOR,
}
"""A user for each role. Strimzi makes the topics, so no user needs the right to."""
_GROUPS = {
    Role.CURATOR: "curator.",
    Role.WORKER: DEFAULT_PREFIX,
    Role.CONSUMER: "consumer.",
    Role.OPERATOR: "operator.",
}
"""The prefix of the consumer groups of a role."""


def topic_resource(topic: Topic) -> dict[str, Any]:
    """The resource of one topic."""
    return {
        "apiVersion": _API,
        "kind": "KafkaTopic",
        "metadata": _metadata(topic.full_name(DEFAULT_PREFIX)),
        "spec": {
            "partitions": topic.partitions,
            "replicas": REPLICAS,
            "config": {**topic.config, "min.insync.replicas": IN_SYNC},
        },
    }


def user_resource(name: str, rights: list[dict[str, Any]]) -> dict[str, Any]:
    """The resource of one user; Strimzi makes its password and stores it in a secret of the same name."""
    return {
        "apiVersion": _API,
        "kind": "KafkaUser",
        "metadata": _metadata(name),
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": rights},
        },
    }


def rights_of(role: Role) -> Iterator[dict[str, Any]]:
    """The rights of a role; the right to read or write includes the right to describe."""
    for topic in TOPICS:
        operations = ["Read"] * (role in topic.readers) + ["Write"] * (role in topic.writers)
        if operations:
            yield _right("topic", topic.full_name(DEFAULT_PREFIX), operations)
    if role in _GROUPS:
        yield _right("group", _GROUPS[role], ["Read"], pattern="prefix")


def scaler_rights() -> Iterator[dict[str, Any]]:
    """The rights that KEDA needs to see how many posts wait."""
    for topic in (POSTS, FOLLOWS):
        yield _right("topic", topic.full_name(DEFAULT_PREFIX), ["Describe"])
    yield _right("group", f"{DEFAULT_PREFIX}ingest", ["Describe"])


def files() -> dict[str, str]:
    """The content of each file, by file name."""
    users = [user_resource(name, list(rights_of(role))) for name, role in USERS.items()]
    users.append(user_resource("lockstep-scaler", list(scaler_rights())))
    return {"topics.yaml": _yaml([topic_resource(topic) for topic in TOPICS]), "users.yaml": _yaml(users)}


def main() -> int:
    """Write the files, or with --check compare them."""
    stale = [name for name, text in files().items() if not _holds(FOLDER / name, text)]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"stale: {FOLDER / name}; run python deploy/kubernetes/strimzi.py", file=sys.stderr)
        return int(bool(stale))
    for name in stale:
        (FOLDER / name).write_text(files()[name], encoding="utf-8")
        print(f"wrote {FOLDER / name}")
    return 0


def _metadata(name: str) -> dict[str, Any]:
    return {"name": name, "labels": {"strimzi.io/cluster": CLUSTER}}


def _right(kind: str, name: str, operations: list[str], pattern: str = "literal") -> dict[str, Any]:
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": operations}


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _yaml(resources: list[dict[str, Any]]) -> str:
    return _HEAD + "".join(
        "---\n" + "".join(f"{line}\n" for line in _lines(resource)) for resource in resources
    )


def _lines(value: dict[str, Any], indent: str = "") -> Iterator[str]:
    """YAML in blocks; scalars are written as JSON, which is also valid YAML."""
    for key, part in value.items():
        name = key if key.isidentifier() else json.dumps(key)
        if isinstance(part, dict):
            yield f"{indent}{name}:"
            yield from _lines(part, indent + "  ")
        elif isinstance(part, list) and part and isinstance(part[0], dict):
            yield f"{indent}{name}:"
            for item in part:
                first, *rest = _lines(item, indent + "    ")
                yield f"{indent}  - {first.strip()}"
                yield from rest
        else:
            yield f"{indent}{name}: {json.dumps(part)}"


if __name__ == "__main__":
    sys.exit(main())
