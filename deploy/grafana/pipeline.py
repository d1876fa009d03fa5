"""For operators: workers, ingest and how far detection is."""

from deploy.grafana.panels import PREFIX, Dashboard, Panel, Query, Row
from deploy.grafana.workers import WORKERS


def _rate(metric: str, by: str, more: str = "") -> str:
    return f'sum by ({by}) (rate({metric}{{prefix="$prefix"{more}}}[$__rate_interval]))'


def _quantile(share: float, metric: str, by: str) -> str:
    inside = f'sum by ({by}, le) (rate({metric}_bucket{{prefix="$prefix"}}[$__rate_interval]))'
    return f"histogram_quantile({share}, {inside})"


INGEST = Row(
    "Ingest",
    [
        Panel(
            "Records",
            "Records read from the public topics.",
            "reqps",
            [Query(_rate("lockstep_ingest_records_total", "topic"), "{{topic}}")],
        ),
        Panel(
            "Volume",
            "Bytes of the values of these records.",
            "Bps",
            [Query(_rate("lockstep_ingest_bytes_total", "topic"), "{{topic}}")],
        ),
        Panel(
            "Lag",
            "Records yet to be read, by topic. Growing for long: see LockstepLagGrowing in the runbook.",
            "short",
            [Query('sum by (topic) (lockstep_ingest_lag_records{prefix="$prefix"})', "{{topic}}")],
        ),
        Panel(
            "Lag of the slowest partitions",
            "The ten partitions with the most to read. One that stands out: its key is too busy, or a worker hangs.",
            "short",
            [
                Query(
                    'topk(10, sum by (topic, partition) (lockstep_ingest_lag_records{prefix="$prefix"}))',
                    "{{topic}}/{{partition}}",
                )
            ],
        ),
        Panel(
            "Held back",
            "Partitions that are not read for now, since detection is behind or others have to come first. Now and "
            "then is as it should be; all the time means that detection is the limit.",
            "short",
            [Query('sum(lockstep_ingest_held_back_partitions{prefix="$prefix"})', "partitions")],
        ),
        Panel(
            "Batches",
            "Records that were decoded together, half and 95 in 100 with no more. Small batches cost more a record.",
            "short",
            [
                Query(_quantile(0.5, "lockstep_ingest_batch_records", "topic"), "{{topic}}, half"),
                Query(_quantile(0.95, "lockstep_ingest_batch_records", "topic"), "{{topic}}, 95 %"),
            ],
        ),
        Panel(
            "Stages",
            "Time for one batch, 95 in 100 within it: decode, write frames, commit offsets. Slow writes: the broker.",
            "s",
            [Query(_quantile(0.95, "lockstep_ingest_stage_duration_seconds", "stage"), "{{stage}}")],
        ),
        Panel(
            "Frames",
            "Frames written to the log, by what is in them.",
            "reqps",
            [Query(_rate("lockstep_ingest_frames_total", "kind"), "{{kind}}")],
        ),
        Panel(
            "Volume of frames",
            "Bytes of these frames: what the log takes on the broker's disks, each copy.",
            "Bps",
            [Query(_rate("lockstep_ingest_frame_bytes_total", "kind"), "{{kind}}")],
        ),
        Panel(
            "Set aside",
            "Records that could not be used, by reason. They are on the topic of dead letters. late: they came after "
            "their time had been judged; duplicate: they had come before.",
            "reqps",
            [Query(_rate("lockstep_dead_letters_total", "reason"), "{{reason}}")],
            width=12,
            stacked=True,
        ),
        Panel(
            "Share set aside",
            "Of the records of each topic. Above 5 percent: see LockstepDeadLetters in the runbook.",
            "percentunit",
            [
                Query(
                    f"{_rate('lockstep_dead_letters_total', 'topic')} / "
                    f"({_rate('lockstep_ingest_records_total', 'topic')} > 0)",
                    "{{topic}}",
                )
            ],
            width=12,
            may_be_empty="nothing was read",
        ),
    ],
)

DETECTION = Row(
    "Detection",
    [
        Panel(
            "Posts",
            "Posts applied. It is what detection makes of the posts that ingest reads, less those set aside.",
            "reqps",
            [Query('sum(rate(lockstep_detection_posts_total{prefix="$prefix"}[$__rate_interval]))', "posts")],
        ),
        Panel(
            "Frames behind",
            "Frames of the log yet to be applied. Ingest waits above a hundred; for long, detection is the limit.",
            "short",
            [Query('max(lockstep_detection_lag_frames{prefix="$prefix"})', "frames")],
        ),
        Panel(
            "Busy",
            "Share of the time in which detection worked. Near 100 percent it is the limit: see sizing.",
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
            "Event time that has come in and is not judged yet: at least the allowed lateness. Growing: a partition "
            "holds the others up.",
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
            "Rows that wait",
            "Rows in memory that wait for the watermark. At worker.held_rows reading waits too.",
            "short",
            [Query('sum by (kind) (lockstep_detection_held_rows{prefix="$prefix"})', "{{kind}}")],
        ),
        Panel(
            "Time for a frame",
            "Time to apply one frame: half, and 99 in 100 within it. The slowest have a tick in them.",
            "s",
            [
                Query(_quantile(0.5, "lockstep_detection_frame_duration_seconds", "prefix"), "half"),
                Query(_quantile(0.99, "lockstep_detection_frame_duration_seconds", "prefix"), "99 %"),
            ],
        ),
        Panel(
            "Snapshots",
            "Time since the state was last saved. A worker that takes over applies what came since: see "
            "LockstepSnapshotOld in the runbook.",
            "s",
            [Query('time() - max(lockstep_snapshot_timestamp_seconds{prefix="$prefix"})', "age")],
            width=6,
            empty="none yet",
            may_be_empty="no snapshot has been due yet",
        ),
        Panel(
            "Size of the state",
            "Bytes of a snapshot, compressed.",
            "bytes",
            [Query('max(lockstep_snapshot_bytes{prefix="$prefix"})', "bytes")],
            width=6,
            empty="none yet",
            may_be_empty="no snapshot has been due yet",
        ),
        Panel(
            "Time to save the state",
            "Detection waits while the state is saved: 95 in 100 within the time shown.",
            "s",
            [
                Query(
                    "histogram_quantile(0.95, sum by (le) (increase("
                    'lockstep_snapshot_duration_seconds_bucket{prefix="$prefix"}[$__range])))',
                    "95 %",
                )
            ],
            width=6,
            empty="none yet",
            may_be_empty="no snapshot was written within the time shown",
        ),
        Panel(
            "Rebuilding",
            "Frames to go until a worker that took over has the state; 0 once it has.",
            "short",
            [Query('max(lockstep_rebuild_remaining_frames{prefix="$prefix"})', "frames")],
            width=6,
        ),
        Panel(
            "Time to rebuild",
            "How long the latest takeovers took: half within the time shown.",
            "s",
            [
                Query(
                    "histogram_quantile(0.5, sum by (le) (increase("
                    'lockstep_rebuild_duration_seconds_bucket{prefix="$prefix"}[$__range])))',
                    "half",
                )
            ],
            width=12,
            empty="no takeover",
            may_be_empty="no worker took over within the time shown",
        ),
        Panel(
            "Faults in the log",
            "Offsets that are missing, unreadable frames, a registry that contradicts itself. Any is one too many: see "
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

PIPELINE = Dashboard(
    uid="lockstep-pipeline",
    title="Lockstep: pipeline",
    description="Workers, ingest and how far detection is: rates, lag, latency, watermark. For operators.",
    variable=PREFIX,
    rows=[WORKERS, INGEST, DETECTION],
)
