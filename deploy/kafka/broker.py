"""A real Apache Kafka for development and tests: one script, no container, no root.

    python deploy/kafka/broker.py --data DIR [--port PORT] [--brokers 1|3] [--sasl-tls [--acls]]

starts a broker on free ports of the loopback, prints one line of JSON when it answers, and stops on Ctrl-C or SIGTERM.
It needs Python 3.11 and Java 17 or later, and fetches the broker's jars once (`jars.py`). The line has

* `bootstrap`: what clients connect to, `host:port[,host:port...]`;
* `pid`: the process of this script; send signals to it;
* `nodes`: id, address and process of each node (for tests that kill one);
* with `--sasl-tls` also `ca_file` and `users_file`, a JSON object of user to password.

A later start with the same data folder has the same data, ports and users, and needs no other option.
Signals: SIGTERM and SIGINT stop the nodes in order. SIGUSR1 starts nodes that have died, and prints the line again once
they answer. When no node is alive any more, the script ends with exit code 1. With `--while-locked FILE` it also stops
when no process holds a shared lock (`flock`) on that file any more, so the process that started it can die without
leaving it running.

Do not use it in production: it has one machine, unprotected listeners among the nodes, and little memory.
"""

import argparse
import fcntl
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import jars
import protection
from cluster import HOST, BrokerError, Cluster, opened
from node import Node

START_TIMEOUT_S = 120.0
"""Limit for the first answer of a cluster. On an idle machine a start takes some seconds. Chosen, not measured."""
STOP_TIMEOUT_S = 20.0
"""Limit for nodes to stop in order; then they are killed, which Kafka survives. Chosen, not measured."""

_POLL_S = 0.1


def main(arguments: list[str] | None = None) -> int:
    """Run the cluster until a signal stops it; return 0 then, 1 if it failed, 2 for wrong options."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        with _alone(options.data):
            return _run(options)
    except (BrokerError, jars.SetUpError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    cluster = opened(options)
    java = jars.needed_java()
    programs = options.jars or jars.fetched()
    nodes = [
        Node(cluster, node_id, java, programs, heap=options.heap, quick=options.quick)
        for node_id in cluster.ports
    ]
    revive = _Flag(signal.SIGUSR1)
    wanted = _Wanted(options.while_locked)
    cluster.require_free_ports()
    try:
        _format(nodes)
        for node in nodes:
            node.start()
        _await_answers(nodes)
        _print_line(cluster, nodes)
        while any([node.running for node in nodes]):  # ask every node: this also reaps dead processes
            if not wanted:
                return 0
            if revive.taken():
                for node in nodes:
                    if not node.running:
                        node.start()
                _await_answers(nodes)
                _print_line(cluster, nodes)
            time.sleep(_POLL_S)
        raise BrokerError(f"no node is alive any more\n{nodes[0].log_tail()}")
    finally:
        _stop_all(nodes)


def _format(nodes: list[Node]) -> None:
    """Make the storage of all nodes at the same time, since each one starts a Java process."""
    for node in nodes:
        node.configure()
    running = [(node, node.begin_format()) for node in nodes if not node.formatted]
    for node, process in running:
        if process.wait(START_TIMEOUT_S):
            raise BrokerError(f"the storage of node {node.id} could not be made\n{node.log_tail()}")


def _await_answers(nodes: list[Node]) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    waiting = list(nodes)
    while waiting:
        waiting = [node for node in waiting if not node.answers(len(nodes))]
        for node in nodes:
            if not node.running:
                raise BrokerError(f"node {node.id} ended while the cluster started\n{node.log_tail()}")
        if waiting and time.monotonic() > until:
            raise BrokerError(f"no answer within {START_TIMEOUT_S:.0f} s\n{waiting[0].log_tail()}")
        if waiting:
            time.sleep(_POLL_S)


def _stop_all(nodes: list[Node]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):  # further signals change nothing
        signal.signal(number, signal.SIG_IGN)
    for node in nodes:
        node.stop()
    until = time.monotonic() + STOP_TIMEOUT_S
    for node in nodes:
        node.await_end(until - time.monotonic())


def _print_line(cluster: Cluster, nodes: list[Node]) -> None:
    line: dict[str, object] = {"bootstrap": cluster.bootstrap, "pid": os.getpid()}
    line["nodes"] = [
        {
            "id": node.id,
            "address": f"{HOST}:{cluster.ports[node.id].clients}",
            "pid": node.process.pid if node.process else None,
        }
        for node in nodes
    ]
    if cluster.sasl_tls:
        line["ca_file"] = str(protection.ca_file(cluster.folder))
        line["users_file"] = str(protection.users_file(cluster.folder))
    print(json.dumps(line), flush=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make sure that no other cluster runs on this folder meanwhile."""
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BrokerError(f"{folder} is in use by another broker") from None
        yield


class _Flag:
    """Whether a signal has come since the last look."""

    def __init__(self, number: int) -> None:
        self._raised = False
        signal.signal(number, self._raise)

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        self._raised = True

    def taken(self) -> bool:
        raised, self._raised = self._raised, False
        return raised


class _Wanted:
    """True while any process holds a shared lock on a file, or if no file was named."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a") if path else None

    def __bool__(self) -> bool:
        if self._file is None:
            return True
        try:
            # Keep the lock: from now on, a process that wants a broker waits until this one has ended.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _user(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", text) or text == protection.SUPER_USER:
        raise argparse.ArgumentTypeError(
            f"{text!r}: small letters, digits, - and _, and not {protection.SUPER_USER}"
        )
    return text


def _heap(text: str) -> str:
    if not re.fullmatch(r"[0-9]+[mMgG]", text):
        raise argparse.ArgumentTypeError(f"{text!r}: a size such as 512m or 2g")
    return text


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="A real Apache Kafka on this machine, for development and tests."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder for this cluster alone; created if missing"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port for clients of the first node (0: a free one)"
    )
    parser.add_argument("--brokers", type=int, choices=(1, 3), help="nodes of the cluster (1)")
    parser.add_argument("--sasl-tls", action="store_true", help="clients connect by SASL_SSL")
    parser.add_argument(
        "--acls", action="store_true", help="users may only do what ACLs allow (with --sasl-tls)"
    )
    parser.add_argument(
        "--user", type=_user, action="append", help="a user besides admin; can be repeated (lockstep)"
    )
    parser.add_argument("--heap", type=_heap, default="512m", help="Java's heap for each node (512m)")
    parser.add_argument(
        "--quick", action="store_true", help="start faster, but run slower under load: for tests"
    )
    parser.add_argument(
        "--while-locked", type=Path, metavar="FILE", help="stop when no process holds a shared lock on it"
    )
    parser.add_argument("--jars", type=Path, help="folder of the broker's jars (fetched into .venv/kafka)")
    options = parser.parse_args(arguments)
    if (options.acls or options.user) and not options.sasl_tls:
        parser.error("--acls and --user need --sasl-tls")
    return options


if __name__ == "__main__":
    sys.exit(main())
