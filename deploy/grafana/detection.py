"""The dashboard for people who tune detection: evidence, false-discovery gate, null model, cost and memory."""

from deploy.grafana.panels import PREFIX, Dashboard, Panel, Query, Row
from deploy.grafana.queries import rate

_STAGE = "lockstep_detection_stage_duration_seconds"


DETECTION = Dashboard(
    uid="lockstep-detection",
    title="Lockstep: detection",
    description="Co-shares, false-discovery gate, null model, cost of stages, fill level of stores.",
    variable=PREFIX,
    rows=[
        Row(
            "Evidence",
            [
                Panel(
                    "Co-shares by kind",
                    "Pairs of accounts that shared one object within a window, by kind of object. If one kind "
                    "jumps, a collector sends more of it, or something is going viral.",
                    "reqps",
                    [Query(rate("lockstep_detection_co_shares_total", "kind"), "{{kind}}")],
                    stacked=True,
                ),
                Panel(
                    "Co-shares by crowd",
                    "Co-shares by crowd: how many accounts shared the object within the window. A crowd of 2 is "
                    "telling, one of 200 is breaking news.",
                    "reqps",
                    [Query(rate("lockstep_detection_co_shares_total", "crowd"), "{{crowd}}")],
                    stacked=True,
                ),
                Panel(
                    "Shares not paired in full",
                    "Shares that were paired only with the latest earlier ones (cap), or with none because the "
                    "object is viral. High values are normal on days with big news.",
                    "reqps",
                    [Query(rate("lockstep_detection_capped_shares_total", "reason"), "{{reason}}")],
                ),
            ],
        ),
        Row(
            "False-discovery gate",
            [
                Panel(
                    "Validated pairs",
                    "Pairs of accounts that pass the false-discovery gate now: their evidence is beyond chance.",
                    "short",
                    [Query('max(lockstep_detection_edges{prefix="$prefix"})', "pairs")],
                    width=6,
                ),
                Panel(
                    "Hypotheses",
                    "Pairs of accounts that could have passed; the false-discovery gate corrects for this number.",
                    "short",
                    [Query('max(lockstep_gate_hypotheses{prefix="$prefix"})', "pairs")],
                    width=6,
                ),
                Panel(
                    "Threshold",
                    "Surprise (-ln p) from which pairs pass the gate. Infinite until a pair passes; it falls as "
                    "more pass.",
                    "short",
                    [Query('max(lockstep_gate_threshold_nats{prefix="$prefix"})', "-ln p")],
                    width=6,
                    decimals=1,
                ),
                Panel(
                    "Validated pairs per million hypotheses",
                    "If it rises suddenly and suspected networks do not, the null model may no longer fit the data.",
                    "short",
                    [
                        Query(
                            '1e6 * max(lockstep_detection_edges{prefix="$prefix"}) / '
                            'clamp_min(max(lockstep_gate_hypotheses{prefix="$prefix"}), 1)',
                            "per million",
                        )
                    ],
                    width=6,
                    decimals=2,
                ),
            ],
        ),
        Row(
            "Null model",
            [
                Panel(
                    "Slow co-shares, observed over expected",
                    "Co-shares too far apart in time to count as acting together, over what exposure alone would "
                    "give. It should be steady. A drift means that exposure explains the accounts' similarity "
                    "less well.",
                    "short",
                    [Query('max(lockstep_null_slow_ratio{prefix="$prefix"})', "ratio")],
                    width=12,
                    decimals=3,
                ),
                Panel(
                    "Spread of shared interest",
                    "How much pairs differ in shared interest, estimated once a day. A large value makes "
                    "detection careful.",
                    "short",
                    [Query('max(lockstep_null_affinity_spread{prefix="$prefix"})', "spread")],
                    width=12,
                    decimals=3,
                ),
            ],
        ),
        Row(
            "Cost",
            [
                Panel(
                    "Busy time by stage",
                    "Share of the time that detection spends in each stage. If all stages together are near 100 "
                    "percent, detection is the limit of the service.",
                    "percentunit",
                    [Query(rate(f"{_STAGE}_sum", "stage"), "{{stage}}")],
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Ticks",
                    "Duration of a tick (network) and of the daily estimation (reestimate): 99 in 100 take no "
                    "longer. See LockstepTickSlow in the runbook.",
                    "s",
                    [
                        Query(
                            f'histogram_quantile(0.99, sum by (stage, le) (rate({_STAGE}_bucket{{prefix="$prefix",'
                            'stage=~"network|reestimate"}[$__rate_interval])))',
                            "{{stage}}",
                        )
                    ],
                    width=12,
                ),
            ],
        ),
        Row(
            "Stores",
            [
                Panel(
                    "Fill level of stores",
                    "Items in each store over its limit in the settings. At 100 percent the oldest items are "
                    "evicted. The number of shares includes places that are free again.",
                    "percentunit",
                    [
                        Query(
                            'max by (store) (lockstep_store_items{prefix="$prefix"} / '
                            'lockstep_store_limit_items{prefix="$prefix"})',
                            "{{store}}",
                        )
                    ],
                    bounds=[(0.8, "orange"), (1, "red")],
                ),
                Panel(
                    "Items",
                    "Items in each store. Accounts have no limit; each takes a few hundred bytes.",
                    "short",
                    [Query('max by (store) (lockstep_store_items{prefix="$prefix"})', "{{store}}")],
                ),
                Panel(
                    "Evicted early",
                    "Items that a full store dropped before their time. Their evidence is lost. See "
                    "LockstepStateEvicted in the runbook.",
                    "short",
                    [
                        Query(
                            "sum by (store) (increase(lockstep_store_evictions_total"
                            '{prefix="$prefix"}[$__rate_interval]))',
                            "{{store}}",
                        )
                    ],
                    kind="bars",
                    bounds=[(1, "red")],
                ),
            ],
        ),
    ],
)
