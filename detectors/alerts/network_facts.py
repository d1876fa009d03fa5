"""The facts about one network, gathered from the evidence: what an alert is written from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.alerts.co_share_count import CoShareCount, counted
from detectors.arrays.ascending import sort
from detectors.arrays.compiled import compiled
from detectors.arrays.copying import widened
from detectors.arrays.dtypes import F64, I32, I64, U64, StructArray
from detectors.arrays.pair_keys import numbers_of, pair_key
from detectors.config import KINDS, DetectionConfig
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.evidence.expected_among import counters_of, expected_among
from detectors.evidence.pair_table import PairTable, pair_number
from detectors.evidence.pairs import PairStore
from detectors.followers.ring_facts import FollowFacts
from detectors.networks.edges import Ground
from detectors.networks.network_stage import NetworkStage
from detectors.networks.networks import Network
from detectors.networks.pair_ties import Ties, pair_ties
from detectors.pools.pool_facts import PoolFacts
from detectors.pools.pools import PoolStage
from detectors.statistics.tails import LEAST_EXPECTED, poisson_surprise
from detectors.synchrony.cells import rows_in_window, widest_strata
from schemas.shares import TraceKind

SAMPLES = 12
"""Objects that an alert shows. It bounds the size of an alert; not measured."""

CROWDED = 50
"""Accounts on an object above which it counts as crowded, as breaking news is: the edge of a stratum
(`detectors.config.CoShareConfig.strata`). A judgement; not measured."""
_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class KindFacts:
    """Co-shares of one kind among members, in the window where they surprise most."""

    kind: TraceKind
    window_s: int
    observed: int
    """Independent co-shares of pairs of members, each object once a pair."""
    expected: float
    surprise: float
    """Surprise of the sum. Pairs of members are not independent, so it ranks kinds and is no p-value."""
    objects: int
    """Distinct objects of these co-shares."""


@dataclass(frozen=True, slots=True)
class ObjectFacts:
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
class NetworkFacts:
    """Everything known about one network from co-sharing."""

    network: Network
    members: tuple[int, ...]
    first_seen: dict[int, int]
    last_seen: dict[int, int]
    edges: int
    """Pairs of members that passed the false-discovery gate by their own co-shares."""
    crowd_edges: int
    """Other pairs of members, tied by a recurring crowd."""
    copy_edges: int
    """Other pairs, tied by originals that both repeat without credit."""
    rhythm_edges: int
    """Other pairs, tied by their rhythm."""
    pool_edges: int
    """Other pairs, tied as accounts of one pool alone."""
    timing_edges: int
    """Other pairs, tied by their timing alone: closer in time than strangers around the same objects."""
    pool: PoolFacts | None
    """What members that are in pools have in common; None: there are fewer than two."""
    edge_surprise: F64
    objects_per_edge: F64
    kinds: tuple[KindFacts, ...]
    """Strongest first."""
    objects: int
    """Distinct objects co-shared by members."""
    samples: tuple[ObjectFacts, ...]
    posts: int
    """Posts by members, over all time."""
    start: int
    end: int
    median_gap_s: float
    crowded: float
    """Share of the members' co-shares whose object drew more than 50 accounts in its widest window."""
    languages: tuple[str, ...]
    ties: Ties
    """Pairs of members by kind of tie."""
    co_shared: CoShareCount
    minute_clock: bool
    """Whether all times of the evidence are whole minutes: the source has no seconds."""
    follow_edges: int = 0
    """Other pairs, tied by the accounts they follow alone."""
    follows: FollowFacts | None = None
    """What members follow together (`detectors.followers.ring_facts`); None: nothing."""

    @property
    def tied(self) -> int:
        """Pairs of members that are tied, on whatever ground."""
        by_acts = self.edges + self.crowd_edges + self.copy_edges + self.rhythm_edges
        return by_acts + self.pool_edges + self.timing_edges + self.follow_edges

    @property
    def only_follows(self) -> bool:
        """Whether the network rests on follows alone."""
        others = self.edges + self.crowd_edges + self.copy_edges + self.rhythm_edges + self.pool_edges
        return self.follows is not None and not others and len(self.kinds) == 1


def gather_facts(
    config: DetectionConfig,
    stage: NetworkStage,
    pools: PoolStage,
    network: Network,
    pairs: PairStore,
    posts_behind: CoShareSamples,
    posts_of: I64,
    account_names: Sequence[str],
) -> NetworkFacts:
    """Gather the facts about `network` as they are now.

    Args:
        config: windows and strata.
        stage: edges and null model.
        pools: accounts of pools.
        network: one of the stage's.
        pairs: the evidence.
        posts_behind: the posts behind the evidence.
        posts_of: int64, posts of each account so far.
        account_names: `platform:account_id` by account number.
    """
    members = np.array(network.members, np.int32)
    # who has no posts has no co-shares: rings of thousands that only follow cost nothing here
    posting = members[posts_of[members] > 0]
    chosen = pairs.rows[_evidence_between(posting, pairs)]
    a, b = pairs.accounts(chosen["pair"])
    edges = stage.members_edges(network)
    alone = (edges.grounds & Ground.ALONE) > 0
    first_ground = edges.grounds & -edges.grounds.astype(np.int16)  # grounds in the order of `Ground`
    starts = chosen["time"] - chosen["gap"]
    first = np.full(len(members), _NONE, np.int64)
    last = np.full(len(members), -_NONE, np.int64)
    for side in (np.searchsorted(members, a), np.searchsorted(members, b)):
        np.minimum.at(first, side, starts)
        np.maximum.at(last, side, chosen["time"])
    known = first < _NONE
    names = members[known].tolist()
    independent = chosen[chosen["independent"] == 1]
    null = stage.null()
    own = counters_of(posting, null)
    activity = own[:, null.activity :].sum(axis=0) / np.maximum(null.mass, 1)
    samples, languages = _samples(chosen, activity, posts_behind, _longest(config))
    widest = widest_strata(chosen["strata"])
    return NetworkFacts(
        network=network,
        members=tuple(members.tolist()),
        first_seen=dict(zip(names, first[known].tolist(), strict=True)),
        last_seen=dict(zip(names, last[known].tolist(), strict=True)),
        edges=int(alone.sum()),
        crowd_edges=int((first_ground == Ground.CROWD).sum()),
        copy_edges=int((first_ground == Ground.COPIES).sum()),
        rhythm_edges=int((first_ground == Ground.RHYTHM).sum()),
        pool_edges=int((first_ground == Ground.POOL).sum()),
        follow_edges=int((first_ground == Ground.FOLLOWS).sum()),
        timing_edges=int((first_ground == Ground.TIMING).sum()),
        pool=pools.facts(members),
        edge_surprise=edges.surprise[alone],
        objects_per_edge=_objects_of_edges(edges.keys, independent, pairs),
        kinds=_by_kind(config, independent, expected_among(posting, own, null)),
        objects=len(np.unique(chosen["object"])),
        samples=samples,
        posts=int(posts_of[members].sum()),
        start=int(starts.min(initial=_NONE)) if len(chosen) else network.opened_at,
        end=int(chosen["time"].max()) if len(chosen) else network.opened_at,
        median_gap_s=float(np.median(chosen["gap"])) if len(chosen) else 0.0,
        crowded=float((widest > _stratum_of(config, CROWDED)).mean()) if len(chosen) else 0.0,
        languages=languages,
        ties=pair_ties(config, edges, null, pairs, chosen["pair"], account_names),
        co_shared=counted(chosen),
        minute_clock=bool(
            len(chosen) and (chosen["time"] % 60 == 0).all() and (chosen["gap"] % 60 == 0).all()
        ),
    )


def co_share_count(network: Network, pairs: PairStore, posts_of: I64) -> CoShareCount:
    """What the members of a network have co-shared; arguments as for `gather_facts`."""
    members = np.array(network.members, np.int32)
    return counted(pairs.rows[_evidence_between(members[posts_of[members] > 0], pairs)])


def _stratum_of(config: DetectionConfig, crowd: int) -> int:
    return int(np.searchsorted(np.array(config.co_share.strata), crowd))


def _objects_of_edges(edges: U64, independent: StructArray, pairs: PairStore) -> F64:
    """Independent objects of each edge that has any, ascending."""
    keys, counts = np.unique(pairs.keys[independent["pair"]], return_counts=True)
    return np.sort(counts[np.isin(keys, edges)]).astype(np.float64)


def _by_kind(config: DetectionConfig, independent: StructArray, expected: F64) -> tuple[KindFacts, ...]:
    """Observed and expected co-shares by kind, each in its most surprising window."""
    by_kind = []
    for number, kind in enumerate(KINDS):
        mine = independent[independent["kind"] == number]
        best: KindFacts | None = None
        for window, span in enumerate(config.co_share.windows_s.get(kind, ())):
            within = rows_in_window(mine["strata"], window)
            observed = int(within.sum())
            if observed:
                chance = float(expected[number, window])
                surprise = float(poisson_surprise(observed, max(chance, LEAST_EXPECTED)))
                if best is None or surprise > best.surprise:
                    objects = len(np.unique(mine["object"][within]))
                    best = KindFacts(kind, span, observed, chance, surprise, objects)
        if best is not None:
            by_kind.append(best)
    return tuple(sorted(by_kind, key=lambda facts: (-facts.surprise, KINDS.index(facts.kind))))


def _samples(
    rows: StructArray, activity: F64, posts_behind: CoShareSamples, longest_s: int
) -> tuple[tuple[ObjectFacts, ...], tuple[str, ...]]:
    """The strongest objects (many members first, then small crowds), and the languages of all posts."""
    posts = np.concatenate([rows["later_post"], rows["earlier_post"]]).astype(np.int64)
    known, time, account, spoken = posts_behind.lookup(posts)
    if not len(known):
        return (), ()
    languages = tuple(sorted(spoken, key=lambda lang: (-spoken[lang], lang)))
    # one line a share: which object, which post
    things, first_row, thing = np.unique(rows["object"], return_index=True, return_inverse=True)
    crowd = np.full(len(things), _NONE, np.int64)
    np.minimum.at(crowd, thing, rows["crowd"].astype(np.int64))
    sides = [np.searchsorted(known, rows[side].astype(np.int64)) for side in ("later_post", "earlier_post")]
    # one number a share: to sort rows of two takes ten times as long
    places, things_twice = np.concatenate(sides), np.concatenate([thing, thing])
    there = places < len(known)
    shares = np.stack(
        np.divmod(np.unique(things_twice[there] * len(known) + places[there]), len(known)), axis=1
    )
    order = np.lexsort((shares[:, 1], time[shares[:, 1]], account[shares[:, 1]], shares[:, 0]))
    shares = shares[order]
    who = account[shares[:, 1]]
    fresh = np.append(True, (shares[1:, 0] != shares[:-1, 0]) | (who[1:] != who[:-1]))
    shares = shares[fresh]  # the first share of each account
    members = np.bincount(shares[:, 0], minlength=len(things))
    ranked = np.lexsort((things, crowd, -members))[: SAMPLES * 4]
    begin = np.searchsorted(shares[:, 0], ranked)
    end = np.searchsorted(shares[:, 0], ranked, side="right")
    chosen: list[tuple[int, I64]] = []
    shown: set[bytes] = set()
    for number, low, high in zip(ranked.tolist(), begin.tolist(), end.tolist(), strict=True):
        of_posts = shares[low:high, 1]
        of_posts = _largest_burst(of_posts[np.lexsort((of_posts, time[of_posts]))], time, longest_s)
        # the same posts again by way of another kind would be the same evidence twice
        if of_posts.tobytes() not in shown and len(chosen) < SAMPLES:
            shown.add(of_posts.tobytes())
            chosen.append((number, of_posts))
    labelled = posts_behind.labels(np.array([known[of_posts[0]] for _, of_posts in chosen], np.int64))
    labels = dict(zip(labelled["object"].to_list(), labelled["label"].to_list(), strict=True))
    names = posts_behind.post_ids(known[np.concatenate([of_posts for _, of_posts in chosen])])
    samples = []
    for number, of_posts in chosen:
        key = int(things[number])
        kind = int(rows["kind"][first_row[number]])
        width = max(int(crowd[number]), 2)
        samples.append(
            ObjectFacts(
                kind=KINDS[kind],
                label=labels.get(key) or f"{key:016x}",
                accounts=tuple(account[of_posts].tolist()),
                post_ids=tuple(names[post] for post in known[of_posts].tolist()),
                start=int(time[of_posts].min()),
                end=int(time[of_posts].max()),
                crowd=width,
                expected=float(activity[kind] * width),
            )
        )
    return tuple(samples), languages


def _longest(config: DetectionConfig) -> int:
    """The longest window of any kind, seconds."""
    return max(max(spans, default=0) for spans in config.co_share.windows_s.values())


def _largest_burst(posts: I64, time: I64, gap_s: int) -> I64:
    """Of posts in order of time, the longest run without a gap of more than `gap_s`; the first of several."""
    breaks = np.flatnonzero(np.diff(time[posts]) > gap_s) + 1
    runs = np.split(posts, breaks)
    return max(runs, key=len)


def _evidence_between(members: I32, pairs: PairStore) -> I64:
    """Rows of all pairs of `members`, ascending: found pair by pair, or by going through all rows if that is less.

    To look for one pair counts as much as to go through eight: chosen, not measured.
    """
    if len(members) * (len(members) - 1) * 4 <= pairs.size:
        return _rows_between(members, pairs.rows, pairs.table)
    first, second = numbers_of(pairs.keys)
    is_member = np.zeros(max(int(members[-1]), int(second.max(initial=-1))) + 1, np.bool_)
    is_member[members] = True
    return np.flatnonzero((is_member[first] & is_member[second])[pairs.rows["pair"]])


@compiled
def _rows_between(members: I32, rows: StructArray, pairs: PairTable) -> I64:
    """Rows of all pairs of `members` (ascending account numbers), ascending."""
    out = np.empty(256, np.int64)
    count = 0
    for first in range(len(members)):
        for second in range(first + 1, len(members)):
            pair = pair_number(pairs, pair_key(members[first], members[second]))
            if pair < 0:
                continue
            row = pairs.head[pair]
            while row >= 0:
                if count == len(out):
                    out = widened(out, 2 * count)
                out[count] = row
                count += 1
                row = rows[row].before
    sort(out, count)
    return out[:count]
