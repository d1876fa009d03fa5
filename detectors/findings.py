"""The facts about one network, gathered from the evidence: what an alert is written from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.chance import LEAST_EXPECTED, Null, poisson_surprise, same_time
from detectors.co_shares import NO_STRATUM, Records
from detectors.compiled import compiled
from detectors.config import KINDS, MAX_WINDOWS, DetectionConfig
from detectors.evidence import EvidenceBook
from detectors.exposure import F64, counted
from detectors.hashing import I64
from detectors.network_stage import NetworkStage
from detectors.networks import Network
from detectors.pair_table import Pairs, pair_place
from detectors.pairs import PairEvidence
from schemas.shares import TraceKind

I32 = npt.NDArray[np.int32]

SAMPLES = 12
"""Objects that an alert shows."""

_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class KindFinding:
    """Co-shares of one kind among members, in the window where they surprise most."""

    kind: TraceKind
    window_s: int
    observed: int
    """Independent co-shares of pairs of members, each object once a pair."""
    expected: float
    surprise: float
    """Of the sum; members' pairs are not independent, so it ranks kinds and is not a p-value."""


@dataclass(frozen=True, slots=True)
class ObjectFinding:
    """One object that members shared together."""

    kind: TraceKind
    label: str
    accounts: tuple[int, ...]
    """In the order of their first share."""
    post_ids: tuple[str, ...]
    start: int
    end: int
    crowd: int
    """Accounts, members or not, on the object in the smallest window that held a pair of members."""
    expected: float
    """Members that chance would have brought to it."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that is known of one network from co-sharing."""

    network: Network
    members: tuple[int, ...]
    first_seen: dict[int, int]
    last_seen: dict[int, int]
    edges: int
    edge_surprise: F64
    objects_per_edge: F64
    kinds: tuple[KindFinding, ...]
    """Strongest first."""
    objects: int
    """Distinct objects co-shared by members."""
    samples: tuple[ObjectFinding, ...]
    posts: int
    """Posts by members, over all time."""
    start: int
    end: int
    median_gap_s: float
    crowded: float
    """Share of the members' co-shares whose object drew more than 50 accounts in its widest window."""
    languages: tuple[str, ...]
    minute_clock: bool
    """Whether all times of the evidence are whole minutes."""


def gather(
    config: DetectionConfig,
    stage: NetworkStage,
    network: Network,
    pairs: PairEvidence,
    book: EvidenceBook,
    posts_of: I64,
) -> Findings:
    """Gather the facts about `network` as they are now.

    Args:
        config: windows and strata.
        stage: edges and null model.
        network: one of the stage's.
        pairs: the evidence.
        book: the posts behind it.
        posts_of: int64, posts of each account so far.
    """
    members = np.array(network.members, np.int32)
    chosen = pairs.rows[_rows_between(members, pairs.rows, pairs.table)]
    a, b = pairs.accounts(chosen["pair"])
    edge_a, edge_b, edge_surprise = stage.members_edges(network)
    first_seen: dict[int, int] = {}
    last_seen: dict[int, int] = {}
    starts = chosen["time"] - chosen["gap"]
    for account, start, end in zip(
        np.concatenate([a, b]).tolist(),
        np.concatenate([starts, starts]).tolist(),
        np.concatenate([chosen["time"], chosen["time"]]).tolist(),
        strict=True,
    ):
        first_seen[account] = min(start, first_seen.get(account, start))
        last_seen[account] = max(end, last_seen.get(account, end))
    independent = chosen[chosen["independent"] == 1]
    null = stage.null()
    own = _counters_of(members, null)
    activity = own[:, null.activity :].sum(axis=0) / np.maximum(null.mass, 1)
    samples, languages = _samples(chosen, activity, book)
    widest = _widest(chosen)
    return Findings(
        network=network,
        members=tuple(members.tolist()),
        first_seen=first_seen,
        last_seen=last_seen,
        edges=len(edge_surprise),
        edge_surprise=edge_surprise,
        objects_per_edge=_objects_of_edges(edge_a, edge_b, independent, pairs),
        kinds=_by_kind(config, independent, _expected_among(members, own, null)),
        objects=len(np.unique(chosen["object"])),
        samples=samples,
        posts=int(posts_of[members].sum()),
        start=int(starts.min(initial=_NONE)) if len(chosen) else network.opened_at,
        end=int(chosen["time"].max()) if len(chosen) else network.opened_at,
        median_gap_s=float(np.median(chosen["gap"])) if len(chosen) else 0.0,
        crowded=float((widest > _stratum_of(config, 50)).mean()) if len(chosen) else 0.0,
        languages=languages,
        minute_clock=bool(len(chosen) and (chosen["time"] % 60 == 0).all() and (chosen["gap"] % 60 == 0).all()),
    )


def _stratum_of(config: DetectionConfig, crowd: int) -> int:
    return int(np.searchsorted(np.array(config.co_share.strata), crowd))


def _widest(rows: Records) -> I64:
    """Crowd stratum of each row in the widest window that it falls into."""
    widest = np.zeros(len(rows), np.int64)
    for window in range(MAX_WINDOWS):
        nibble = (rows["strata"].astype(np.int64) >> (4 * window)) & 15
        widest = np.where(nibble != NO_STRATUM, nibble, widest)
    return widest


def _objects_of_edges(a: I32, b: I32, independent: Records, pairs: PairEvidence) -> F64:
    """Independent objects of each validated edge, ascending."""
    low = np.minimum(a, b).astype(np.uint64) << np.uint64(32)
    edges = low | np.maximum(a, b).astype(np.uint64)
    found, counts = np.unique(pairs.keys[independent["pair"]], return_counts=True)
    return np.sort(counts[np.isin(found, edges)]).astype(np.float64)


def _by_kind(
    config: DetectionConfig, independent: Records, expected: F64
) -> tuple[KindFinding, ...]:
    """Observed and expected co-shares by kind, each in its most surprising window."""
    found = []
    for number, kind in enumerate(KINDS):
        mine = independent[independent["kind"] == number]
        best: KindFinding | None = None
        for window, span in enumerate(config.co_share.windows_s.get(kind, ())):
            within = ((mine["strata"].astype(np.int64) >> (4 * window)) & 15) != NO_STRATUM
            observed = int(within.sum())
            if observed:
                chance = float(expected[number, window])
                surprise = float(poisson_surprise(observed, max(chance, LEAST_EXPECTED)))
                if best is None or surprise > best.surprise:
                    best = KindFinding(kind, span, observed, chance, surprise)
        if best is not None:
            found.append(best)
    return tuple(sorted(found, key=lambda f: (-f.surprise, KINDS.index(f.kind))))


def _samples(
    rows: Records, activity: F64, book: EvidenceBook
) -> tuple[tuple[ObjectFinding, ...], tuple[str, ...]]:
    """The most telling objects: many members first, then small crowds; and the languages of all posts."""
    posts = book.lookup(np.concatenate([rows["later_post"], rows["earlier_post"]]).tolist())
    if not len(posts):
        return (), ()
    languages = (
        posts["lang"].drop_nulls().value_counts().sort(["count", "lang"], descending=[True, False])["lang"].to_list()
    )
    frame = pl.DataFrame(
        {
            "object": np.concatenate([rows["object"], rows["object"]]),
            "kind": np.concatenate([rows["kind"], rows["kind"]]),
            "crowd": np.concatenate([rows["crowd"], rows["crowd"]]),
            "post": np.concatenate([rows["later_post"], rows["earlier_post"]]).astype(np.int64),
        }
    ).join(posts, on="post")
    ranked = (
        frame.group_by("object", "kind")
        .agg(pl.col("account").n_unique().alias("accounts"), pl.col("crowd").min())
        .sort("accounts", "crowd", "object", descending=[True, False, False])
        .head(SAMPLES * 4)
    )
    samples: list[ObjectFinding] = []
    shown: set[tuple[int, ...]] = set()
    for thing, kind, _, crowd in ranked.iter_rows():
        shares = (
            frame.filter(pl.col("object") == thing)
            .sort("time", "account", "post")
            .unique("account", keep="first", maintain_order=True)
        )
        of_posts = tuple(shares["post"].to_list())
        # the same posts again by way of another kind would be the same evidence twice
        if of_posts in shown:
            continue
        shown.add(of_posts)
        label = book.labels(of_posts[:1]).filter(pl.col("object") == thing)["label"]
        samples.append(
            ObjectFinding(
                kind=KINDS[kind],
                label=label[0] if len(label) else f"{thing:016x}",
                accounts=tuple(shares["account"].to_list()),
                post_ids=tuple(shares["post_id"].to_list()),
                start=int(shares["time"].min()),  # type: ignore[arg-type]
                end=int(shares["time"].max()),  # type: ignore[arg-type]
                crowd=max(int(crowd), 2),
                expected=float(activity[kind] * max(int(crowd), 2)),
            )
        )
        if len(samples) == SAMPLES:
            break
    return tuple(samples), tuple(languages)


@compiled
def _rows_between(members: I32, rows: Records, pairs: Pairs) -> I64:
    """Rows of all pairs of `members` (ascending account numbers), ascending."""
    out = np.empty(256, np.int64)
    found = 0
    for one in range(len(members)):
        for other in range(one + 1, len(members)):
            key = (np.uint64(members[one]) << np.uint64(32)) | np.uint64(members[other])
            pair = pairs.slots[pair_place(pairs, key)] - 1
            if pair < 0:
                continue
            row = pairs.head[pair]
            while row >= 0:
                if found == len(out):
                    wider = np.empty(found * 2, np.int64)
                    wider[:found] = out
                    out = wider
                out[found] = row
                found += 1
                row = rows[row].before
    return np.sort(out[:found])


@compiled
def _counters_of(members: I32, null: Null) -> F64:
    """All counters of the members; float64, (members, cells)."""
    out = np.zeros((len(members), null.activity + len(null.mass)))
    for at in range(len(members)):
        for cell in range(out.shape[1]):
            out[at, cell] = counted(null.counters, members[at], cell)
    return out


@compiled
def _expected_among(members: I32, own: F64, null: Null) -> F64:
    """Co-shares that chance would give among all pairs of members, by kind and window.

    As `detectors.chance.expected_co_shares`, over counters fetched once.
    """
    out = np.zeros((len(null.mass), MAX_WINDOWS))
    for one in range(len(members)):
        for other in range(one + 1, len(members)):
            together = same_time(null, members[one], members[other])
            for kind in range(len(null.mass)):
                activity = null.activity + kind
                scale = together / max(null.mass[kind], 1)
                for window in range(MAX_WINDOWS):
                    for stratum in range(null.strata):
                        cell = (kind * MAX_WINDOWS + window) * null.strata + stratum
                        met = max(own[one, cell] * own[other, activity], own[other, cell] * own[one, activity])
                        out[kind, window] += met * scale * null.sides[kind, window]
    return out
