"""The dashboard for trust teams: alerts, networks, and how soon networks are reported."""

from deploy.grafana.panels import PREFIX, Dashboard, Panel, Query, Row
from deploy.grafana.queries import quantile_of_range

_SEVERITIES = "critical is the most urgent; info is open coordination, which pages nobody"
_REVIEWED = "lockstep_reviewed_networks"
_DECIDED = "confirmed_inauthentic|coordinated_authentic|benign_automation|not_coordinated"

OVERVIEW = Dashboard(
    uid="lockstep-overview",
    title="Lockstep: overview",
    description="Alerts, networks, and how soon they are reported. For trust teams.",
    variable=PREFIX,
    time_from="now-7d",
    rows=[
        Row(
            "Now",
            [
                Panel(
                    "Suspected networks",
                    "Active networks whose latest alert suspects them of being covert. A suspicion is no verdict.",
                    "short",
                    [Query('sum(lockstep_networks{prefix="$prefix",state="suspected"})', "suspected")],
                    kind="number",
                    width=4,
                    height=5,
                    bounds=[(1, "orange")],
                ),
                Panel(
                    "Coordinated networks",
                    "Active networks that act together and show no sign of hiding it: fan clubs, newsrooms, "
                    "campaigns.",
                    "short",
                    [Query('sum(lockstep_networks{prefix="$prefix",state="coordinated"})', "coordinated")],
                    kind="number",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Urgent alerts, last day",
                    "Alerts of severity medium and above within the last 24 hours.",
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
                    "Behind the clock",
                    "Time between now and the watermark of detection. For a dump it is the age of its posts.",
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
                    "Entities in the registry. Without a registry no network can be suspected of hiding its ties.",
                    "short",
                    [Query('max(lockstep_registry_entities{prefix="$prefix"})', "entities")],
                    kind="number",
                    width=4,
                    height=5,
                ),
                Panel(
                    "Registry last changed",
                    "Time since the latest registry record came in. A registry that nobody updates becomes wrong.",
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
                    f"Alerts by severity, revisions included; {_SEVERITIES}.",
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
                    "Alerts by lifecycle",
                    "opened: a new network; updated: more members, or newly suspected; the others: how the "
                    "network ended or split.",
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
                    "Event time between a network's earliest evidence and its first alert: the value that half "
                    "and nine in ten of the networks opened within the time shown stay below.",
                    "s",
                    [
                        Query(quantile_of_range(0.5, "lockstep_alert_evidence_age_seconds"), "half"),
                        Query(quantile_of_range(0.9, "lockstep_alert_evidence_age_seconds"), "nine in ten"),
                    ],
                    kind="number",
                    empty="no network opened",
                    may_be_empty="no network was opened within the time shown",
                ),
                Panel(
                    "From latest evidence to alert",
                    "Wall-clock time between the latest evidence of an alert and the alert. For dumps it has no "
                    "meaning, since their evidence is old.",
                    "s",
                    [
                        Query(quantile_of_range(0.5, "lockstep_alert_delay_seconds"), "half"),
                        Query(quantile_of_range(0.9, "lockstep_alert_delay_seconds"), "nine in ten"),
                    ],
                    kind="number",
                    empty="no alert",
                    may_be_empty="there was no alert within the time shown",
                ),
                Panel(
                    "Muted by reviewers",
                    "Alerts that a reviewer's rule muted (they are still recorded), and the number of rules.",
                    "short",
                    [
                        Query(
                            "sum(increase(lockstep_alerts_suppressed_total"
                            '{prefix="$prefix"}[$__rate_interval]))',
                            "muted",
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
                    "Active networks that are suspected of being covert and have no label from a reviewer yet.",
                    "short",
                    [Query('max(lockstep_review_backlog_networks{prefix="$prefix"})', "networks")],
                    kind="number",
                ),
                Panel(
                    "Precision by reviews",
                    "Share of the decided networks that reviewers confirmed as inauthentic. Networks with a "
                    "disputed label or too little evidence do not count.",
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
                    "The labels that reviewers gave to networks; disputed: reviewers disagree.",
                    "short",
                    [Query(f'max by (label) ({_REVIEWED}{{prefix="$prefix"}})', "{{label}}")],
                ),
            ],
        ),
        Row(
            "Networks",
            [
                Panel(
                    "Active networks",
                    "Networks with evidence within the last weeks, by whether they are suspected of being covert.",
                    "short",
                    [Query('sum by (state) (lockstep_networks{prefix="$prefix"})', "{{state}}")],
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Largest networks",
                    "Members of the ten largest active networks. Their names are in the alerts.",
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
