"""The workers as processes: a row of the pipeline's dashboard."""

from deploy.grafana.panels import Panel, Query, Row

_OURS = '* on (instance, job) group_left (prefix) lockstep_build_info{prefix="$prefix"}'
"""Joined to what every process tells, and does not name the service."""

WORKERS = Row(
    "Workers",
    [
        Panel(
            "Ready",
            "Workers that are caught up with what is their part. 0 for long: see LockstepNotReady in the runbook.",
            "short",
            [Query('lockstep_worker_ready{prefix="$prefix"}', "{{instance}}")],
            width=6,
        ),
        Panel(
            "Runs detection",
            "The worker that detection runs on: one of all. Another takes over when it ends.",
            "short",
            [Query('lockstep_detection_owner{prefix="$prefix"}', "{{instance}}")],
            width=6,
            stacked=True,
        ),
        Panel(
            "Versions",
            "Lockstep, Python and the digest of the settings of detection, by worker: alike but during an upgrade.",
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
            "How often partitions were shared out anew. Each worker that comes or goes is one; more of them: workers "
            "are too slow to show that they are alive, or their machines are.",
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
            "Resident memory of each worker. It grows to what the settings of its stores allow, and stays there.",
            "bytes",
            [Query(f"process_resident_memory_bytes {_OURS}", "{{instance}}")],
            width=6,
        ),
        Panel(
            "Processor",
            "Processor seconds a second of each worker. Detection uses one core or two, ingest one.",
            "short",
            [Query(f"rate(process_cpu_seconds_total[$__rate_interval]) {_OURS}", "{{instance}}")],
            width=6,
        ),
        Panel(
            "Event loop",
            "Longest wait of a task for its turn. Seconds: the machine is short of processor, or something blocks.",
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
            "Share of the files that a worker may have open. Near 100 percent it can open no more connections.",
            "percentunit",
            [Query(f"(process_open_fds / process_max_fds) {_OURS}", "{{instance}}")],
            width=6,
        ),
    ],
)
