"""Peripheral members: accounts whose co-shares with all members of a network together beat chance.

A pair test needs several co-shares with one member. An account that follows now one member and now another shows only
against the network as a whole: its co-shared objects, each counted once however many members shared it, against

    exposure of the account x activity of the members / activity of all / members met at a time

The last divisor is needed because members come together: a crowd that holds one holds several, so chance meetings are
fewer, and larger, than independent members would give. The network's own exposure is left out on purpose: what
its members do together must not set the bar for those who join them.

A second test sees those who follow a large network a few times: posts that landed in a crowd which the network
dominates (`DOMINATING` members or more, and half of the crowd), against the rate at which the posts of everybody else
outside land in such crowds. Twice the smaller p-value counts. The false-discovery gate runs over (accounts outside x
networks), and the round repeats with those who joined, since they may carry others.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I32, I64, U64, Int, StructArray
from detectors.arrays.hashing import mix
from detectors.config import TESTED_WINDOWS
from detectors.evidence.null_model import (
    KIND_COUNT,
    NullModel,
    Tally,
    cell_surprise,
    clear_tally,
    new_tally,
    same_spans,
    tally_up,
)
from detectors.evidence.shared_interest import slow_expected, surprise_beyond_interest
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import LEAST_EXPECTED, fused_surprise
from detectors.synchrony.cells import kind_of, merged_strata, widest_stratum, window_of
from detectors.synchrony.exposure import counted

DOMINATING = 3
"""Least members in a crowd that the network dominates; they are also at least half of the others in it. Chosen: as
many as the smallest network has (`gate.min_members`). Not measured by itself."""


class Joined(NamedTuple):
    """Accounts that join a network, parallel arrays ordered by account."""

    account: I32
    network: I32
    surprise: F64


class _Totals(NamedTuple):
    """Activity of whole networks, (networks, kinds), and their spans, (networks,)."""

    activity: F64
    all_activity: F64
    first: F64
    last: F64


def expand(
    rows: StructArray,
    pair_keys: U64,
    network_of: I32,
    posts_of: I64,
    networks: int,
    null: NullModel,
    level: float,
    min_objects: int,
) -> Joined:
    """One round: which accounts join which network.

    Args:
        rows: evidence, records of `detectors.evidence.pairs.ROWS`.
        pair_keys: uint64, the two account numbers of each pair.
        network_of: int32, network of each account, -1 for none.
        posts_of: int64, posts of each account.
        networks: how many networks there are.
        null: the null model.
        level: the false-discovery rate.
        min_objects: least number of distinct objects shared with members.

    Returns:
        At most one network an account: the one with the greatest surprise, the lower number on a tie.
    """
    outside = int(np.count_nonzero((network_of < 0) & (null.spans.last[: len(network_of)] >= null.start)))
    nothing = Joined(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    if not networks or not outside:
        return nothing
    totals = _totals(network_of, networks, null)
    account, network, surprise = _test(rows, pair_keys, network_of, posts_of, totals, null, min_objects)
    passed = benjamini_hochberg(surprise, level, float(outside) * networks)
    account, network, surprise = account[passed], network[passed], surprise[passed]
    if not len(account):
        return nothing
    order = np.lexsort((network, -surprise, account))
    account, network, surprise = account[order], network[order], surprise[order]
    first = np.append(True, account[1:] != account[:-1])
    return Joined(account[first], network[first], surprise[first])


@compiled
def _totals(network_of: I32, networks: int, null: NullModel) -> _Totals:
    totals = _Totals(
        np.zeros((networks, KIND_COUNT)),
        np.zeros(networks),
        np.full(networks, np.inf),
        np.full(networks, -1.0),
    )
    for account in range(len(network_of)):
        network = network_of[account]
        if network < 0:
            continue
        for kind in range(KIND_COUNT):
            totals.activity[network, kind] += counted(null.counters, account, null.activity + kind)
        totals.all_activity[network] += null.interest.activity[account]
        if null.spans.first[account] >= 0:
            totals.first[network] = min(totals.first[network], null.spans.first[account])
            totals.last[network] = max(totals.last[network], null.spans.last[account])
    return totals


@compiled
def _test(
    rows: StructArray,
    pair_keys: U64,
    network_of: I32,
    posts_of: I64,
    totals: _Totals,
    null: NullModel,
    min_objects: int,
) -> tuple[I32, I32, F64]:
    crossing = 0
    for at in range(len(rows)):
        key = pair_keys[rows[at].pair]
        a = network_of[np.int64(key >> np.uint64(32))]
        b = network_of[np.int64(key & np.uint64(0xFFFFFFFF))]
        crossing += (a < 0) != (b < 0)
    size = 1024
    while size < crossing * 2:
        size *= 2
    # candidates: (account, network), each with a chain of its distinct objects
    candidate_index = np.zeros(size, np.int64)
    account = np.empty(crossing, np.int32)
    network = np.empty(crossing, np.int32)
    head = np.full(crossing, -1, np.int64)
    distinct = np.zeros(crossing, np.int64)
    meetings = np.zeros(crossing, np.int64)
    candidates = 0
    object_index = np.zeros(size, np.int64)
    object_candidate = np.empty(crossing, np.int64)
    object_key = np.empty(crossing, np.uint64)
    object_kind = np.empty(crossing, np.uint8)
    object_strata = np.empty(crossing, np.uint16)
    object_before = np.empty(crossing, np.int64)
    object_slow = np.empty(crossing, np.uint8)
    object_independent = np.empty(crossing, np.bool_)
    objects = 0
    # posts of the outsider, each with the members it met
    post_index = np.zeros(size, np.int64)
    post_candidate = np.empty(crossing, np.int64)
    post_key = np.empty(crossing, np.uint64)
    post_members = np.zeros(crossing, np.int64)
    post_crowd = np.empty(crossing, np.int64)
    posts = 0
    mask = size - 1
    for at in range(len(rows)):
        key = pair_keys[rows[at].pair]
        a = np.int64(key >> np.uint64(32))
        b = np.int64(key & np.uint64(0xFFFFFFFF))
        if (network_of[a] < 0) == (network_of[b] < 0):
            continue
        outsider = a if network_of[a] < 0 else b
        joined = network_of[b] if network_of[a] < 0 else network_of[a]
        place: Int = np.int64(mix((np.uint64(outsider) << np.uint64(32)) | np.uint64(joined))) & mask
        while candidate_index[place] != 0:
            known = candidate_index[place] - 1
            if account[known] == outsider and network[known] == joined:
                break
            place = (place + 1) & mask
        if candidate_index[place] == 0:
            account[candidates] = outsider
            network[candidates] = joined
            candidates += 1
            candidate_index[place] = candidates
        candidate = candidate_index[place] - 1
        meetings[candidate] += rows[at].independent
        thing = rows[at].object
        place = _place(object_index, object_candidate, object_key, candidate, thing)
        if object_index[place] == 0:
            object_candidate[objects] = candidate
            object_key[objects] = thing
            object_kind[objects] = rows[at].kind
            object_strata[objects] = rows[at].strata
            object_before[objects] = head[candidate]
            object_slow[objects] = 0
            object_independent[objects] = False
            head[candidate] = objects
            objects += 1
            object_index[place] = objects
        entry = object_index[place] - 1
        object_strata[entry] = merged_strata(object_strata[entry], rows[at].strata)
        object_slow[entry] |= rows[at].slow
        if rows[at].independent == 1 and not object_independent[entry]:
            object_independent[entry] = True
            distinct[candidate] += 1
        if widest_stratum(rows[at].strata) >= null.strata - 1:
            continue
        post = np.uint64(rows[at].later_post if rows[at].later == outsider else rows[at].earlier_post)
        place = _place(post_index, post_candidate, post_key, candidate, post)
        if post_index[place] == 0:
            post_candidate[posts] = candidate
            post_key[posts] = post
            post_crowd[posts] = rows[at].crowd
            posts += 1
            post_index[place] = posts
        known = post_index[place] - 1
        post_members[known] += 1
        post_crowd[known] = min(post_crowd[known], np.int64(rows[at].crowd))
    # posts that landed in crowds dominated by the network, by candidate and by network
    landed = np.zeros(candidates, np.int64)
    landed_in = np.zeros(len(totals.first), np.int64)
    for entry in range(posts):
        if post_members[entry] >= DOMINATING and 2 * post_members[entry] >= post_crowd[entry] - 1:
            landed[post_candidate[entry]] += 1
            landed_in[network[post_candidate[entry]]] += 1
    posts_outside = 0
    for at in range(len(network_of)):
        posts_outside += posts_of[at] if network_of[at] < 0 else 0
    # members met at a time, by network
    met = np.zeros(len(totals.first), np.float64)
    occasions = np.zeros(len(totals.first), np.float64)
    for candidate in range(candidates):
        met[network[candidate]] += meetings[candidate]
        occasions[network[candidate]] += distinct[candidate]
    surprise = np.zeros(candidates, np.float64)
    tally = new_tally(null.strata)
    by_kind = np.empty(KIND_COUNT, np.float64)
    slow = np.empty(TESTED_WINDOWS, np.int64)
    for candidate in range(candidates):
        joined = network[candidate]
        who = account[candidate]
        if landed[candidate] >= min_objects:
            others = max(posts_outside - posts_of[who], 1)
            rate = (landed_in[joined] - landed[candidate] + 1.0) / others
            surprise[candidate] = surprise_beyond_interest(
                null.interest, landed[candidate], rate * posts_of[who], 0.0, 0.0
            )
        if distinct[candidate] < min_objects:
            continue
        slow[:] = 0
        at_object = head[candidate]
        while at_object >= 0:
            if object_independent[at_object]:
                tally_up(tally, object_kind[at_object], object_strata[at_object], null.strata)
                for window in range(TESTED_WINDOWS):
                    slow[window] += (object_slow[at_object] >> window) & 1
            at_object = object_before[at_object]
        at_a_time = met[joined] / max(occasions[joined], 1.0)
        found = _surprise(tally, slow, who, joined, at_a_time, totals, null, by_kind)
        clear_tally(tally)
        surprise[candidate] = max(surprise[candidate], found)
    for candidate in range(candidates):
        surprise[candidate] = max(0.0, surprise[candidate] - math.log(2.0))
    return account[:candidates], network[:candidates], surprise


@inlined
def _place(index: I64, candidates: I64, keys: U64, candidate: Int, key: np.uint64) -> Int:
    """Place of something of a candidate in an index of entries + 1, whether it is there or belongs there."""
    mask = len(index) - 1
    place = np.int64(mix(key ^ (np.uint64(candidate + 1) * np.uint64(0x9E3779B97F4A7C15)))) & mask
    while index[place] != 0:
        known = index[place] - 1
        if candidates[known] == candidate and keys[known] == key:
            break
        place = (place + 1) & mask
    return place


@compiled
def _surprise(
    tally: Tally,
    slow: I64,
    account: int,
    network: int,
    at_a_time: float,
    totals: _Totals,
    null: NullModel,
    by_kind: F64,
) -> float:
    spans = null.spans
    together = same_spans(
        null, spans.first[account], spans.last[account], totals.first[network], totals.last[network]
    )
    interest = null.interest
    by_kind[:] = 0.0
    for at in range(tally.used[0]):
        cell = tally.cells[at]
        kind = kind_of(cell, null.strata)
        window = window_of(cell, null.strata)
        due = together * slow_expected(
            interest, interest.exposure[account], 0.0, 0.0, totals.all_activity[network] / at_a_time, window
        )
        share = null.independent[kind] * totals.activity[network, kind] / max(null.mass[kind], 1) / at_a_time
        # the stratum is that of the larger of two crowds; the account's own may have been in a smaller one
        met = max(counted(null.counters, account, cell), tally.counts[cell])
        expected = max(met * null.sides[kind, window] * share * together, LEAST_EXPECTED)
        surprise = cell_surprise(null, tally.counts[cell], cell, expected, slow[window], due)
        by_kind[kind] = max(by_kind[kind], surprise)
    return fused_surprise(by_kind, null.kinds)
