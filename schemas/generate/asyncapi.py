"""The AsyncAPI 3 document: the topics with their messages, for tools and for readers in any language.

Operations are named from Lockstep's side: it receives posts and sends alerts. Topics that only workers use are listed
too, tagged `internal`.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.service.topic import Encoding, Role, Topic
from schemas.service.topics import DEFAULT_PREFIX, TOPICS

_SCHEMAS = "#/components/schemas/{name}"
_CHANNEL_BINDING = "0.5.0"
_MESSAGE_BINDING = "0.5.0"
_ARROW = "application/vnd.apache.arrow.stream"
_COLUMNS = "application/octet-stream"

_SECURITY = (
    ("scram_sha_512", "scramSha512", "`kafka.sasl_mechanism` is `SCRAM-SHA-512`: a user and a password."),
    ("scram_sha_256", "scramSha256", "`kafka.sasl_mechanism` is `SCRAM-SHA-256`: a user and a password."),
    ("plain", "plain", "`kafka.sasl_mechanism` is `PLAIN`: a user and a password."),
    ("certificate", "X509", "The certificate of a client, with `kafka.security_protocol` `SSL`."),
)
"""Name, type in AsyncAPI and description of each way in which a broker may ask who a client is. A bearer token
(`OAUTHBEARER`) is not among them: AsyncAPI wants the address of who issues it."""

Document = dict[str, Any]


def document() -> Document:
    """Return the document. Topics for which no record is defined yet are left out."""
    topics = [topic for topic in TOPICS if topic.record is not None or topic.encoding is not Encoding.JSON]
    records = sorted({topic.record for topic in topics if topic.record is not None}, key=lambda t: t.__name__)
    _, definitions = msgspec.json.schema_components(records, ref_template=_SCHEMAS)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lockstep",
            "version": "1",
            "description": "Topics of a service that watches posts and follow events for covert networks. Readers "
            "should ignore fields that they do not know: within a version of a topic, optional fields are added.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": _servers(),
        "defaultContentType": "application/json",
        "channels": {_id(topic): _channel(topic) for topic in topics},
        "operations": dict(operation for topic in topics for operation in _operations(topic)),
        "components": {
            "messages": {_id(topic): _message(topic) for topic in topics},
            "schemas": {name: _tidy(definitions[name]) for name in sorted(definitions)},
            "securitySchemes": {
                name: {"type": kind, "description": words} for name, kind, words in _SECURITY
            },
        },
    }


def _servers() -> Document:
    """The brokers of an installation: where they are is a setting, so host and port are variables."""
    variables = {
        "host": {
            "default": "localhost",
            "description": "A broker of the installation, one of `kafka.bootstrap_servers` in its settings.",
        },
        "port": {"default": "9092", "description": "Its port."},
    }
    place = {"host": "{host}:{port}", "variables": variables}
    return {
        "plain": {
            **place,
            "protocol": "kafka",
            "description": "Brokers without protection, for development: `kafka.security_protocol` is `PLAINTEXT`.",
        },
        "protected": {
            **place,
            "protocol": "kafka-secure",
            "description": "Brokers with TLS that ask who a client is: `kafka.security_protocol` is `SASL_SSL` or "
            "`SSL`.",
            "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name, _, _ in _SECURITY],
        },
    }


def _channel(topic: Topic) -> Document:
    config = topic.config
    settings: Document = {"cleanup.policy": config["cleanup.policy"].split(",")}
    for name in ("retention.ms", "max.message.bytes"):
        if name in config:
            settings[name] = int(config[name])
    return {
        "address": "{prefix}" + topic.name,
        "title": topic.name,
        "description": topic.meaning,
        "messages": {_id(topic): {"$ref": f"#/components/messages/{_id(topic)}"}},
        "parameters": {
            "prefix": {
                "default": DEFAULT_PREFIX,
                "description": "Prefix of the installation, `kafka.topic_prefix` in its settings.",
            }
        },
        "tags": [{"name": "internal" if _is_internal(topic) else "public"}],
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": settings,
                "bindingVersion": _CHANNEL_BINDING,
            }
        },
    }


def _message(topic: Topic) -> Document:
    if topic.record is not None:
        payload: Document = {"$ref": _SCHEMAS.format(name=topic.record.__name__)}
        kind = "application/json"
    else:
        arrow = topic.encoding is Encoding.ARROW
        what = "An Arrow IPC stream. Its columns" if arrow else "Columns of numbers, one after another. They"
        payload = {
            "type": "string",
            "format": "binary",
            "description": f"{what} may change between versions.",
        }
        kind = _ARROW if arrow else _COLUMNS
    key = {"type": "string", "description": f"{topic.key[0].upper()}{topic.key[1:]}."}
    message: Document = {
        "name": topic.subject,
        "summary": topic.meaning,
        "contentType": kind,
        "payload": payload,
        "bindings": {"kafka": {"key": key, "bindingVersion": _MESSAGE_BINDING}},
    }
    if topic.headers:
        message["headers"] = {
            "type": "object",
            "description": "Texts in UTF-8. A message without a value, which deletes its key, has none.",
            "properties": {
                header.name: {**header.schema, "description": header.meaning} for header in topic.headers
            },
            "required": [header.name for header in topic.headers],
        }
    return message


def _operations(topic: Topic) -> list[tuple[str, Document]]:
    """What the workers do with the topic."""
    reference = {"$ref": f"#/channels/{_id(topic)}"}
    operations = []
    for action, roles in (("receive", topic.readers), ("send", topic.writers)):
        if Role.WORKER in roles:
            operations.append(
                (f"{action}_{_id(topic)}", {"action": action, "channel": reference, "summary": topic.meaning})
            )
    return operations


def _is_internal(topic: Topic) -> bool:
    return {*topic.writers, *topic.readers} == {Role.WORKER}


def _id(topic: Topic) -> str:
    """The name of a topic with only letters, digits and `_`."""
    return topic.name.replace("-", "_").replace(".", "_")


def _tidy(schema: Mapping[str, Any]) -> Document:
    # A description that came from a docstring still carries the indentation of the source.
    return {**schema, "description": inspect.cleandoc(schema["description"])}
