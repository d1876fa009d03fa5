"""Whether a worker on this machine serves metrics to Prometheus and is ready."""

import http.client

from streams.doctor.finding import Finding, Status
from streams.settings.settings import WorkerSettings

_PATIENCE_S = 3.0
_MOST_BYTES = 16 << 20
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a request goes there; nothing listens on it
_OURS = b"lockstep_"


def scrape(settings: WorkerSettings) -> Finding:
    """Request metrics and health from the address in the settings."""
    check = "metrics"
    if not settings.web_port:
        return Finding(
            check=check,
            status=Status.WARN,
            found="Metrics are not served, because worker.web_port is 0.",
            mend="Set worker.web_port: Prometheus then sees the workers, and an orchestrator sees when they are ready.",
        )
    host = _EVERYWHERE.get(settings.web_host, settings.web_host)
    place = f"{host}:{settings.web_port}"
    try:
        status, body = _answer(host, settings.web_port, "/metrics")
        ready, waits = _answer(host, settings.web_port, "/health/ready")
    except (OSError, http.client.HTTPException) as error:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"Nothing answers at {place}: {error}.",
            mend="Start a worker on this machine, or run this check where one runs.",
        )
    if status != http.HTTPStatus.OK or _OURS not in body:
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"{place} answers /metrics with status {status}, and the answer is not a worker's.",
            mend="Another program uses this port. Change worker.web_port.",
        )
    families = body.count(b"# TYPE ")
    if ready != http.HTTPStatus.OK:
        reasons = "; ".join(waits.decode("utf-8", "replace").split("\n")).strip("; ")
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{place} serves {families} metrics, but the worker is not ready: {reasons}.",
            mend="Wait. If that does not help, read the worker's log.",
        )
    return Finding(
        check=check, status=Status.OK, found=f"{place} serves {families} metrics; the worker is ready"
    )


def _answer(host: str, port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(_MOST_BYTES)
    finally:
        connection.close()
