"""`lockstep worker`: checks the brokers, compiles what is missing, and runs the Faust app until a signal."""

import asyncio
import logging
import os
import socket
from typing import Any
from uuid import uuid4

import faust

from detectors.shards import SHARD_COUNTS
from schemas.service.topic import Role
from schemas.service.topics import SHARD_STATE, SHARD_TOPICS, SHARES
from streams.live.broker.broker_check import BrokerError
from streams.live.broker.connection import Connection, connection
from streams.live.broker.group_session import require_session_timeout
from streams.live.broker.topic_admin import require_topics
from streams.live.ingest.group import ingest_group
from streams.live.service.faust_app import make_app
from streams.live.service.kernels_first import compile_first
from streams.live.service.logs import set_up
from streams.live.service.web import listen
from streams.live.service.worker_parts import WorkerParts
from streams.live.stages.worker_stages import ALL_STAGES, WorkerStage
from streams.settings.settings import Settings


def run(settings: Settings, stages: frozenset[WorkerStage] = ALL_STAGES) -> int:
    """Work until a signal says to stop.

    Args:
        settings: all of them.
        stages: what this worker does.

    Returns:
        The exit status: 0 after a signal, 1 when something failed.

    Raises:
        LockstepError: the brokers cannot be reached, or a setting is wrong.
    """
    broker = connection(settings.kafka)
    shards = asyncio.run(_require(broker, settings))
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
    server = listen(settings.worker)
    log = set_up(worker_id, settings.kafka.topic_prefix)
    if not compile_first(settings, log, server):
        return 0
    # Faust prints tracebacks of its own; this module logs faults itself
    for library in ("faust", "mode"):
        logging.getLogger(library).setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    log.info("worker starting", stages=sorted(stages))
    app, parts = make_app(settings, worker_id, log, server, stages, shards)
    program = _Program(app, loop=loop, quiet=True, redirect_stdouts=False, override_logging=False)
    program.spinner = None
    program.parts = parts
    try:
        program.execute_from_commandline()
    except (Exception, SystemExit) as error:
        if not parts.supervisor.stopping:
            parts.supervisor.fail("the worker", error)
    return 0


async def _require(broker: Connection, settings: Settings) -> int:
    """Check the topics and the session timeout: clients would wait without end for topics that are not there.

    Returns:
        Count of shards of co-sharing; 0: it runs inside detection.
    """
    prefix = settings.kafka.topic_prefix
    apart = settings.worker.synchrony_agents
    partitions = await require_topics(broker, prefix, Role.WORKER, () if apart else SHARD_TOPICS)
    await require_session_timeout(broker, ingest_group(prefix), settings.worker.session_timeout_s)
    if not apart:
        return 0
    name = SHARES.full_name(prefix)
    shards, saved = partitions[name], partitions[SHARD_STATE.full_name(prefix)]
    if shards not in SHARD_COUNTS or saved < shards:
        raise BrokerError(
            f"Kafka: {name} has {shards} partitions and the topic of its snapshots {saved}: give both the same count, "
            f"one of {', '.join(map(str, SHARD_COUNTS))}."
        )
    return shards


class _Program(faust.Worker):
    """Faust's main program. A signal ends the worker in our own order: that of Faust takes seconds more."""

    parts: "WorkerParts"

    def _schedule_shutdown(self, signal: Any) -> None:
        self.parts.stop_soon()
