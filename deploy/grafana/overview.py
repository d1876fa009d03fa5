"""For trust teams: what was found, how large it is, and how soon it was told."""

from deploy.grafana.panels import PREFIX, Dashboard, Panel, Query, Row

_SEVERITIES = "critical is the most urgent; info is coordination in the open, which pages nobody"
_REVIEWED = "lockstep_reviewed_networks"
_DECIDED = "confirmed_inauthentic|coordinated_authentic|benign_automation|not_coordinated"

OVERVIEW = Dashboard(
    uid="lockstep-overview",
    title="Lockstep: overview",
    description="What was found: alerts, networks and how soon they were told. For trust teams.",
    variable=PREFIX,
    time_from="now-7d",
    rows=[
        Row(
            "Now",
            [
                Panel(
                    "Suspected networks",
                    "Networks alive that were suspected of being covert when last told of: suspicion, no verdict.",
                    "short",
                    [Query('sum(lockstep_networks{prefix="$prefix",state="suspected"})', "suspected")],
                    kind="number",
                    width=4,
                    height=5,
                    bounds=[(1, "orange")],
                ),
                Panel(
                    "Coordinated networks",
                    "Networks alive that act together and show no sign of hiding it: fan clubs, newsrooms, campaigns.",
                    "short",
                    [Query('sum(lockstep_networks{prefix="$prefix",state="coordinated"})', "coordinated")],
                    kind="number",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Urgent alerts, last day",
                    "Alerts of severity medium and above that were told within the last 24 hours.",
                    "short",
                    [
                        Query(
                            'sum(increase(lockstep_alerts_total{prefix="$prefix",'
                            'severity=~"medium|high|critical"}[1d]))',
                            "alerts",
                        )
                    ],
                    kind="number",
                    width=4,
                    height=5,
                    decimals=0,
                ),
                Panel(
                    "Judged up to",
                    "How far the judgement of posts lies behind the clock. Of a dump it is the age of its posts.",
                    "s",
                    [
                        Query(
                            'time() - max(lockstep_detection_watermark_timestamp_seconds{prefix="$prefix"})',
                            "behind",
                        )
                    ],
                    kind="number",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Registry",
                    "Entities of the registry in use. Without a registry nothing can be suspected of hiding who it is.",
                    "short",
                    [Query('max(lockstep_registry_entities{prefix="$prefix"})', "entities")],
                    kind="number",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Registry last changed",
                    "Time since the latest record of the registry came in. Left to itself, a registry goes stale.",
                    "s",
                    [
                        Query(
                            'time() - max(lockstep_registry_updated_timestamp_seconds{prefix="$prefix"})',
                            "ago",
                        )
                    ],
                    kind="number",
                    width=4,
                    height=5,
                    empty="no registry",
                    may_be_empty="no registry has been published",
                    bounds=[(30 * 86_400, "orange")],
                ),
            ],
        ),
        Row(
            "Alerts",
            [
                Panel(
                    "Alerts by severity",
                    f"Alerts told, revisions included; {_SEVERITIES}.",
                    "short",
                    [
                        Query(
                            'sum by (severity) (increase(lockstep_alerts_total{prefix="$prefix"}[$__rate_interval]))',
                            "{{severity}}",
                        )
                    ],
                    kind="bars",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Alerts by what became of the network",
                    "opened: new; updated: more members, or suspected now; the others: how it ended or parted.",
                    "short",
                    [
                        Query(
                            'sum by (lifecycle) (increase(lockstep_alerts_total{prefix="$prefix"}[$__rate_interval]))',
                            "{{lifecycle}}",
                        )
                    ],
                    kind="bars",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "From first evidence to first alert",
                    "Event time between a network's earliest evidence and its first alert; half and nine in ten of "
                    "those opened within the time shown.",
                    "s",
                    [
                        Query(
                            "histogram_quantile(0.5, sum by (le) (increase("
                            'lockstep_alert_evidence_age_seconds_bucket{prefix="$prefix"}[$__range])))',
                            "half",
                        ),
                        Query(
                            "histogram_quantile(0.9, sum by (le) (increase("
                            'lockstep_alert_evidence_age_seconds_bucket{prefix="$prefix"}[$__range])))',
                            "nine in ten",
                        ),
                    ],
                    kind="number",
                    empty="no network opened",
                    may_be_empty="no network was opened within the time shown",
                ),
                Panel(
                    "From latest evidence to alert",
                    "Wall clock between the latest evidence of an alert and the alert. For dumps it says nothing: "
                    "their evidence is old.",
                    "s",
                    [
                        Query(
                            "histogram_quantile(0.5, sum by (le) (increase("
                            'lockstep_alert_delay_seconds_bucket{prefix="$prefix"}[$__range])))',
                            "half",
                        ),
                        Query(
                            "histogram_quantile(0.9, sum by (le) (increase("
                            'lockstep_alert_delay_seconds_bucket{prefix="$prefix"}[$__range])))',
                            "nine in ten",
                        ),
                    ],
                    kind="number",
                    empty="no alert",
                    may_be_empty="no alert was told within the time shown",
                ),
                Panel(
                    "Kept quiet by reviewers",
                    "Alerts that a reviewer's rule kept quiet (they are recorded all the same), and rules in force.",
                    "short",
                    [
                        Query(
                            "sum(increase(lockstep_alerts_suppressed_total"
                            '{prefix="$prefix"}[$__rate_interval]))',
                            "kept quiet",
                        ),
                        Query('max(lockstep_suppression_rules{prefix="$prefix"})', "rules"),
                    ],
                ),
            ],
        ),
        Row(
            "Reviews",
            [
                Panel(
                    "Waiting for review",
                    "Networks alive that are suspected and that no reviewer has labelled yet.",
                    "short",
                    [Query('max(lockstep_review_backlog_networks{prefix="$prefix"})', "networks")],
                    kind="number",
                ),
                Panel(
                    "Precision by reviews",
                    "Of the networks that reviewers labelled one way or the other, those confirmed as inauthentic. "
                    "Disputed ones, and those of too little evidence, are left out.",
                    "percentunit",
                    [
                        Query(
                            f'max({_REVIEWED}{{prefix="$prefix",label="confirmed_inauthentic"}}) / '
                            f'(sum(max by (label) ({_REVIEWED}{{prefix="$prefix",label=~"{_DECIDED}"}})) > 0)',
                            "confirmed",
                        )
                    ],
                    kind="number",
                    empty="no reviews yet",
                    may_be_empty="no network has been labelled",
                    decimals=1,
                ),
                Panel(
                    "Networks by label",
                    "What reviewers take networks to be; disputed: their labels disagree.",
                    "short",
                    [Query(f'max by (label) ({_REVIEWED}{{prefix="$prefix"}})', "{{label}}")],
                ),
            ],
        ),
        Row(
            "Networks",
            [
                Panel(
                    "Networks alive",
                    "Networks with evidence within the last weeks, by whether they are suspected of being covert.",
                    "short",
                    [Query('sum by (state) (lockstep_networks{prefix="$prefix"})', "{{state}}")],
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Largest networks",
                    "Members of the ten largest networks alive, without their names: those are in the alerts.",
                    "short",
                    [
                        Query(
                            'sort_desc(max by (rank) (lockstep_network_members{prefix="$prefix"}))',
                            "{{rank}}",
                        )
                    ],
                    kind="ranking",
                    width=12,
                ),
            ],
        ),
    ],
)
