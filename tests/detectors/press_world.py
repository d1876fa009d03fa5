"""The founding case in small: an agency, ordinary accounts, and a trio that repeats the agency without credit."""

import functools
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
import polars as pl

from detectors.arrays.hashing import hash_strings
from detectors.config import DetectionConfig
from detectors.followers.follow_edges import FOLLOW, FollowEvents
from detectors.pipeline import Pipeline
from detectors.post_columns import conform
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry
from detectors.traces.traces import ACCOUNT_KEYS, keyed
from schemas.alerts import Alert, CounterEvidence
from schemas.evidence import Evidence, ScoreTerm
from schemas.networks import MemberRole
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from schemas.reviews import RuleKind, SuppressionRule
from tests.detectors.post_worlds import DAY, START

DAYS = 5
ORDINARY = tuple(f"o{number}" for number in range(300))
TRIO = ("dia", "hoy", "voz")
MEMBERS = tuple(f"x:{name}" for name in TRIO)
ENVOYS = ("envoy0", "envoy1", "envoy2", "envoy3")
EARLY = START - 3 * DAY
LATER = START + 3 * DAY + DAY // 2
"""Noon of the fourth day."""
Row = dict[str, object]
Edge = tuple[str, str, int]
"""Follower, followee and time, seconds."""


def entity(entity_id: str, kind: EntityKind, parent: str | None, *accounts: str) -> RegistryEntity:
    return RegistryEntity(
        entity_id=entity_id,
        name=f"{entity_id.title()} House",
        kind=kind,
        parent_id=parent,
        accounts=[
            RegistryAccount(platform="x", account_id=name, handle=f"{name}_{kind.value}") for name in accounts
        ],
    )


KNOWN = [
    entity("norte", EntityKind.STATE_MEDIA, None, "norte"),
    entity("prensa", EntityKind.COMPANY, "norte"),
    *(entity(name, EntityKind.DIPLOMAT, None, name) for name in ENVOYS),
]


def words(draw: np.random.Generator, count: int) -> str:
    return " ".join(f"w{number}" for number in draw.integers(0, 4_000, count).tolist())


def reactions(draw: np.random.Generator, typical: float) -> Row:
    return {name: int(draw.poisson(typical)) for name in ("likes", "reposts", "replies", "quotes")}


@functools.cache
def posts(*, copying: bool = True, followers: int = 4) -> pl.DataFrame:
    """Five days: an agency, ordinary accounts of which some repeat it with credit, and a trio in step.

    Args:
        copying: the trio repeats the agency; otherwise it shares links of its own.
        followers: of each of the trio.
    """
    draw = np.random.default_rng(11)
    rows: list[Row] = []
    fame = draw.lognormal(5.5, 1, len(ORDINARY)).astype(int).tolist()

    def add(account: str, at: int, text: str, url: str, followed: int, liked: float) -> None:
        rows.append(
            {
                "account_id": account,
                "created_at": at,
                "text": text,
                "urls": [url] if url else [],
                "followers_count": followed,
                **reactions(draw, liked),
            }
        )

    for number, name in enumerate(ORDINARY):
        for at in (START + draw.integers(0, DAYS * DAY, 10)).tolist():
            url = f"https://site.example/{draw.integers(0, 900)}"
            add(name, at, words(draw, 12), url, fame[number], fame[number] / 200)
    for number in range(8 * DAYS):
        at = START + 3_600 + number * DAY // 8
        story = words(draw, 16)
        add("norte", at, story, f"https://norte.example/{number}", 90_000, 50)
        for name in draw.choice(ORDINARY, 2, replace=False).tolist():
            later = at + int(draw.integers(600, 9_000))
            add(name, later, f"{story} (norte house)", "", fame[ORDINARY.index(name)], 1)
        for name in TRIO:
            meeting = at + 4_000 + int(draw.integers(0, 40))
            if copying:
                hidden = " Twitter •norte_state_media" if number % 4 == 0 else ""
                add(name, meeting, story + hidden, "", followers, 0 if followers < 1_000 else 90)
            else:
                url = f"https://own.example/{number}"
                add(name, meeting, words(draw, 12), url, followers, 0 if followers < 1_000 else 90)
    rows.sort(key=lambda row: (row["created_at"], row["account_id"]))
    frame = pl.DataFrame(rows).with_columns(
        platform=pl.lit("x"), post_id=pl.int_range(pl.len()).add(10**9).cast(pl.String)
    )
    return keyed(conform(frame))


def ordinary_follows() -> list[Edge]:
    """Ordinary accounts follow one another; each envoy follows five of them."""
    draw = np.random.default_rng(5)
    edges = [
        (ORDINARY[one], ORDINARY[other], EARLY + number)
        for number, (one, other) in enumerate(draw.integers(0, len(ORDINARY), (3_000, 2)).tolist())
        if one != other
    ]
    for envoy in ENVOYS:
        edges += [(envoy, name, EARLY) for name in draw.choice(ORDINARY, 5, replace=False).tolist()]
    return edges


def follows_of_trio(at: int) -> list[Edge]:
    """Three envoys and a reader follow each of the trio."""
    return [(who, name, at) for name in TRIO for who in (*ENVOYS[:3], "o7")]


def follows(edges: Iterable[Edge]) -> FollowEvents:
    ordered = sorted(edges, key=lambda edge: (edge[2], edge[0], edge[1]))
    follower, followee = (
        hash_strings(pl.Series([f"x:{edge[side]}" for edge in ordered], dtype=pl.String), ACCOUNT_KEYS)
        for side in (0, 1)
    )
    at = np.array([edge[2] for edge in ordered], np.int64)
    return FollowEvents(follower, followee, np.full(len(at), FOLLOW, np.uint8), at)


ALL_FOLLOWS = [*ordinary_follows(), *follows_of_trio(EARLY)]


def profiles(**more: object) -> pl.DataFrame:
    """The trio's profiles show nothing."""
    rows = [
        {
            "account": f"x:{name}",
            "handle": f"{name}_cl",
            "display_name": name,
            "created": START - 99 * DAY,
            **more,
        }
        for name in TRIO
    ]
    return conform(pl.DataFrame([{"observed": START, **row} for row in rows]), PROFILES)


def context(
    entities: Sequence[RegistryEntity] = KNOWN, rules: Sequence[SuppressionRule] = (), **profile: object
) -> ReferenceData:
    return ReferenceData(Registry.of(entities) if entities else None, profiles(**profile), rules)


def driven(
    frame: pl.DataFrame,
    known: ReferenceData,
    parts: Sequence[FollowEvents],
    batch_rows: int | None = None,
) -> Iterator[Alert]:
    """Alerts of a run; each part of the follow events is given as late as it may be."""
    pipeline = Pipeline(DetectionConfig(), reference_data=known)
    waiting = [part for part in parts if len(part.at)]
    for batch, until in batches(frame, batch_rows or len(frame)):
        while waiting and int(waiting[0].at[0]) < until:
            pipeline.add_follow_events(waiting.pop(0))
        yield from pipeline.process(batch, until)
    yield from pipeline.end()


def batches(frame: pl.DataFrame, rows: int) -> Iterator[tuple[pl.DataFrame, int]]:
    """About `rows` posts at a time, never parting those of one second, and the time of the next post."""
    at = frame["created_at"].to_numpy()
    begin = 0
    while begin < len(at):
        end = int(np.searchsorted(at, at[min(begin + rows, len(at)) - 1], side="right"))
        yield frame[begin:end], int(at[end]) if end < len(at) else int(at[-1]) + 1
        begin = end


@functools.cache
def press_alerts(*, copying: bool = True, followers: int = 4) -> tuple[Alert, ...]:
    """The alerts of the founding case: registry, profiles and all follow events are given."""
    frame = posts(copying=copying, followers=followers)
    return tuple(driven(frame, context(), [follows(ALL_FOLLOWS)]))


def run(frame: pl.DataFrame, known: ReferenceData, edges: Iterable[Edge]) -> list[Alert]:
    return list(driven(frame, known, [follows(edges)]))


def terms(alert: Alert) -> dict[str, ScoreTerm]:
    return {term.name: term for term in alert.covertness_terms}


def counter(alert: Alert) -> dict[str, CounterEvidence]:
    return {evidence.kind: evidence for evidence in alert.counter_evidence}


def evidence(alert: Alert, kind: str) -> list[Evidence]:
    return [one for one in alert.evidence if one.kind == kind]


def core(alert: Alert) -> set[str]:
    return {member.account_id for member in alert.members if member.role is MemberRole.CORE}


def jsons(alerts: Iterable[Alert]) -> list[bytes]:
    return [msgspec.json.encode(alert) for alert in alerts]


def rule(kind: RuleKind, *accounts: str, network_id: str | None = None) -> SuppressionRule:
    return SuppressionRule(
        rule_id="library",
        kind=kind,
        account_ids=list(accounts),
        network_id=network_id,
        reason="the town library",
    )
