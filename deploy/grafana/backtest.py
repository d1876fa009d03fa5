"""The dashboard for researchers: replays and backtests on one machine, whose --metrics files node-exporter serves.

Replays on Kafka have their own topics. The other dashboards show them, under their prefix.
"""

from deploy.grafana.panels import Dashboard, Panel, Query, Row, Variable

RUN = Variable(
    "run",
    "Run",
    "lockstep_run_info",
    "A run on one machine: the name of the file that --metrics wrote.",
)
_NO_LABELS = "the run was a replay, which has no labels to compare with"


def _quality(title: str, measure: str, description: str) -> Panel:
    return Panel(
        title,
        description,
        "percentunit",
        [Query(f'lockstep_run_quality_ratio{{run="$run",measure="{measure}"}}', title.lower())],
        kind="number",
        width=4,
        height=5,
        empty="undefined",
        may_be_empty=f"{_NO_LABELS}, or nothing was found",
        decimals=1,
    )


BACKTEST = Dashboard(
    uid="lockstep-backtest",
    title="Lockstep: backtest",
    description="Replays and backtests on one machine: what they found, precision and recall, delay and speed.",
    variable=RUN,
    time_from="now-30d",
    refresh="1m",
    rows=[
        Row(
            "Quality",
            [
                _quality(
                    "Precision",
                    "precision",
                    "Share of the labelled accounts found that have the positive label.",
                ),
                _quality(
                    "Recall", "recall", "Share of the accounts with the positive label that were found."
                ),
                _quality("F1", "f1", "The harmonic mean of precision and recall."),
                _quality(
                    "Average precision",
                    "average_precision",
                    "Precision averaged over all thresholds of the ranking.",
                ),
                _quality(
                    "Purity",
                    "purity",
                    "Share of labelled members that have the most frequent label of their network.",
                ),
                _quality(
                    "Suspected precision",
                    "suspected_precision",
                    "Share of the labelled accounts in suspected networks that have the positive label.",
                ),
            ],
        ),
        Row(
            "Delay and speed",
            [
                Panel(
                    "Time to detection",
                    "Event time from an account's first post to the first alert that names it: the value that "
                    "half and nine in ten of the accounts found stay below.",
                    "s",
                    [
                        Query(
                            'lockstep_run_time_to_detection_seconds{run="$run"}', "{{share}} of the accounts"
                        )
                    ],
                    kind="number",
                    empty="undefined",
                    may_be_empty=f"{_NO_LABELS}, or no account was found",
                ),
                Panel(
                    "Speed",
                    "Posts per second of wall-clock time, from opening the files to the last alert.",
                    "short",
                    [
                        Query(
                            'lockstep_run_posts{run="$run"} / lockstep_run_duration_seconds{run="$run"}',
                            "posts/s",
                        )
                    ],
                    kind="number",
                    decimals=0,
                ),
                Panel(
                    "Posts and alerts",
                    "Posts that detection applied, and alerts raised, revisions included.",
                    "short",
                    [
                        Query('lockstep_run_posts{run="$run"}', "posts"),
                        Query('lockstep_run_alerts{run="$run"}', "alerts"),
                    ],
                    kind="number",
                ),
                Panel(
                    "Networks by severity",
                    "Networks found, by the severity of their last alert; info is open coordination.",
                    "short",
                    [Query('lockstep_run_networks{run="$run"}', "{{severity}}")],
                    kind="ranking",
                    width=12,
                ),
                Panel(
                    "Dead letters",
                    "Rows that could not be used, by reason.",
                    "short",
                    [Query('lockstep_run_dead_letters{run="$run"}', "{{reason}}")],
                    kind="ranking",
                    width=12,
                ),
            ],
        ),
        Row(
            "All runs",
            [
                Panel(
                    "Runs compared",
                    "Precision, recall and average precision of every run that is still served.",
                    "percentunit",
                    [
                        Query(
                            'lockstep_run_quality_ratio{measure=~"precision|recall|average_precision"}',
                            "{{run}} {{measure}}",
                        )
                    ],
                    kind="table",
                    width=12,
                    may_be_empty="no run was compared with labels",
                ),
                Panel(
                    "Versions and times",
                    "Version and settings of every run, and when it ended (UTC).",
                    "dateTimeAsIso",
                    [
                        Query(
                            "1000 * lockstep_run_finished_timestamp_seconds * on (run, instance, job) "
                            "group_left (version, settings) lockstep_run_info",
                            "{{run}}",
                        )
                    ],
                    kind="table",
                    width=12,
                ),
            ],
        ),
    ],
)
