"""Every metric of Lockstep: name, type, unit, labels and meaning. Nothing else names one.

Names follow Prometheus: base units (seconds, bytes), `_total` for what only grows. Labels are bounded sets; never an
account, an object, a network or a worker. Those of a worker carry `prefix`, the prefix of the service's topics, so that
a live service and replays beside it are told apart; those of a local run carry `run`.
docs/operations/metrics.md is written from this file.
"""

from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from streams.metrics.metric_families import Declarations

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800)
_ROWS = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000)
_AGES = (60, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000)


class WorkerMetrics(Declarations):
    """The metrics of one worker of the live service.

    Those of detection have values on the worker that runs it, and on no other.

    Args:
        prefix: of the topics.
        registry: where they go; one a process.
    """

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        super().__init__("prefix", prefix, registry)
        ProcessCollector(registry=registry)

        # the worker
        self.build = self._gauge(
            "lockstep_build_info",
            "Always 1: version of Lockstep and of Python, and the digest of all settings of detection.",
            "version",
            "python",
            "settings",
        )
        self.ready = self._gauge(
            "lockstep_worker_ready", "1 if the worker is caught up with what is its part, else 0."
        )
        self.loop_delay = self._gauge(
            "lockstep_worker_event_loop_delay_seconds",
            "Longest time that a task of the worker had to wait for its turn, since the last look (5 s).",
        )

        # ingest, on every worker
        self.records = self._counter(
            "lockstep_ingest_records_total", "Records read from a public topic.", "topic"
        )
        self.record_bytes = self._counter(
            "lockstep_ingest_bytes_total", "Bytes of the values of these records.", "topic"
        )
        self.lag = self._gauge(
            "lockstep_ingest_lag_records",
            "Records of a partition that this worker has yet to read.",
            "topic",
            "partition",
        )
        self.held_back = self._gauge(
            "lockstep_ingest_held_back_partitions",
            "Partitions that are not read for now: detection is behind, or reference data come first.",
        )
        self.rebalances = self._counter(
            "lockstep_ingest_rebalances_total", "How often partitions were shared out among workers anew."
        )
        self.batch_records = self._histogram(
            "lockstep_ingest_batch_records",
            "Records of one topic that were decoded together.",
            "topic",
            buckets=_ROWS,
        )
        self.ingest_seconds = self._histogram(
            "lockstep_ingest_stage_duration_seconds",
            "Time of a stage of ingest for one batch: decode, write, commit.",
            "stage",
            buckets=_QUICK,
        )
        self.frames = self._counter(
            "lockstep_ingest_frames_total", "Frames written, by what is in them.", "kind"
        )
        self.frame_bytes = self._counter(
            "lockstep_ingest_frame_bytes_total", "Bytes of these frames.", "kind"
        )
        self.dead_letters = self._counter(
            "lockstep_dead_letters_total",
            "Records set aside, by topic and reason; late and duplicate ones by detection, all others by ingest.",
            "topic",
            "reason",
        )

        # what every worker sees of the service
        self.frames_behind = self._gauge(
            "lockstep_detection_lag_frames",
            "Frames of the log that detection, wherever it runs, has yet to apply. Take the maximum over workers.",
        )
        self.registry_updated = self._gauge(
            "lockstep_registry_updated_timestamp_seconds",
            "When the latest record of the registry reached the broker, seconds since 1970 UTC.",
        )

        # detection, on its owner
        self.owner = self._gauge("lockstep_detection_owner", "1 on the worker that runs detection, else 0.")
        self.posts = self._counter("lockstep_detection_posts_total", "Posts applied; not those of a rebuild.")
        self.frame_seconds = self._histogram(
            "lockstep_detection_frame_duration_seconds",
            "Time to apply one frame, rebuilds included.",
            buckets=_QUICK,
        )
        self.stage_seconds = self._histogram(
            "lockstep_detection_stage_duration_seconds",
            "Time of one run of a stage of detection; network and reestimate make up a tick.",
            "stage",
            buckets=_QUICK,
        )
        self.watermark = self._gauge(
            "lockstep_detection_watermark_timestamp_seconds",
            "Event time up to which posts have been judged, seconds since 1970 UTC.",
        )
        self.latest = self._gauge(
            "lockstep_detection_latest_event_timestamp_seconds",
            "Latest event time that any partition has shown, seconds since 1970 UTC.",
        )
        self.held = self._gauge(
            "lockstep_detection_held_rows", "Rows that wait for the watermark: posts, follows.", "kind"
        )
        self.co_shares = self._counter(
            "lockstep_detection_co_shares_total",
            "Co-shares of two accounts, by kind of object and size of the crowd on it.",
            "kind",
            "crowd",
        )
        self.left_out = self._counter(
            "lockstep_detection_capped_shares_total",
            "Shares that were not paired with all before them: cap, the crowd was large; viral, with none at all.",
            "reason",
        )
        self.items = self._gauge("lockstep_store_items", "Items that a store of detection holds.", "store")
        self.room = self._gauge(
            "lockstep_store_limit_items", "Items that a store may hold, by the settings.", "store"
        )
        self.evictions = self._counter(
            "lockstep_store_evictions_total",
            "Items that left a store before their time for want of room, since this worker took over.",
            "store",
        )
        self.edges = self._gauge("lockstep_detection_edges", "Validated pairs of accounts.")
        self.hypotheses = self._gauge(
            "lockstep_gate_hypotheses", "Pairs of accounts that could have passed the false-discovery gate."
        )
        self.threshold = self._gauge(
            "lockstep_gate_threshold_nats", "Surprise at which the gate stands: -ln of the p-value."
        )
        self.slow_ratio = self._gauge(
            "lockstep_null_slow_ratio",
            "Slow co-shares seen over those that exposure alone would give: what the null model is calibrated with.",
        )
        self.spread = self._gauge(
            "lockstep_null_affinity_spread",
            "How much pairs of accounts differ in shared interest, by the null model.",
        )
        self.networks = self._gauge(
            "lockstep_networks",
            "Networks alive: suspected (of being covert), coordinated (the others).",
            "state",
        )
        self.members = self._gauge(
            "lockstep_network_members", "Members of the largest networks alive, by rank from 1 to 10.", "rank"
        )
        self.alerts = self._counter(
            "lockstep_alerts_total", "Alerts told, by severity and lifecycle.", "severity", "lifecycle"
        )
        self.suppressed = self._counter(
            "lockstep_alerts_suppressed_total", "Of these, alerts that a reviewer's rule keeps quiet."
        )
        self.evidence_age = self._histogram(
            "lockstep_alert_evidence_age_seconds",
            "Event time from a network's earliest evidence to its first alert.",
            buckets=_AGES,
        )
        self.alert_delay = self._histogram(
            "lockstep_alert_delay_seconds",
            "Wall clock from the latest evidence of an alert to the alert; of no use for dumps, which are old.",
            buckets=_AGES,
        )
        self.rules = self._gauge("lockstep_suppression_rules", "Reviewers' rules in force.")
        self.reviewed = self._gauge(
            "lockstep_reviewed_networks",
            "Networks that reviewers have labelled, by label; disputed: their labels disagree.",
            "label",
        )
        self.review_backlog = self._gauge(
            "lockstep_review_backlog_networks",
            "Networks alive that are suspected of being covert and that no reviewer has labelled.",
        )
        self.entities = self._gauge("lockstep_registry_entities", "Entities of the registry in use.")
        self.faults = self._counter(
            "lockstep_log_faults_total",
            "Faults in the log of frames: missing offsets, unreadable frames, a registry that contradicts itself.",
        )
        self.snapshot_bytes = self._gauge(
            "lockstep_snapshot_bytes", "Size of the state when last saved or loaded, compressed."
        )
        self.snapshot_at = self._gauge(
            "lockstep_snapshot_timestamp_seconds", "When the state was last saved, seconds since 1970 UTC."
        )
        self.snapshot_seconds = self._histogram(
            "lockstep_snapshot_duration_seconds",
            "Time for which detection waits to have its state saved; it is written while detection goes on.",
            buckets=_LONG,
        )
        self.rebuild_left = self._gauge(
            "lockstep_rebuild_remaining_frames", "Frames to go until the state is rebuilt; 0 once it is."
        )
        self.rebuild_seconds = self._histogram(
            "lockstep_rebuild_duration_seconds", "Time that rebuilding the state took.", buckets=_LONG
        )


class RunMetrics(Declarations):
    """The metrics of one replay or backtest on this machine, written once at its end.

    Args:
        run: what the run is called.
        registry: where they go.
    """

    def __init__(self, run: str, registry: CollectorRegistry) -> None:
        super().__init__("run", run, registry)
        self.build = self._gauge(
            "lockstep_run_info",
            "Always 1: version of Lockstep and the digest of all settings of detection.",
            "version",
            "settings",
        )
        self.finished = self._gauge(
            "lockstep_run_finished_timestamp_seconds", "When the run ended, seconds since 1970 UTC."
        )
        self.seconds = self._gauge("lockstep_run_duration_seconds", "Wall clock that the run took.")
        self.posts = self._gauge("lockstep_run_posts", "Posts that were judged.")
        self.alerts = self._gauge("lockstep_run_alerts", "Alerts told, revisions included.")
        self.networks = self._gauge(
            "lockstep_run_networks", "Networks found, by the severity of their last alert.", "severity"
        )
        self.dead_letters = self._gauge("lockstep_run_dead_letters", "Rows set aside, by reason.", "reason")
        self.quality = self._gauge(
            "lockstep_run_quality_ratio",
            "How well a backtest did, 0-1, by measure: precision, recall, f1, and so on (docs/backtest.md).",
            "measure",
        )
        self.wait = self._gauge(
            "lockstep_run_time_to_detection_seconds",
            "Event time from an account's first post to its first alert, for a share of the accounts found.",
            "share",
        )
