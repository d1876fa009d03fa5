"""Parts of an alert: members, signals and evidence of their co-shares, and what a reviewer could do."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from detectors.accounts import AccountStore
from detectors.alerts.explanation import signal_summary
from detectors.alerts.network_facts import NetworkFacts, ObjectFacts
from detectors.covertness.covertness import Covertness
from detectors.covertness.network_context import NetworkContext
from schemas.alerts import Action, Evidence, Member, Signal, SuggestedAction, Suppression
from schemas.networks import MemberRole

MAX_MEMBERS = 1_000
MAX_EVIDENCE_ACCOUNTS = 25
_PERMALINKS = {"x": "https://x.com/i/web/status/{}"}


def suggested_actions(covert: Covertness, muted: Suppression | None) -> list[SuggestedAction]:
    """Steps for a person to consider; a muted network asks for none."""
    if muted is not None:
        return []
    actions = [
        SuggestedAction(
            action=Action.REVIEW,
            reversible=True,
            expires_in_h=168,
            rationale="A person should check the evidence and look for an open reason to act together first.",
        )
    ]
    if covert.suspected:
        actions.append(
            SuggestedAction(
                action=Action.WATCH,
                reversible=True,
                expires_in_h=720,
                rationale="What the members do next, and who follows them, will strengthen or clear the suspicion.",
            )
        )
    if "registry_followers" in covert.strong or "unlabelled_affiliates" in covert.strong:
        actions.append(
            SuggestedAction(
                action=Action.LABEL,
                reversible=True,
                expires_in_h=720,
                rationale="If review confirms a tie to a registry entity, a label tells readers what the profile does "
                "not.",
            )
        )
    return actions


def members_shown(
    findings: NetworkFacts, context: NetworkContext, accounts: AccountStore, gate_surprise: float
) -> list[Member]:
    """Members, core first, by name; membership from how often each was seen with the others."""
    network = findings.network
    gate = gate_surprise if math.isfinite(gate_surprise) else 1.0
    found = []
    for number, known in zip(findings.members, context.members, strict=True):
        core = number in network.core
        surprise = network.peripheral.get(number, 0.0)
        # a peripheral member is less firm; the gate is where it would be worth nothing
        membership = 1.0 if core else round(max(0.1, min(0.9, 1.0 - gate / (gate + surprise))), 4)
        start = findings.first_seen.get(number, network.opened_at)
        found.append(
            Member(
                account_id=accounts.names[number],
                role=MemberRole.CORE if core else MemberRole.PERIPHERAL,
                membership=membership,
                first_seen=utc(start),
                last_seen=utc(findings.last_seen.get(number, start)),
                handle=known.handle,
                created_at=None if known.created is None else utc(known.created),
                followers=known.followers,
                registry=known.registry,
                allow_listed=known.allowed,
            )
        )
    found.sort(key=lambda member: (member.role is not MemberRole.CORE, -member.membership, member.account_id))
    return found[:MAX_MEMBERS]


def co_share_signals(findings: NetworkFacts, weakest_p: float | None) -> list[Signal]:
    """What was shared, kind by kind, and how many pairs stand out by themselves.

    Args:
        findings: the facts.
        weakest_p: of these pairs, the greatest chance; None: there are none.
    """
    signals = [
        Signal(
            detector=f"co_share.{kind.kind.value}",
            version="1",
            score=round(max(0.0, 1.0 - kind.expected / kind.observed), 4),
            observed=float(kind.observed),
            expected=round(kind.expected, 6),
            n=kind.observed,
            window_s=kind.window_s,
            summary=signal_summary(kind),
        )
        for kind in findings.kinds
    ]
    if findings.edges:
        weakest = float(findings.edge_surprise.min())
        signals.append(
            Signal(
                detector="pair_gate",
                version="1",
                score=round(min(1.0, findings.edges / max(len(findings.members) - 1, 1)), 4),
                observed=float(findings.edges),
                expected=round(findings.edges * 0.01, 4),
                p_value=max(math.exp(-weakest), 1e-300),
                n=findings.edges,
                window_s=0,
                summary=f"{findings.edges:,} pairs of members each pass the false-discovery gate"
                + (f" at p = {weakest_p:.1g}" if weakest_p else "")
                + "; one in a hundred such pairs may be a coincidence.",
            )
        )
    return signals


def object_evidence(sample: ObjectFacts, names: Sequence[str]) -> Evidence:
    """One object with the accounts and posts that shared it, at most `MAX_EVIDENCE_ACCOUNTS`."""
    shown = sample.accounts[:MAX_EVIDENCE_ACCOUNTS]
    post_ids = list(sample.post_ids[: len(shown)])
    links = [
        _PERMALINKS[platform].format(post_id)
        for platform, post_id in zip((names[a].split(":", 1)[0] for a in shown), post_ids, strict=True)
        if platform in _PERMALINKS and post_id.isdigit()
    ]
    return Evidence(
        kind=sample.kind.value,
        account_ids=[names[a] for a in shown],
        post_ids=post_ids,
        permalinks=links,
        object=sample.label,
        window_start=utc(sample.start),
        window_end=utc(sample.end),
        observed=float(len(sample.accounts)),
        expected=round(sample.expected, 6),
    )


def utc(seconds: int) -> datetime:
    """A moment of event time, seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
