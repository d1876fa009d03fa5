"""What the nodes of a development cluster share: id, ports, protection; kept in the data folder for the next start."""

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

# Below those that systems lend to outgoing connections (from 32768 or 49152 on): else, between two starts of a
# broker, somebody's connection could sit on its port.
_PORTS = range(15_000, 30_000)
_PORTS_OF_CLUSTER = 15


class BrokerError(Exception):
    """The broker could not be started; the message says why."""


@dataclass(frozen=True)
class Ports:
    """Where a node listens.

    Attributes:
        clients: What clients connect to.
        internal: Where nodes, and the question whether a node is ready, come in without TLS or a name.
        controller: Where the controllers agree on metadata.
    """

    clients: int
    internal: int
    controller: int


@dataclass(frozen=True)
class Cluster:
    """What all nodes of a cluster share; written to its data folder and read again at the next start.

    Attributes:
        folder: The data folder, absolute.
        cluster_id: Kafka's id of the cluster, 22 characters.
        ports: Of each node, by node id (1, 2, ...).
        sasl_tls: Whether clients come by SASL_SSL, else without protection.
        acls: Whether access is controlled.
    """

    folder: Path
    cluster_id: str
    ports: dict[int, Ports]
    sasl_tls: bool
    acls: bool

    @property
    def bootstrap(self) -> str:
        """What a client is given: every node's address."""
        return ",".join(f"{HOST}:{ports.clients}" for ports in self.ports.values())

    def require_free_ports(self) -> None:
        """Look before nodes are started: what they say of a port in use is hard to read.

        Raises:
            BrokerError: Somebody else listens on one.
        """
        for port in (port for ports in self.ports.values() for port in astuple(ports)):
            if not _is_free(port):
                raise BrokerError(
                    f"port {port} of {HOST} is in use; stop what uses it, or use another folder or port"
                )


def opened(options: argparse.Namespace) -> Cluster:
    """The cluster that the data folder has, or a new one.

    Args:
        options: Of `broker.py`.

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
    for name, asked, found in (
        ("--brokers", options.brokers, len(ports)),
        ("--port", options.port or None, ports[1].clients),
        ("--sasl-tls", options.sasl_tls or None, cluster.sasl_tls),
        ("--acls", options.acls or None, cluster.acls),
    ):
        if asked is not None and asked != found:
            raise BrokerError(f"{folder} was made with {name} {found}, not {asked}; use another folder")
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
    # Kafka's own ids may begin with a dash, which its format program then takes for an option.
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
    """Ports that nobody listens on now, the first one as wished unless 0.

    Scripts that choose at the same moment begin at different places, by process id.
    """
    found = [first] if first else []
    begin = os.getpid() * _PORTS_OF_CLUSTER % len(_PORTS)
    for port in [*_PORTS[begin:], *_PORTS[:begin]]:
        if len(found) >= count:
            return found
        if port not in found and _is_free(port):
            found.append(port)
    raise BrokerError("no free ports on the loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # What lingers of connections to an earlier broker is no matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
