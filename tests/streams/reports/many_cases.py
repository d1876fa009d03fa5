"""Alerts of invented networks, as many and as large as wanted, with the text of hostile posts."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from schemas.alerts import Action, Alert, CounterEvidence, Reach, Severity, SuggestedAction
from schemas.evidence import EntityTie, Evidence, ScoreTerm, Signal
from schemas.networks import Member, MemberRole, Tie
from schemas.registry import EntityKind
from streams.reports.report_posts import AccountActivity, PostDetails
from tests.schemas.samples import MINIMAL

START = datetime(2024, 3, 4, tzinfo=UTC)
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe\u202c zero\u200bwidth & "quoted" '
)
_WORDS = "la agencia anuncia nuevas medidas para el puerto de la ciudad y dice que todo va bien hoy".split()


def many_alerts(networks: int, accounts: int, suspected: int = 20) -> Iterator[Alert]:
    """Alerts of `networks` networks with `accounts` members in all; the first `suspected` are suspected."""
    chance = random.Random(7)  # noqa: S311 - no secret
    share = accounts // networks
    for number in range(networks):
        size = share + (number < accounts - share * networks)
        yield _alert(chance, number, size, suspected=number < suspected)


def details_of(alerts: Iterable[Alert]) -> PostDetails:
    """What a run would know of the posts behind these alerts: thirty posts of each member, and peers."""
    chance = random.Random(8)  # noqa: S311 - no secret
    members = [member.account_id for alert in alerts for member in alert.members]
    first = int(START.timestamp())
    return PostDetails(
        accounts={key: AccountActivity(30, chance.random(), chance.randrange(200)) for key in members},
        times={key: sorted(first + chance.randrange(172_800) for _ in range(30)) for key in members},
        others={"followers": (1.0, 20.0, 164.0, 900.0, 20_000.0), "reactions": (0.0, 0.1, 1.2, 4.0, 60.0)},
    )


def _alert(chance: random.Random, number: int, size: int, *, suspected: bool) -> Alert:
    keys = [f"x:{10_000 * (number + 1) + place}" for place in range(size)]
    members = [
        Member(
            account_id=key,
            handle=f"noticias_{key[2:]}",
            role=MemberRole.CORE,
            membership=1.0,
            first_seen=START,
            last_seen=START + timedelta(days=2),
            created_at=START - timedelta(days=chance.randrange(900)),
            followers=chance.randrange(200),
        )
        for key in keys
    ]
    evidence = [
        *(_copy(chance, key) for key in keys[:3] if suspected),
        *(_text(chance, keys) for _ in range(12)),
    ]
    name = "unattributed_copies"
    summary = "17 of 31 posts nearly repeat the agency uncredited; of as many posts by ordinary accounts, 0.028 would."
    base = MINIMAL["alert"]
    assert isinstance(base, Alert)
    return msgspec.structs.replace(
        base,
        alert_id=f"alert-{number}",
        network_id=f"net-{number:06}",
        event_time_start=START,
        event_time_end=START + timedelta(days=2),
        platforms=["x"],
        languages=["es"],
        headline=f"{size} accounts on x appear to act together: they posted the same texts within 10 minutes",
        explanation=f"Pairs of these {size} accounts posted the same 12 texts. {HOSTILE}",
        coordination=0.9,
        covertness=0.9 if suspected else 0.1,
        covertness_terms=[
            ScoreTerm(name="obscurity", value=0.9, weight=1.0, summary="The typical member has 9 followers."),
            *([ScoreTerm(name=name, value=0.9, weight=1.0, summary=summary)] if suspected else []),
        ],
        severity=Severity.HIGH if suspected else Severity.INFO,
        priority=90 if suspected else 10,
        reach=Reach(posts=size * 10, accounts=size, growth_per_h=0.0),
        members=members,
        member_count=size,
        signals=[
            Signal(
                detector="co_share.text",
                version="1",
                score=0.9,
                observed=16.0,
                expected=0.015,
                n=16,
                window_s=600,
                summary="Pairs of members posted the same 12 texts within 10 minutes of each other, 16 times in all.",
            )
        ],
        evidence=evidence,
        ties=[
            Tie(account_a=a, account_b=b, kind=kind, co_shares=3, expected=0.01, p_value=1e-6, validated=True)
            for kind in ("text", "url")
            for place, a in enumerate(keys)
            for b in keys[place + 1 : place + 4]
        ],
        counter_evidence=[CounterEvidence(kind="few_posts", summary=f"A typical pair shared 2. {HOSTILE}")],
        suggested_actions=[
            SuggestedAction(
                action=Action.REVIEW, reversible=True, expires_in_h=168, rationale="Check it by hand."
            )
        ],
    )


def _said(chance: random.Random) -> str:
    """Twenty words; one text in five begins with what an attacker would write."""
    return (HOSTILE if chance.random() < 0.2 else "") + " ".join(chance.choices(_WORDS, k=20))


def _copy(chance: random.Random, key: str) -> Evidence:
    text = _said(chance)
    at = START + timedelta(hours=chance.randrange(40))
    return Evidence(
        kind="unattributed_copies",
        account_ids=[key],
        post_ids=[str(chance.randrange(10**12))],
        permalinks=[],
        object=f"{text.replace('puerto', 'muelle')} [Agencia Velmar (state media), post 77]",
        window_start=at,
        window_end=at,
        observed=1.0,
        expected=0.001,
        entity=EntityTie(
            entity_id="velmar",
            name="Agencia Velmar",
            kind=EntityKind.STATE_MEDIA,
            account_id="x:99",
            post_id=str(chance.randrange(10**12)),
            text=text,
            published_at=at - timedelta(hours=1),
        ),
    )


def _text(chance: random.Random, keys: list[str]) -> Evidence:
    shared = chance.sample(keys, min(len(keys), 6))
    at = START + timedelta(minutes=chance.randrange(2_500))
    return Evidence(
        kind="text",
        account_ids=shared,
        post_ids=[str(chance.randrange(10**12)) for _ in shared],
        permalinks=[],
        object=_said(chance),
        window_start=at,
        window_end=at + timedelta(seconds=90),
        observed=float(len(shared)),
        expected=0.02,
    )
