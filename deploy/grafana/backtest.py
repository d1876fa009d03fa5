"""For researchers: replays and backtests on one machine, written with --metrics and served by node-exporter.

Replays on Kafka have topics of their own: they are on the other dashboards, under their prefix.
"""

from deploy.grafana.panels import Dashboard, Panel, Query, Row, Variable

RUN = Variable(
    "run",
    "Run",
    "lockstep_run_info",
    "A run on one machine: the name of the file that --metrics wrote.",
)
_NO_LABELS = "the run was a replay, which has no labels to be held against"


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
    description="Replays and backtests on one machine: what was found, how rightly, how soon, and at what speed.",
    variable=RUN,
    time_from="now-30d",
    refresh="1m",
    rows=[
        Row(
            "How rightly",
            [
                _quality("Precision", "precision", "Of the labelled accounts found, those labelled so."),
                _quality("Recall", "recall", "Of the accounts labelled so, those found."),
                _quality("F1", "f1", "The harmonic mean of precision and recall."),
                _quality(
                    "Average precision", "average_precision", "Over all thresholds: the ranking as a whole."
                ),
                _quality(
                    "Purity", "purity", "Labelled members with the most frequent label of their network."
                ),
                _quality(
                    "Suspected rightly",
                    "suspected_precision",
                    "Of the labelled accounts in networks suspected of being covert, those labelled so.",
                ),
            ],
        ),
        Row(
            "How soon, and at what cost",
            [
                Panel(
                    "Time to detection",
                    "Event time from an account's first post to the first alert that names it: half of the accounts "
                    "found, and nine in ten.",
                    "s",
                    [
                        Query(
                            'lockstep_run_time_to_detection_seconds{run="$run"}', "{{share}} of the accounts"
                        )
                    ],
                    kind="number",
                    empty="undefined",
                    may_be_empty=f"{_NO_LABELS}, or nobody was found",
                ),
                Panel(
                    "Speed",
                    "Posts a second of wall clock, from opening the files to the last alert.",
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
                    "Posts that were judged, and alerts told of them, revisions included.",
                    "short",
                    [
                        Query('lockstep_run_posts{run="$run"}', "posts"),
                        Query('lockstep_run_alerts{run="$run"}', "alerts"),
                    ],
                    kind="number",
                ),
                Panel(
                    "Networks by severity",
                    "Networks found, by the severity of their last alert; info is coordination in the open.",
                    "short",
                    [Query('lockstep_run_networks{run="$run"}', "{{severity}}")],
                    kind="ranking",
                    width=12,
                ),
                Panel(
                    "Rows set aside",
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
                    may_be_empty="no run was held against labels",
                ),
                Panel(
                    "When, and by what",
                    "Versions and settings of every run, with the time at which it ended (UTC).",
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
