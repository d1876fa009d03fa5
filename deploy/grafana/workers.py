"""The workers as processes: one row of the pipeline dashboard."""

from deploy.grafana.panels import Panel, Query, Row

_OURS = '* on (instance, job) group_left (prefix) lockstep_build_info{prefix="$prefix"}'
"""Adds the prefix to metrics of every process, which do not name the service."""

WORKERS = Row(
    "Workers",
    [
        Panel(
            "Broker reachable",
            "1 for a worker that a broker answers. At 0, workers wait and lose nothing; they go on when it is back.",
            "short",
            [Query('lockstep_broker_reachable{prefix="$prefix"}', "{{instance}}")],
            width=8,
        ),
        Panel(
            "Partitions",
            "Partitions that each worker reads. All at 0: nobody reads posts.",
            "short",
            [Query('lockstep_assigned_partitions{prefix="$prefix"}', "{{instance}}")],
            width=8,
            stacked=True,
        ),
        Panel(
            "State built",
            "1 if the worker that runs detection has its state, 0 while it builds it after taking over.",
            "short",
            [Query('max(lockstep_detection_state_built{prefix="$prefix"})', "built")],
            width=8,
        ),
        Panel(
            "Ready",
            "1 for a worker that has caught up. If it stays at 0, see LockstepNotReady in the runbook.",
            "short",
            [Query('lockstep_worker_ready{prefix="$prefix"}', "{{instance}}")],
            width=6,
        ),
        Panel(
            "Runs detection",
            "The worker that runs detection. When it stops, another one takes over.",
            "short",
            [Query('lockstep_detection_owner{prefix="$prefix"}', "{{instance}}")],
            width=6,
            stacked=True,
        ),
        Panel(
            "Versions",
            "Lockstep, Python and the digest of the detection settings, by worker. They differ only during an "
            "upgrade.",
            "short",
            [
                Query(
                    'count by (version, python, settings) (lockstep_build_info{prefix="$prefix"})',
                    "{{version}} {{settings}}",
                )
            ],
            kind="table",
            width=6,
        ),
        Panel(
            "Rebalances",
            "How often Kafka assigned partitions again. Each worker that starts or stops causes one. If there "
            "are more, workers or their machines are too slow to answer in time.",
            "short",
            [
                Query(
                    'sum(increase(lockstep_ingest_rebalances_total{prefix="$prefix"}[$__rate_interval]))',
                    "rebalances",
                )
            ],
            kind="bars",
            width=6,
        ),
        Panel(
            "Memory",
            "Resident memory of each worker. It grows until the stores are full, and then stays there.",
            "bytes",
            [Query(f"process_resident_memory_bytes {_OURS}", "{{instance}}")],
            width=6,
        ),
        Panel(
            "Processor",
            "Processor seconds per second of each worker. Detection uses one or two cores, ingest uses one.",
            "short",
            [Query(f"rate(process_cpu_seconds_total[$__rate_interval]) {_OURS}", "{{instance}}")],
            width=6,
        ),
        Panel(
            "Event loop",
            "Longest time a task waits for its turn. If it reaches seconds, the machine has too little processor "
            "time, or something blocks.",
            "s",
            [
                Query(
                    'max by (instance) (lockstep_worker_event_loop_delay_seconds{prefix="$prefix"})',
                    "{{instance}}",
                )
            ],
            width=6,
        ),
        Panel(
            "Open files",
            "Open files over the limit of a worker. Near 100 percent it cannot open more connections.",
            "percentunit",
            [Query(f"(process_open_fds / process_max_fds) {_OURS}", "{{instance}}")],
            width=6,
        ),
    ],
)
