"""Asks whether the worker of this container is alive, for HEALTHCHECK: `healthcheck.py [PORT]`."""

import http.client
import sys

PORT = 9464
_PATIENCE_S = 5.0


def alive(port: int) -> bool:
    """Whether the worker answers that none of its parts has failed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not alive(int(sys.argv[1]) if len(sys.argv) > 1 else PORT))
