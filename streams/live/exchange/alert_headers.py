"""The headers of an alert on Kafka (`schemas.service.alert_headers`)."""

from detectors.covertness.covertness import SUSPECTED as LEAST_SUSPECTED
from schemas.alerts import Alert
from schemas.service.alert_headers import (
    COVERT,
    LIFECYCLE,
    NETWORK_ID,
    NOT_ASSESSED,
    NOT_SUSPECTED,
    PLATFORMS,
    REVISION,
    SCHEMA,
    SEVERITY,
    SUSPECTED,
)


def alert_headers(alert: Alert) -> list[tuple[str, bytes]]:
    """Names and values of all headers of an alert."""
    if alert.covertness is None:
        covert = NOT_ASSESSED
    else:
        covert = SUSPECTED if alert.covertness >= LEAST_SUSPECTED else NOT_SUSPECTED
    values = (
        (SEVERITY, alert.severity.value),
        (LIFECYCLE, alert.lifecycle.value),
        (COVERT, covert),
        (PLATFORMS, ",".join(alert.platforms)),
        (NETWORK_ID, alert.network_id),
        (REVISION, str(alert.revision)),
        (SCHEMA, alert.schema_version),
    )
    return [(header.name, value.encode()) for header, value in values]
