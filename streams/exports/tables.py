"""Networks, members, ties and evidence of alerts as frames: the tables of `lockstep export` and of notebooks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from detectors.covertness.covertness import SUSPECTED
from schemas.alerts import Alert
from streams.outputs.permalinks import Permalinks

_TIME = pl.Datetime("us", "UTC")
NETWORKS: Mapping[str, Any] = {
    "network_id": pl.String,
    "revision": pl.Int64,
    "lifecycle": pl.String,
    "suspected": pl.Boolean,
    "severity": pl.String,
    "priority": pl.Int64,
    "coordination": pl.Float64,
    "covertness": pl.Float64,
    "accounts": pl.Int64,
    "posts": pl.Int64,
    "first_seen": _TIME,
    "last_seen": _TIME,
    "platforms": pl.List(pl.String),
    "languages": pl.List(pl.String),
    "headline": pl.String,
    "explanation": pl.String,
    "alert_id": pl.String,
    "case_id": pl.String,
    "changes": pl.String,
}
"""A row for each network. `changes`: what differs from the alert before, in words. `suspected`: covertness of .5 or
more. `posts`: of members between the two times."""
MEMBERS: Mapping[str, Any] = {
    "network_id": pl.String,
    "account": pl.String,
    "platform": pl.String,
    "account_id": pl.String,
    "handle": pl.String,
    "profile": pl.String,
    "role": pl.String,
    "membership": pl.Float64,
    "first_seen": _TIME,
    "last_seen": _TIME,
    "followers": pl.Int64,
    "created_at": _TIME,
    "registry": pl.String,
    "allow_listed": pl.Boolean,
}
"""A row for each account of each network. `account` is `platform:account_id`, `profile` an address."""
EDGES: Mapping[str, Any] = {
    "network_id": pl.String,
    "account_a": pl.String,
    "account_b": pl.String,
    "kind": pl.String,
    "co_shares": pl.Int64,
    "expected": pl.Float64,
    "p_value": pl.Float64,
    "window_s": pl.Int64,
    "validated": pl.Boolean,
}
"""A row for each tie: a pair of accounts and a kind. Counts are null for ties that are no co-shares."""
EVIDENCE: Mapping[str, Any] = {
    "network_id": pl.String,
    "sample": pl.Int64,
    "kind": pl.String,
    "object": pl.String,
    "account": pl.String,
    "post_id": pl.String,
    "permalink": pl.String,
    "window_start": _TIME,
    "window_end": _TIME,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "entity_id": pl.String,
    "entity": pl.String,
    "original_account": pl.String,
    "original_post_id": pl.String,
    "original_text": pl.String,
    "original_permalink": pl.String,
}
"""A row for each account of each sample; `sample` numbers the samples of a network from 0."""


def networks_table(alerts: Iterable[Alert]) -> pl.DataFrame:
    """The networks; columns of `NETWORKS`."""
    rows = [
        (
            alert.network_id,
            alert.revision,
            alert.lifecycle.value,
            (alert.covertness or 0.0) >= SUSPECTED,
            alert.severity.value,
            alert.priority,
            alert.coordination,
            alert.covertness,
            alert.member_count,
            alert.reach.posts,
            alert.event_time_start,
            alert.event_time_end,
            alert.platforms,
            alert.languages,
            alert.headline,
            alert.explanation,
            alert.alert_id,
            alert.case_id,
            None if alert.changes is None else alert.changes.summary,
        )
        for alert in alerts
    ]
    return _frame(rows, NETWORKS)


def members_table(alerts: Iterable[Alert], links: Permalinks | None = None) -> pl.DataFrame:
    """The members; columns of `MEMBERS`.

    Args:
        alerts: of the networks.
        links: builds the addresses of profiles; None: those that Lockstep knows.
    """
    links = links or Permalinks()
    rows = []
    for alert in alerts:
        for member in alert.members:
            platform, _, account_id = member.account_id.partition(":")
            hidden = alert.privacy.pseudonymised
            rows.append(
                (
                    alert.network_id,
                    member.account_id,
                    platform,
                    account_id,
                    member.handle,
                    None if hidden else links.profile(member.account_id, member.handle),
                    member.role.value,
                    member.membership,
                    member.first_seen,
                    member.last_seen,
                    member.followers,
                    member.created_at,
                    member.registry,
                    member.allow_listed,
                )
            )
    return _frame(rows, MEMBERS)


def edges_table(alerts: Iterable[Alert]) -> pl.DataFrame:
    """The ties; columns of `EDGES`. Published alerts have none: `with_networks` brings them."""
    rows = [
        (
            alert.network_id,
            tie.account_a,
            tie.account_b,
            tie.kind,
            tie.co_shares,
            tie.expected,
            tie.p_value,
            tie.window_s,
            tie.validated,
        )
        for alert in alerts
        for tie in alert.ties
    ]
    return _frame(rows, EDGES)


def evidence_table(alerts: Iterable[Alert], links: Permalinks | None = None) -> pl.DataFrame:
    """The samples; columns of `EVIDENCE`. Arguments as for `members_table`."""
    links = links or Permalinks()
    rows = []
    for alert in alerts:
        handles = {member.account_id: member.handle for member in alert.members}
        for number, sample in enumerate(alert.evidence):
            entity = sample.entity
            for place, account in enumerate(sample.account_ids):
                post_id = sample.post_ids[place] if place < len(sample.post_ids) else None
                linked = post_id is not None and not alert.privacy.pseudonymised
                rows.append(
                    (
                        alert.network_id,
                        number,
                        sample.kind,
                        sample.object,
                        account,
                        post_id,
                        links.post(account, post_id, handles.get(account)) if linked and post_id else None,
                        sample.window_start,
                        sample.window_end,
                        sample.observed,
                        sample.expected,
                        *(
                            (None,) * 6
                            if entity is None
                            else (
                                entity.entity_id,
                                entity.name,
                                entity.account_id,
                                entity.post_id,
                                entity.text,
                                entity.permalink,
                            )
                        ),
                    )
                )
    return _frame(rows, EVIDENCE)


def _frame(rows: Sequence[Sequence[Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")
