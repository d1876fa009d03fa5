"""One node of a development cluster: its settings, its process, and whether it answers.

A node is broker and controller in one process (KRaft, no ZooKeeper), reached on the loopback only.
"""

import ctypes
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import protection
from cluster import HOST, Cluster

# Compiling less saves two of the five seconds of processor time of a first start.
_QUICK = ["-XX:TieredStopAtLevel=1"]


class Node:
    """One node, whether it runs or not."""

    def __init__(
        self, cluster: Cluster, node_id: int, java: str, jars: Path, *, heap: str, quick: bool
    ) -> None:
        self.id = node_id
        self.cluster = cluster
        self.folder = cluster.folder / f"node-{node_id}"
        self.process: subprocess.Popen[bytes] | None = None
        # A broker of a few hundred partitions; the simple collector needs the least memory, and starts fastest.
        self._options = [f"-Xmx{heap}", "-Xms64m", "-XX:+UseSerialGC", "-XX:MaxMetaspaceSize=192m"]
        self._options += _QUICK if quick else []
        logging = f"-Dlog4j2.configurationFile={(self.folder / 'log4j2.properties').as_uri()}"
        self._java = [java, logging, "-cp", f"{jars}/*"]

    @property
    def formatted(self) -> bool:
        """Whether its storage was made by an earlier start."""
        return (self.folder / "data" / "meta.properties").exists()

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self.process is not None and self.process.poll() is None

    def configure(self) -> None:
        """Write its settings. They are the same at every start, except after a change of the Kafka version."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = _settings(self.cluster, self.id, self.folder)
        file = self.folder / "server.properties"
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in settings.items()))
        log = _escaped(str(self.folder / "server.log"))
        (self.folder / "log4j2.properties").write_text(_LOGGING.format(file=log))

    def begin_format(self) -> "subprocess.Popen[bytes]":
        """Start the program that makes its storage."""
        settings = str(self.folder / "server.properties")
        options = ["--ignore-formatted", "--config", settings, "--cluster-id", self.cluster.cluster_id]
        if self.cluster.sasl_tls:
            options += protection.scram_arguments(self.cluster.folder)
        return self._run(*_QUICK, "kafka.tools.StorageTool", "format", *options)

    def start(self) -> None:
        """Start its process; `answers` is true when it is ready."""
        self.process = self._run(*self._options, "kafka.Kafka", str(self.folder / "server.properties"))

    def stop(self) -> None:
        """Ask its process to stop; return at once."""
        if self.process is not None and self.running:
            self.process.terminate()

    def await_end(self, timeout_s: float) -> None:
        """Wait until its process has ended; kill it after `timeout_s` seconds."""
        if self.process is None:
            return
        try:
            self.process.wait(max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def answers(self, nodes: int) -> bool:
        """Whether it answers requests and knows `nodes` live brokers."""
        try:
            return _brokers_known(self.cluster.ports[self.id].internal) >= nodes
        except (OSError, struct.error):
            return False

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of its console output and of its log."""
        output = []
        for name in ("console.log", "server.log"):
            path = self.folder / name
            if path.exists():
                output += [f"-- {path}", *path.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(output)

    def _run(self, *program: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "console.log").open("ab") as console:
            # A session of its own: Ctrl-C in a terminal reaches only the script, which stops its nodes in order.
            return subprocess.Popen(  # noqa: S603 - our own Java, programs and settings
                [*self._java, *program],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread
            )


_LOGGING = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={file}
appender.file.filePattern={file}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %m (%c{{1}})%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=20MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
"""


def _settings(cluster: Cluster, node_id: int, folder: Path) -> dict[str, str]:
    ports = cluster.ports[node_id]
    nodes = len(cluster.ports)
    copies, enough = min(nodes, 3), min(nodes, 2)
    listeners = f"{protection.CLIENTS}://{HOST}:{ports.clients},INTERNAL://{HOST}:{ports.internal}"
    clients = "SASL_SSL" if cluster.sasl_tls else "PLAINTEXT"
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "controller.quorum.voters": ",".join(f"{i}@{HOST}:{p.controller}" for i, p in cluster.ports.items()),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{listeners},CONTROLLER://{HOST}:{ports.controller}",
        "advertised.listeners": listeners,
        "inter.broker.listener.name": "INTERNAL",
        "listener.security.protocol.map": (
            f"{protection.CLIENTS}:{clients},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "log.dirs": str(folder / "data"),
        # A topic that nobody declared should fail visibly.
        "auto.create.topics.enable": "false",
        "num.partitions": "1",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(enough),
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(enough),
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(enough),
        # A group starts at once, and soon notices when a test stops one of its members.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # The cluster also soon notices when a test kills a broker. On two cores a much shorter time gives false alarms.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        # The default of 128 MB for compaction would be a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": "16777216",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
    }
    if cluster.sasl_tls:
        settings |= protection.broker_settings(cluster.folder, cluster.acls)
    return settings


def _escaped(value: str) -> str:
    """Escape a value for a Java properties file, which is read as Latin-1 with backslash escapes."""
    units = value.encode("utf-16-be")
    codes = [units[i] << 8 | units[i + 1] for i in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 and code != 92 else f"\\u{code:04x}" for code in codes)


def _brokers_known(port: int) -> int:
    """How many brokers a metadata response (version 1, no topics) lists.

    Raises:
        OSError: No process listens, or the answer takes longer than a second.
        struct.error: The answer is incomplete.
    """
    client = b"development-broker"
    # API 3 (metadata), version 1, correlation id 1, client id, an empty array of topics (the null one means all).
    request = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    with socket.create_connection((HOST, port), timeout=1.0) as connection:
        connection.settimeout(1.0)
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as answer:
            (size,) = struct.unpack(">i", answer.read(4))
            _, brokers = struct.unpack_from(">ii", answer.read(size))
    return int(brokers)


def _end_with_parent() -> None:
    """On Linux, make the node end with the script, even if that is killed. On other systems the node keeps running."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
