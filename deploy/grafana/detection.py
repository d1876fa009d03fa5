"""For those who look after detection: evidence, the gate, the null model, cost and memory."""

from deploy.grafana.panels import PREFIX, Dashboard, Panel, Query, Row

_STAGE = "lockstep_detection_stage_duration_seconds"


def _rate(metric: str, by: str) -> str:
    return f'sum by ({by}) (rate({metric}{{prefix="$prefix"}}[$__rate_interval]))'


DETECTION = Dashboard(
    uid="lockstep-detection",
    title="Lockstep: detection",
    description="Co-shares, the gate, the null model, what stages cost and how full the stores are.",
    variable=PREFIX,
    rows=[
        Row(
            "Evidence",
            [
                Panel(
                    "Co-shares by kind",
                    "Pairs of accounts that shared one object within a window, by kind of object. A jump in one kind: "
                    "a collector that now sends more of it, or something going round.",
                    "reqps",
                    [Query(_rate("lockstep_detection_co_shares_total", "kind"), "{{kind}}")],
                    stacked=True,
                ),
                Panel(
                    "Co-shares by crowd",
                    "The same by how many accounts shared the object: two is telling, two hundred is the news.",
                    "reqps",
                    [Query(_rate("lockstep_detection_co_shares_total", "crowd"), "{{crowd}}")],
                    stacked=True,
                ),
                Panel(
                    "Shares not paired in full",
                    "Shares that were paired with the latest earlier ones only (cap), or with none, their object being "
                    "viral. Much of it is as it should be on days of great news.",
                    "reqps",
                    [Query(_rate("lockstep_detection_capped_shares_total", "reason"), "{{reason}}")],
                ),
            ],
        ),
        Row(
            "The gate",
            [
                Panel(
                    "Validated pairs",
                    "Pairs of accounts whose evidence is more than chance, now.",
                    "short",
                    [Query('max(lockstep_detection_edges{prefix="$prefix"})', "pairs")],
                    width=6,
                ),
                Panel(
                    "Hypotheses",
                    "Pairs of accounts that could have passed: what the false-discovery gate reckons with.",
                    "short",
                    [Query('max(lockstep_gate_hypotheses{prefix="$prefix"})', "pairs")],
                    width=6,
                ),
                Panel(
                    "Threshold",
                    "Surprise at which the gate stands, -ln p. Infinite until a pair passes; it falls as more do.",
                    "short",
                    [Query('max(lockstep_gate_threshold_nats{prefix="$prefix"})', "-ln p")],
                    width=6,
                    decimals=1,
                ),
                Panel(
                    "Validated in a million hypotheses",
                    "A sudden rise with no more networks suspected: the null model may not fit the data any more.",
                    "short",
                    [
                        Query(
                            '1e6 * max(lockstep_detection_edges{prefix="$prefix"}) / '
                            'clamp_min(max(lockstep_gate_hypotheses{prefix="$prefix"}), 1)',
                            "in a million",
                        )
                    ],
                    width=6,
                    decimals=2,
                ),
            ],
        ),
        Row(
            "The null model",
            [
                Panel(
                    "Slow co-shares, seen over due",
                    "Co-shares too far apart to be coordination, over what exposure alone would give. Steady is good; "
                    "a drift means that accounts have become more alike, or less, than exposure explains.",
                    "short",
                    [Query('max(lockstep_null_slow_ratio{prefix="$prefix"})', "ratio")],
                    width=12,
                    decimals=3,
                ),
                Panel(
                    "Spread of shared interest",
                    "How much pairs differ in shared interest, estimated once a day. Large: the gate is careful.",
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
                    "Seconds a second, by stage",
                    "What detection spends its time on. All stages together near 1: it is the limit of the service.",
                    "percentunit",
                    [Query(_rate(f"{_STAGE}_sum", "stage"), "{{stage}}")],
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Ticks",
                    "Time of one tick (network) and of the estimation once a day (reestimate): 99 in 100 within it. "
                    "See LockstepTickSlow in the runbook.",
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
                    "How full",
                    "Items held over items that the settings allow. At 100 percent what is oldest leaves early; shares "
                    "are counted with places that are free again.",
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
                    "Items held, by store. Accounts have no limit: some hundred bytes each.",
                    "short",
                    [Query('max by (store) (lockstep_store_items{prefix="$prefix"})', "{{store}}")],
                ),
                Panel(
                    "Left early",
                    "Items that left before their time for want of room: evidence that is missing from then on. See "
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
