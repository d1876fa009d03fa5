"""A socket to serve at, made before anything else starts: an address that is taken is found out at once."""

import socket


def listening(host: str, port: int, backlog: int) -> socket.socket:
    """A socket that is bound and listens.

    Args:
        host: name or address.
        port: 0: any free one.
        backlog: connections that may wait.

    Raises:
        OSError: the address is taken, or does not belong to this machine.
    """
    family, kind, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    server = socket.socket(family, kind)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen(backlog)
    except OSError:
        server.close()
        raise
    return server
