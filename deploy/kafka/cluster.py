"""What the nodes of a development cluster share: id, ports, protection. The data folder keeps it for the next start."""

import argparse
import base64
import json
import os
import re
import socket
import uuid
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import jars
import protection

HOST = "127.0.0.1"

# Below the ports for outgoing connections (from 32768 or 49152 on): otherwise a connection could take the port of a
# broker between two starts.
_PORTS = range(15_000, 30_000)
_PORTS_OF_CLUSTER = 15


class BrokerError(Exception):
    """The broker could not be started; the message says why."""


@dataclass(frozen=True)
class Ports:
    """The ports of a node.

    Attributes:
        clients: For clients.
        internal: For nodes and for the check whether a node is ready, without TLS or a user.
        controller: For the controllers, which agree on metadata.
    """

    clients: int
    internal: int
    controller: int


@dataclass(frozen=True)
class Cluster:
    """What all nodes of a cluster share. Its data folder keeps it for the next start.

    Attributes:
        folder: The data folder, absolute.
        cluster_id: Kafka's id of the cluster, 22 characters.
        ports: Of each node, by node id (1, 2, ...).
        sasl_tls: Whether clients connect by SASL_SSL; otherwise without protection.
        acls: Whether access is controlled.
    """

    folder: Path
    cluster_id: str
    ports: dict[int, Ports]
    sasl_tls: bool
    acls: bool

    @property
    def bootstrap(self) -> str:
        """The address that clients get: that of every node."""
        return ",".join(f"{HOST}:{ports.clients}" for ports in self.ports.values())

    def require_free_ports(self) -> None:
        """Check before nodes start, since their own message about a port in use is hard to read.

        Raises:
            BrokerError: Another process listens on one of them.
        """
        for port in (port for ports in self.ports.values() for port in astuple(ports)):
            if not _is_free(port):
                raise BrokerError(
                    f"port {port} of {HOST} is in use; stop what uses it, or use another folder or port"
                )


def opened(options: argparse.Namespace) -> Cluster:
    """The cluster in the data folder, or a new one.

    Args:
        options: The options of `broker.py`.

    Raises:
        BrokerError: The options contradict the data folder, or it cannot be used.
    """
    folder = options.data.resolve()
    if re.search(r"[,%$]", str(folder)):
        raise BrokerError(f"{folder}: the broker cannot use a folder with a comma, % or $ in its name")
    if not (folder / "cluster.json").exists():
        return _made(folder, options)
    kept = json.loads((folder / "cluster.json").read_text())
    ports = {int(node_id): Ports(**of_node) for node_id, of_node in kept["ports"].items()}
    cluster = Cluster(folder, kept["cluster_id"], ports, kept["sasl_tls"], kept["acls"])
    for name, asked, existing in (
        ("--brokers", options.brokers, len(ports)),
        ("--port", options.port or None, ports[1].clients),
        ("--sasl-tls", options.sasl_tls or None, cluster.sasl_tls),
        ("--acls", options.acls or None, cluster.acls),
    ):
        if asked is not None and asked != existing:
            raise BrokerError(f"{folder} was made with {name} {existing}, not {asked}; use another folder")
    unknown = set(options.user or []) - set(protection.users(folder) if cluster.sasl_tls else [])
    if unknown:
        raise BrokerError(f"{folder} was made without the user {min(unknown)}; use another folder")
    return cluster


def _made(folder: Path, options: argparse.Namespace) -> Cluster:
    if any(folder.glob("node-*")):
        raise BrokerError(f"{folder} has nodes and no cluster.json; use another folder")
    count = options.brokers or 1
    free = iter(_free_ports(3 * count, options.port))
    ports = {i + 1: Ports(next(free), next(free), next(free)) for i in range(count)}
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # Ids from Kafka may begin with a dash, which its format program then reads as an option.
    cluster = Cluster(folder, cluster_id.replace("-", "_"), ports, options.sasl_tls, options.acls)
    if options.sasl_tls:
        users = list(dict.fromkeys(options.user or ["lockstep"]))
        protection.make(folder, users, jars.needed_java("keytool"))
    kept = {name: value for name, value in asdict(cluster).items() if name != "folder"}
    unfinished = folder / "cluster.json.unfinished"
    unfinished.write_text(json.dumps(kept, indent=2))
    unfinished.rename(folder / "cluster.json")
    return cluster


def _free_ports(count: int, first: int) -> list[int]:
    """Ports that no process listens on now; the first one is `first`, unless that is 0.

    Scripts that choose at the same moment begin at different ports, by process id.
    """
    ports = [first] if first else []
    begin = os.getpid() * _PORTS_OF_CLUSTER % len(_PORTS)
    for port in [*_PORTS[begin:], *_PORTS[:begin]]:
        if len(ports) >= count:
            return ports
        if port not in ports and _is_free(port):
            ports.append(port)
    raise BrokerError("no free ports on the loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Closed connections to an earlier broker that still linger do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
