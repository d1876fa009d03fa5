"""Headers of the messages on the topics of alerts: what a consumer filters by without reading the alert itself."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from schemas.alerts import SCHEMA_VERSION, Severity
from schemas.networks import Lifecycle


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHeader:
    """A header of a message: a name, and a value in UTF-8."""

    name: str
    meaning: str
    schema: MappingProxyType[str, Any]
    """JSON Schema of the value as text."""


SUSPECTED, NOT_SUSPECTED, NOT_ASSESSED = "suspected", "not_suspected", "not_assessed"
"""Values of `COVERT`: covertness .5 or more, below, or null."""


def _header(name: str, meaning: str, **schema: Any) -> MessageHeader:
    return MessageHeader(
        name=f"lockstep-{name}", meaning=meaning, schema=MappingProxyType({"type": "string", **schema})
    )


SEVERITY = _header(
    "severity",
    "`severity` of the alert, `info` to `critical`.",
    enum=[severity.value for severity in Severity],
)
LIFECYCLE = _header(
    "lifecycle",
    "`lifecycle` of the alert: what happened to the network.",
    enum=[lifecycle.value for lifecycle in Lifecycle],
)
COVERT = _header(
    "covert",
    "Whether the network is suspected covert: `covertness` of the alert is .5 or more, below, or null.",
    enum=[SUSPECTED, NOT_SUSPECTED, NOT_ASSESSED],
)
PLATFORMS = _header(
    "platforms", "`platforms` of the alert, sorted, with commas between them.", examples=["twitter,web"]
)
NETWORK_ID = _header("network-id", "`network_id` of the alert; the key as well.")
REVISION = _header("revision", "`revision` of the alert, in decimal digits.", pattern="^[1-9][0-9]*$")
SCHEMA = _header("schema", "`schema_version` of the alert.", const=SCHEMA_VERSION)

ALERT_HEADERS: tuple[MessageHeader, ...] = (
    SEVERITY,
    LIFECYCLE,
    COVERT,
    PLATFORMS,
    NETWORK_ID,
    REVISION,
    SCHEMA,
)
"""All headers of an alert, in the order in which they are written."""
