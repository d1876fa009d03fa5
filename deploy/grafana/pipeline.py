"""The dashboard for operators: workers, ingest, and how far detection is behind."""

from deploy.grafana.panels import PREFIX, Dashboard, Panel, Query, Row
from deploy.grafana.queries import quantile, quantile_of_range, rate
from deploy.grafana.workers import WORKERS

INGEST = Row(
    "Ingest",
    [
        Panel(
            "Records",
            "Records read from the public topics.",
            "reqps",
            [Query(rate("lockstep_ingest_records_total", "topic"), "{{topic}}")],
        ),
        Panel(
            "Volume",
            "Bytes of the values of these records.",
            "Bps",
            [Query(rate("lockstep_ingest_bytes_total", "topic"), "{{topic}}")],
        ),
        Panel(
            "Lag",
            "Records not read yet, by topic. If it keeps growing, see LockstepLagGrowing in the runbook.",
            "short",
            [Query('sum by (topic) (lockstep_ingest_lag_records{prefix="$prefix"})', "{{topic}}")],
        ),
        Panel(
            "Lag of the slowest partitions",
            "The ten partitions with the most unread records. If one stands out, its key is too busy or a worker "
            "hangs.",
            "short",
            [
                Query(
                    'topk(10, sum by (topic, partition) (lockstep_ingest_lag_records{prefix="$prefix"}))',
                    "{{topic}}/{{partition}}",
                )
            ],
        ),
        Panel(
            "Paused partitions",
            "Partitions that ingest does not read at the moment, because detection is behind or other partitions "
            "come first. Now and then is normal. All the time means that detection is the limit.",
            "short",
            [Query('sum(lockstep_ingest_held_back_partitions{prefix="$prefix"})', "partitions")],
        ),
        Panel(
            "Batches",
            "Records decoded together: half and 95 in 100 batches have no more. Small batches cost more per record.",
            "short",
            [
                Query(quantile(0.5, "lockstep_ingest_batch_records", "topic"), "{{topic}}, half"),
                Query(quantile(0.95, "lockstep_ingest_batch_records", "topic"), "{{topic}}, 95 %"),
            ],
        ),
        Panel(
            "Stages",
            "Time for one batch to decode, write frames and commit offsets: 95 in 100 take no longer. If writing "
            "is slow, look at the broker.",
            "s",
            [Query(quantile(0.95, "lockstep_ingest_stage_duration_seconds", "stage"), "{{stage}}")],
        ),
        Panel(
            "Frames",
            "Frames written to the log, by content.",
            "reqps",
            [Query(rate("lockstep_ingest_frames_total", "kind"), "{{kind}}")],
        ),
        Panel(
            "Volume of frames",
            "Bytes of these frames: what each copy of the log takes on the broker's disks.",
            "Bps",
            [Query(rate("lockstep_ingest_frame_bytes_total", "kind"), "{{kind}}")],
        ),
        Panel(
            "Dead letters",
            "Records that could not be used, by reason; they are on the topic of dead letters. late: older than the "
            "watermark; duplicate: the same record had come before.",
            "reqps",
            [Query(rate("lockstep_dead_letters_total", "reason"), "{{reason}}")],
            width=8,
            stacked=True,
        ),
        Panel(
            "Dead letter share",
            "Dead letters over records of each topic. Above 5 percent, see LockstepDeadLetters in the runbook.",
            "percentunit",
            [
                Query(
                    f"{rate('lockstep_dead_letters_total', 'topic')} / "
                    f"({rate('lockstep_ingest_records_total', 'topic')} > 0)",
                    "{{topic}}",
                )
            ],
            width=8,
            may_be_empty="nothing was read",
        ),
        Panel(
            "Late posts",
            "Posts that came after their event time had been applied, by collector. They are on late-posts.v1: see "
            "docs/operations/recovery.md.",
            "reqps",
            [Query(rate("lockstep_detection_late_posts_total", "collector"), "{{collector}}")],
            width=8,
            stacked=True,
        ),
    ],
)

DETECTION = Row(
    "Detection",
    [
        Panel(
            "Posts",
            "Posts that detection has applied: the posts that ingest reads, without dead letters.",
            "reqps",
            [Query('sum(rate(lockstep_detection_posts_total{prefix="$prefix"}[$__rate_interval]))', "posts")],
        ),
        Panel(
            "Frames behind",
            "Frames of the log that detection has not applied. Above 100 ingest waits. If it stays there, "
            "detection is the limit.",
            "short",
            [Query('max(lockstep_detection_lag_frames{prefix="$prefix"})', "frames")],
        ),
        Panel(
            "Busy",
            "Share of the time that detection works. Near 100 percent it is the limit: see "
            "docs/operations/sizing.md.",
            "percentunit",
            [
                Query(
                    'sum(rate(lockstep_detection_frame_duration_seconds_sum{prefix="$prefix"}[$__rate_interval]))',
                    "busy",
                )
            ],
        ),
        Panel(
            "Watermark behind the newest post",
            "Event time between the newest post and the watermark: at least the allowed lateness. If it grows, one "
            "partition holds up the others.",
            "s",
            [
                Query(
                    'max(lockstep_detection_latest_event_timestamp_seconds{prefix="$prefix"}) - '
                    'max(lockstep_detection_watermark_timestamp_seconds{prefix="$prefix"})',
                    "delay",
                )
            ],
        ),
        Panel(
            "Waiting rows",
            "Rows in memory that wait for the watermark. At worker.held_rows detection stops reading.",
            "short",
            [Query('sum by (kind) (lockstep_detection_held_rows{prefix="$prefix"})', "{{kind}}")],
        ),
        Panel(
            "Time for a frame",
            "Time to apply one frame: half and 99 in 100 take no longer. The slowest frames include a tick.",
            "s",
            [
                Query(quantile(0.5, "lockstep_detection_frame_duration_seconds", "prefix"), "half"),
                Query(quantile(0.99, "lockstep_detection_frame_duration_seconds", "prefix"), "99 %"),
            ],
        ),
        Panel(
            "Snapshots",
            "Time since the state was last saved. A worker that takes over applies all frames since then. See "
            "LockstepSnapshotOld in the runbook.",
            "s",
            [Query('time() - max(lockstep_snapshot_timestamp_seconds{prefix="$prefix"})', "age")],
            width=6,
            empty="none yet",
            may_be_empty="the first snapshot is not due yet",
        ),
        Panel(
            "Size of the state",
            "Bytes of a compressed snapshot.",
            "bytes",
            [Query('max(lockstep_snapshot_bytes{prefix="$prefix"})', "bytes")],
            width=6,
            empty="none yet",
            may_be_empty="the first snapshot is not due yet",
        ),
        Panel(
            "Time to save the state",
            "Time to save the state, in which detection waits: 95 in 100 take no longer.",
            "s",
            [Query(quantile_of_range(0.95, "lockstep_snapshot_duration_seconds"), "95 %")],
            width=6,
            empty="none yet",
            may_be_empty="no snapshot was written within the time shown",
        ),
        Panel(
            "Rebuilding",
            "Frames that a worker which took over still has to apply to rebuild the state; 0 when it is done.",
            "short",
            [Query('max(lockstep_rebuild_remaining_frames{prefix="$prefix"})', "frames")],
            width=6,
        ),
        Panel(
            "Time to rebuild",
            "Time that takeovers take to rebuild the state: half take no longer.",
            "s",
            [Query(quantile_of_range(0.5, "lockstep_rebuild_duration_seconds"), "half")],
            width=12,
            empty="no takeover",
            may_be_empty="no worker took over within the time shown",
        ),
        Panel(
            "Faults in the log",
            "Missing offsets, unreadable frames, or a registry that contradicts itself. There should be none: see "
            "LockstepLogFault in the runbook.",
            "short",
            [
                Query(
                    'sum(increase(lockstep_log_faults_total{prefix="$prefix"}[$__rate_interval]))',
                    "faults",
                )
            ],
            kind="bars",
            width=12,
            bounds=[(1, "red")],
        ),
    ],
)

SHARDS = Row(
    "Shards of co-sharing",
    [
        Panel(
            "Event time of shards",
            "Event time up to which each shard has taken shares, behind the shard that is furthest. The lowest holds "
            "everyone up.",
            "s",
            [
                Query(
                    'max(lockstep_shard_watermark_timestamp_seconds{prefix="$prefix"}) - on() group_right() '
                    'max by (shard) (lockstep_shard_watermark_timestamp_seconds{prefix="$prefix"})',
                    "{{shard}}",
                )
            ],
            width=8,
            empty="inside detection",
            may_be_empty="worker.synchrony_agents is off",
        ),
        Panel(
            "Time for a stretch",
            "Time that a shard takes for one stretch of event time, writing its answer included: 95 in 100 take no "
            "longer.",
            "s",
            [Query(quantile(0.95, "lockstep_shard_step_duration_seconds", "shard"), "{{shard}}")],
            width=8,
            empty="inside detection",
            may_be_empty="worker.synchrony_agents is off",
        ),
        Panel(
            "State of shards",
            "Bytes of the latest snapshot of each shard.",
            "bytes",
            [Query('max by (shard) (lockstep_shard_snapshot_bytes{prefix="$prefix"})', "{{shard}}")],
            width=8,
            empty="inside detection",
            may_be_empty="worker.synchrony_agents is off, or no snapshot is due yet",
        ),
    ],
)

PIPELINE = Dashboard(
    uid="lockstep-pipeline",
    title="Lockstep: pipeline",
    description="Workers, ingest and detection: rates, lag, latency, watermark. For operators.",
    variable=PREFIX,
    rows=[WORKERS, INGEST, DETECTION, SHARDS],
)
