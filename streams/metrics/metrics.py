"""Every metric of Lockstep: name, type, unit, labels and meaning. Nothing else names one.

Names follow Prometheus: base units (seconds, bytes), `_total` for what only grows. A label takes few values, never an
account, an object, a network or a worker. Every metric of a worker has the label `prefix`, the prefix of the service's
topics, which keeps a live service apart from replays beside it; every metric of a local run has `run`.
docs/operations/metrics.md is written from this file.
"""

from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from streams.metrics.metric_families import MetricSet, counter, detection_gauge, gauge, histogram

# upper bounds of the buckets of histograms: seconds, seconds, rows, seconds of event time
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800)
_ROWS = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000)
_AGES = (60, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000)


class WorkerMetrics(MetricSet, label="prefix"):
    """The metrics of one worker of the live service.

    Only the worker that runs detection has values for the metrics of detection.

    Args:
        prefix: of the topics.
        registry: where they go; one a process.
    """

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        super().__init__(prefix, registry)
        ProcessCollector(registry=registry)

    # of the worker
    build = gauge(
        "lockstep_build_info",
        "Always 1: version of Lockstep and of Python, and the digest of all settings of detection.",
        "version",
        "python",
        "settings",
    )
    ready = gauge(
        "lockstep_worker_ready", "1 if the worker has caught up with its share of the work, else 0."
    )
    reachable = gauge(
        "lockstep_broker_reachable", "1 if a broker has answered this worker within the last seconds, else 0."
    )
    loop_delay = gauge(
        "lockstep_worker_event_loop_delay_seconds",
        "Longest time that a task of the worker waited for its turn in the last 5 s.",
    )

    # of ingest, on every worker
    assigned = gauge(
        "lockstep_assigned_partitions",
        "Partitions of the public topics that this worker reads; 0 while it is in no group.",
    )
    records = counter("lockstep_ingest_records_total", "Records read from a public topic.", "topic")
    record_bytes = counter("lockstep_ingest_bytes_total", "Bytes of the values of these records.", "topic")
    lag = gauge(
        "lockstep_ingest_lag_records",
        "Records of a partition that this worker has yet to read.",
        "topic",
        "partition",
    )
    held_back = gauge(
        "lockstep_ingest_held_back_partitions",
        "Partitions that are paused because detection is behind or reference data come first.",
    )
    rebalances = counter(
        "lockstep_ingest_rebalances_total", "Times that partitions were shared out among workers again."
    )
    batch_records = histogram(
        "lockstep_ingest_batch_records",
        "Records of one topic in a batch that is decoded together.",
        "topic",
        buckets=_ROWS,
    )
    ingest_seconds = histogram(
        "lockstep_ingest_stage_duration_seconds",
        "Time of a stage of ingest for one batch: decode, write or commit.",
        "stage",
        buckets=_QUICK,
    )
    frames = counter("lockstep_ingest_frames_total", "Frames written, by kind of content.", "kind")
    frame_bytes = counter("lockstep_ingest_frame_bytes_total", "Bytes of these frames.", "kind")
    dead_letters = counter(
        "lockstep_dead_letters_total",
        "Records set aside, by topic and reason. Detection counts late and duplicate ones, ingest all others.",
        "topic",
        "reason",
    )

    # of the service, as every worker sees it
    frames_behind = gauge(
        "lockstep_detection_lag_frames",
        "Frames of the log that detection has yet to apply, on whichever worker. Take the maximum over workers.",
    )
    registry_updated = gauge(
        "lockstep_registry_updated_timestamp_seconds",
        "Time at which the latest record of the registry reached the broker, seconds since 1970 UTC.",
    )

    # of detection, on the worker that runs it
    owner = gauge("lockstep_detection_owner", "1 on the worker that runs detection, else 0.")
    state_built = detection_gauge(
        "lockstep_detection_state_built",
        "1 if the state has been built since the partition of frames was assigned, else 0.",
    )
    posts = counter("lockstep_detection_posts_total", "Posts applied, without those of a rebuild.")
    frame_seconds = histogram(
        "lockstep_detection_frame_duration_seconds",
        "Time to apply one frame, rebuilds included.",
        buckets=_QUICK,
    )
    stage_seconds = histogram(
        "lockstep_detection_stage_duration_seconds",
        "Time of one run of a stage of detection. A tick runs the stages network and reestimate.",
        "stage",
        buckets=_QUICK,
    )
    # of the shards of co-sharing, on the workers that have them
    shard_watermark = gauge(
        "lockstep_shard_watermark_timestamp_seconds",
        "Event time up to which a shard of co-sharing here has taken shares, seconds since 1970 UTC.",
        "shard",
    )
    shard_seconds = histogram(
        "lockstep_shard_step_duration_seconds",
        "Time of one step of a shard of co-sharing, writing its answer included.",
        "shard",
        buckets=_QUICK,
    )
    shard_bytes = gauge(
        "lockstep_shard_snapshot_bytes",
        "Size of the latest snapshot of a shard that was written here.",
        "shard",
    )

    watermark = detection_gauge(
        "lockstep_detection_watermark_timestamp_seconds",
        "Event time up to which posts have been applied, seconds since 1970 UTC; 0 before the first.",
    )
    late_posts = counter(
        "lockstep_detection_late_posts_total",
        "Posts that came too late, by collector: `unnamed` for those without one, `other` after 50 names.",
        "collector",
    )
    latest = detection_gauge(
        "lockstep_detection_latest_event_timestamp_seconds",
        "Latest event time seen in any partition, seconds since 1970 UTC.",
    )
    held = detection_gauge(
        "lockstep_detection_held_rows", "Rows that wait for the watermark, by kind: posts or follows.", "kind"
    )
    co_shares = counter(
        "lockstep_detection_co_shares_total",
        "Co-shares of two accounts, by kind of object and size of the crowd on it.",
        "kind",
        "crowd",
    )
    left_out = counter(
        "lockstep_detection_capped_shares_total",
        "Shares not paired with all earlier ones, by reason: cap (a large crowd) or viral (paired with none).",
        "reason",
    )
    items = detection_gauge("lockstep_store_items", "Items that a store of detection holds.", "store")
    limit = detection_gauge(
        "lockstep_store_limit_items", "Items that a store may hold under the settings.", "store"
    )
    evictions = counter(
        "lockstep_store_evictions_total",
        "Items that left a full store early, since this worker took over.",
        "store",
    )
    edges = detection_gauge("lockstep_detection_edges", "Validated pairs of accounts.")
    hypotheses = detection_gauge(
        "lockstep_gate_hypotheses", "Pairs of accounts that could have passed the false-discovery gate."
    )
    threshold = detection_gauge(
        "lockstep_gate_threshold_nats", "Surprise (-ln of the p-value) from which a pair passes the gate."
    )
    slow_ratio = detection_gauge(
        "lockstep_null_slow_ratio",
        "Slow co-shares observed over those expected from exposure alone. It calibrates the null model.",
    )
    spread = detection_gauge(
        "lockstep_null_affinity_spread",
        "Spread of shared interest between pairs of accounts in the null model.",
    )
    networks = detection_gauge(
        "lockstep_networks",
        "Networks alive, by state: suspected (of being covert) or coordinated (all others).",
        "state",
    )
    members = detection_gauge(
        "lockstep_network_members", "Members of the largest networks alive, by rank from 1 to 10.", "rank"
    )
    alerts = counter(
        "lockstep_alerts_total", "Alerts raised, by severity and lifecycle.", "severity", "lifecycle"
    )
    suppressed = counter(
        "lockstep_alerts_suppressed_total", "Alerts raised that a reviewer's rule suppresses."
    )
    evidence_age = histogram(
        "lockstep_alert_evidence_age_seconds",
        "Event time from a network's earliest evidence to its first alert.",
        buckets=_AGES,
    )
    alert_delay = histogram(
        "lockstep_alert_delay_seconds",
        "Wall-clock time from an alert's latest evidence to the alert. Meaningless for dumps, which are old.",
        buckets=_AGES,
    )
    rules = detection_gauge(
        "lockstep_suppression_rules", "Reviewers' rules, by records of rules and by reviews."
    )
    reviewed = gauge(
        "lockstep_reviewed_networks",
        "Networks that reviewers have labelled, by label. Disputed: their labels disagree.",
        "label",
    )
    review_backlog = detection_gauge(
        "lockstep_review_backlog_networks",
        "Networks alive that are suspected of being covert and that no reviewer has labelled.",
    )
    entities = detection_gauge("lockstep_registry_entities", "Entities of the registry in use.")
    entities_set_aside = detection_gauge(
        "lockstep_registry_entities_set_aside",
        "Entities of the registry whose latest record is not in use, because it contradicts others.",
    )
    faults = counter(
        "lockstep_log_faults_total",
        "Faults in the log of frames: missing offsets, unreadable frames and records.",
    )
    snapshot_bytes = detection_gauge(
        "lockstep_snapshot_bytes", "Size of the state when last saved or loaded, compressed."
    )
    snapshot_at = detection_gauge(
        "lockstep_snapshot_timestamp_seconds",
        "Time at which the state was last saved, seconds since 1970 UTC.",
    )
    snapshot_seconds = histogram(
        "lockstep_snapshot_duration_seconds",
        "Time that detection pauses to copy its state. Writing the copy takes place while detection goes on.",
        buckets=_LONG,
    )
    rebuild_left = detection_gauge(
        "lockstep_rebuild_remaining_frames", "Frames left until the state is rebuilt; 0 afterwards."
    )
    rebuild_seconds = histogram(
        "lockstep_rebuild_duration_seconds", "Time to rebuild the state.", buckets=_LONG
    )


class RunMetrics(MetricSet, label="run"):
    """The metrics of one replay or backtest on this machine, written once at its end.

    Args:
        run: name of the run.
        registry: where they go.
    """

    build = gauge(
        "lockstep_run_info",
        "Always 1: version of Lockstep and the digest of all settings of detection.",
        "version",
        "settings",
    )
    finished = gauge(
        "lockstep_run_finished_timestamp_seconds", "Time at which the run ended, seconds since 1970 UTC."
    )
    seconds = gauge("lockstep_run_duration_seconds", "Wall-clock time of the run.")
    posts = gauge("lockstep_run_posts", "Posts that were applied.")
    alerts = gauge("lockstep_run_alerts", "Alerts raised, revisions included.")
    networks = gauge(
        "lockstep_run_networks", "Networks found, by the severity of their last alert.", "severity"
    )
    dead_letters = gauge("lockstep_run_dead_letters", "Rows set aside, by reason.", "reason")
    quality = gauge(
        "lockstep_run_quality_ratio",
        "Result of a backtest, 0-1, by measure: precision, recall, f1 and others (docs/backtest.md).",
        "measure",
    )
    wait = gauge(
        "lockstep_run_time_to_detection_seconds",
        "Event time from an account's first post to its first alert, for a share of the accounts found (0.5, 0.9).",
        "share",
    )


class CollectorMetrics(MetricSet, label="prefix"):
    """The metrics of one `lockstep ingest`.

    Args:
        prefix: of the topics.
        registry: where they go; one a process.
    """

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        super().__init__(prefix, registry)
        ProcessCollector(registry=registry)

    build = gauge(
        "lockstep_collector_info",
        "Always 1: version of Lockstep, name of the collector, and its source.",
        "version",
        "collector",
        "source",
    )
    ready = gauge("lockstep_collector_ready", "1 if the source is connected and a broker answers, else 0.")
    connected = gauge("lockstep_collector_connected", "1 if the source is connected, else 0.")
    records = counter("lockstep_collector_records_total", "Records that the broker has confirmed.", "topic")
    others = counter(
        "lockstep_collector_others_total", "Messages that go to no topic, such as likes, by kind.", "kind"
    )
    repeats = counter(
        "lockstep_collector_repeats_total", "Posts and follow events that came again after a reconnect."
    )
    dead_letters = counter(
        "lockstep_collector_dead_letters_total", "Messages that could not be used, by reason.", "reason"
    )
    faults = counter("lockstep_collector_faults_total", "Connections to the source that failed or ended.")
    gaps = counter(
        "lockstep_collector_gaps_total",
        "Times that the source no longer had the place at which to go on, so that events are missing.",
    )
    waiting = gauge("lockstep_collector_waiting_records", "Messages that have come and are not written yet.")
    event_time = gauge(
        "lockstep_collector_event_timestamp_seconds",
        "Time of the latest event that the broker has, seconds since 1970 UTC.",
    )
