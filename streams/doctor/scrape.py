"""Does a worker on this machine answer Prometheus, and is it ready."""

import http.client

from streams.doctor.finding import Finding, Status
from streams.settings.settings import WorkerSettings

_PATIENCE_S = 3.0
_MOST_BYTES = 16 << 20
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be asked there, not bound
_OURS = b"lockstep_"


def scrape(settings: WorkerSettings) -> Finding:
    """Ask for metrics and health where the settings say that they are served."""
    check = "metrics"
    if not settings.web_port:
        return Finding(
            check=check,
            status=Status.WARN,
            found="Not served: worker.web_port is 0.",
            mend="Set it, so that Prometheus can watch the workers and an orchestrator can ask whether they are ready.",
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
            found=f"Nobody answers at {place}: {error}.",
            mend="Start a worker on this machine, or ask on the one where it runs.",
        )
    if status != http.HTTPStatus.OK or _OURS not in body:
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"{place} answers {status} to /metrics, and not as a worker does.",
            mend="Another program has this port: change worker.web_port.",
        )
    families = body.count(b"# TYPE ")
    if ready != http.HTTPStatus.OK:
        reasons = "; ".join(waits.decode("utf-8", "replace").split("\n")).strip("; ")
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{place} gives {families} metrics, but the worker is not ready: {reasons}.",
            mend="Wait, and look into its log if that does not help.",
        )
    return Finding(
        check=check, status=Status.OK, found=f"{place} gives {families} metrics; the worker is ready"
    )


def _answer(host: str, port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(_MOST_BYTES)
    finally:
        connection.close()
